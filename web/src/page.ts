// The rendered page: access to its parts and sentences, and announcements to screen readers.

export const byId = (id: string): HTMLElement | null => document.getElementById(id);

/** Return the part of the page that is replaced after a change. Its data attributes contain all that the script needs. */
export const main = (): HTMLElement => document.querySelector<HTMLElement>("main.checkout")!;

export const data = (): DOMStringMap => main().dataset;

const words: Record<string, string> = JSON.parse(byId("script-words")?.textContent ?? "{}");

/** Return one of the script's sentences in the language of the page, with its placeholders filled. */
export function word(name: string, values: Record<string, string | number> = {}): string {
  return (words[name] ?? name).replace(/%\((\w+)\)s/g, (whole, key: string) => String(values[key] ?? whole));
}

/** Announce a text to screen readers. The region is cleared first, because screen readers do not read unchanged text again. */
export function announce(text: string): void {
  const region = byId("announcement");
  if (!region || !text) return;
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
}

/** Store a value for this tab. Returns the previous value, null if there was none, or undefined if there is no storage. */
export function remember(key: string, value: string): string | null | undefined {
  try {
    const before = sessionStorage.getItem(key);
    sessionStorage.setItem(key, value);
    return before;
  } catch {
    return undefined;
  }
}

export function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

export function forget(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Without storage there is nothing to remove.
  }
}
