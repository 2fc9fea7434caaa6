// The page as the server drew it: finding its parts, its words, and speaking to screen readers.

export const byId = (id: string): HTMLElement | null => document.getElementById(id);

/** The part that is swapped when something has changed; everything the script needs to know stands in its data. */
export const main = (): HTMLElement => document.querySelector<HTMLElement>("main.checkout")!;

export const data = (): DOMStringMap => main().dataset;

const words: Record<string, string> = JSON.parse(byId("script-words")?.textContent ?? "{}");

/** One of the script's sentences, in the page's language. */
export function word(name: string, values: Record<string, string | number> = {}): string {
  return (words[name] ?? name).replace(/%\((\w+)\)s/g, (whole, key: string) => String(values[key] ?? whole));
}

/** Tell screen readers. One polite region outside of what is swapped; it is cleared first, or the same words would not be read. */
export function say(text: string): void {
  const region = byId("announcement");
  if (!region || !text) return;
  region.textContent = "";
  setTimeout(() => (region.textContent = text), 50);
}

/** Remember something for this tab. Returns what was remembered before, or undefined without storage. */
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
    // Without storage there is nothing to forget.
  }
}
