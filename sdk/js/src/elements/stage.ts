// The host of an element. A shadow root isolates the styles of the element from those of the page. The exceptions are the custom
// properties `--sgate-...` and the parts that `::part(...)` selects.
import { SGateUsageError } from "../errors";

export interface LookOptions {
  /** With `auto`, the default, the theme is that of the visitor's system. */
  theme?: "auto" | "light" | "dark";
  /** The locale for numbers and the language of the checkout page, such as `es`. By default, those of the browser. */
  locale?: string;
}

/** A mounted element. */
export interface Mounted {
  /** The DOM element in the page. */
  readonly host: HTMLElement;
  /** Remove the element from the page and stop all of its activity. No callback is called afterwards. */
  destroy(): void;
}

export interface Stage {
  host: HTMLElement;
  root: ShadowRoot;
}

const STYLE = `
:host { --a: var(--sgate-accent, #0c5a54); --ai: var(--sgate-accent-text, #fff); --b: var(--sgate-background, #fff); --t: var(--sgate-text, #13201d);
  --m: var(--sgate-muted, #55625d); --l: var(--sgate-border, #d6dcd8); --g: var(--sgate-good, #12603a); --w: var(--sgate-warn, #774600);
  --e: var(--sgate-bad, #94211c); --r: var(--sgate-radius, 0.625rem); font: var(--sgate-font, inherit); display: inline-block; color-scheme: light; }
:host([data-dark]) { --a: var(--sgate-accent, #74d3c6); --ai: var(--sgate-accent-text, #04211d); --b: var(--sgate-background, #161e1c);
  --t: var(--sgate-text, #e9f0ed); --m: var(--sgate-muted, #9fb0aa); --l: var(--sgate-border, #2c3835); --g: var(--sgate-good, #86dba9);
  --w: var(--sgate-warn, #f2c27a); --e: var(--sgate-bad, #ffa79d); color-scheme: dark; }
:host([hidden]), [hidden] { display: none !important; }
*, ::before { box-sizing: border-box; }
:focus-visible { outline: 3px solid var(--a); outline-offset: 2px; }
iframe { border: 0; width: 100%; display: block; color-scheme: auto; }
@media (forced-colors: active) { :focus-visible { outline-color: Highlight; } }
`;

/** Put an element into the page. `style` is added to the style that all elements share. */
export function raise(target: string | Element, { theme = "auto" }: LookOptions, style: string, onDestroy: () => void): Stage & Mounted {
  const place = typeof target === "string" ? document.querySelector(target) : target;
  if (!(place instanceof Element)) throw new SGateUsageError("no_such_element", `Nothing in the page matches ${JSON.stringify(target)}.`, "target");
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  dress(root, STYLE + style);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const light = (): void => void host.toggleAttribute("data-dark", theme === "dark" || (theme === "auto" && dark.matches));
  light();
  dark.addEventListener("change", light);
  place.append(host);
  let gone = false;
  const destroy = (): void => {
    if (gone) return;
    gone = true;
    dark.removeEventListener("change", light);
    onDestroy();
    host.remove();
  };
  return { host, root, destroy };
}

/** Add a constructed style sheet. Unlike a <style> element, it is allowed by every content security policy. */
function dress(root: ShadowRoot, text: string): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(create("style", {}, text));
  }
}

/** Create an element with attributes and text. */
export function create<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, attributes: Record<string, string> = {}, text = ""): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}
