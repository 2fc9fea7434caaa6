// The reference of the API: Swagger UI on an OpenAPI document, at /docs of a server and on the documentation's site.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import "./reference.css";

const place = document.getElementById("reference");
const tries = place?.dataset.tries !== undefined;

/** The site has a switch of its own for dark and light; elsewhere the system says. */
const isDark = (): boolean => {
  const scheme = document.body.dataset.mdColorScheme;
  return scheme ? scheme === "slate" : matchMedia("(prefers-color-scheme: dark)").matches;
};

const paint = () => document.documentElement.classList.toggle("dark-mode", isDark());

type Component = (properties: Record<string, unknown>) => unknown;

interface System {
  React: { createElement: (type: unknown, properties?: object | null, ...children: unknown[]) => unknown };
  getComponent: (name: string, connected?: boolean) => Component;
  specSelectors: { loadingStatus: () => string };
}

/** Inside of our page: no head of its own, no list of servers (there is one, which shows this), no second `main`. */
const layout = ({ React: { createElement } }: System) => ({
  components: {
    Reference: ({ getComponent, specSelectors }: System) => {
      if (specSelectors.loadingStatus() !== "success") return createElement(getComponent("errors", true));
      const [Authorize, Operations, Webhooks] = ["AuthorizeBtnContainer", "operations", "Webhooks"].map((name) =>
        createElement(getComponent(name, true)),
      );
      const authorize = tries && createElement("div", { className: "auth-wrapper" }, Authorize);
      return createElement("div", { className: "swagger-ui" }, authorize, Operations, Webhooks);
    },
  },
  wrapComponents: {
    // Nothing that works may stand inside of a button, and the names of calls are links inside of one.
    DeepLink: () => ({ text }: { text: string }) => createElement("span", null, text),
  },
});

/** Names that fields lack, for those who cannot see where they stand; and long examples scroll with the keyboard too. */
const NAMES = { ".examples-select-element": "Example", ".body-param__text": "Body", ".content-type": "Media type" };

const name = () => {
  for (const [fields, label] of Object.entries(NAMES)) {
    place?.querySelectorAll(`${fields}:not([aria-label])`).forEach((field) => field.setAttribute("aria-label", label));
  }
  place?.querySelectorAll<HTMLElement>(".microlight").forEach((example) => (example.tabIndex = 0));
};

if (place) {
  paint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  new MutationObserver(paint).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  new MutationObserver(name).observe(place, { childList: true, subtree: true });
  SwaggerUI({
    url: place.dataset.openapi,
    domNode: place,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    supportedSubmitMethods: tries ? ["get", "put", "post", "delete", "options", "head", "patch", "trace"] : [],
    tryItOutEnabled: tries,
    validatorUrl: null,
    layout: "Reference",
    plugins: [layout],
    // Only test keys: a page for trying things must not move real orders.
    requestInterceptor(request: { headers: Record<string, string> }) {
      if ((request.headers.Authorization ?? "").startsWith("Bearer sk_live_")) {
        delete request.headers.Authorization;
        document.getElementById("live-key")?.removeAttribute("hidden");
      }
      return request;
    },
  });
}
