// Copy buttons. A button copies exactly the text that is shown, and confirms that it was copied.
import { announce, byId, word } from "./page";

const SHOWN_MS = 2000;

export function showCopyButtons(): void {
  for (const button of document.querySelectorAll<HTMLElement>("button[data-copy]")) button.hidden = false;
}

export async function copy(button: HTMLElement): Promise<void> {
  const done = (await write(button)) ? word("copied") : word("selected");
  const [label, noun] = button.children;
  if (label) label.textContent = done;
  announce(`${done}:${noun?.textContent ?? ""}`);
  setTimeout(() => label && (label.textContent = word("copy")), SHOWN_MS);
}

async function write(button: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
    return true;
  } catch {
    // Without HTTPS there is no clipboard API. Select the text and use the legacy command instead.
    const field = byId(button.dataset.field ?? "");
    if (field) getSelection()?.selectAllChildren(field);
    return document.execCommand("copy");
  }
}
