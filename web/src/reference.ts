// The API reference: Swagger UI for an OpenAPI document. It is used at /docs on a server and on the documentation site.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";
import "./reference.css";

const container = document.getElementById("reference");
const tryItOut = container?.dataset.tries !== undefined;

/** Return whether to use dark mode. The documentation site has its own switch; the page of a server follows the system. */
const isDark = (): boolean => {
  const scheme = document.body.dataset.mdColorScheme;
  return scheme ? scheme === "slate" : matchMedia("(prefers-color-scheme: dark)").matches;
};

const applyScheme = () => document.documentElement.classList.toggle("dark-mode", isDark());

type Component = (properties: Record<string, unknown>) => unknown;

interface System {
  React: { createElement: (type: unknown, properties?: object | null, ...children: unknown[]) => unknown };
  getComponent: (name: string, connected?: boolean) => Component;
  specSelectors: { loadingStatus: () => string };
}

/** The layout inside our page. It omits Swagger UI's header, list of servers and `main` element. */
const layout = ({ React: { createElement } }: System) => ({
  components: {
    Reference: ({ getComponent, specSelectors }: System) => {
      if (specSelectors.loadingStatus() !== "success") return createElement(getComponent("errors", true));
      const [Authorize, Operations, Webhooks] = ["AuthorizeBtnContainer", "operations", "Webhooks"].map((name) =>
        createElement(getComponent(name, true)),
      );
      const authorize = tryItOut && createElement("div", { className: "auth-wrapper" }, Authorize);
      return createElement("div", { className: "swagger-ui" }, authorize, Operations, Webhooks);
    },
  },
  wrapComponents: {
    // Interactive elements must not be nested, but Swagger UI puts links into buttons.
    DeepLink: () => ({ text }: { text: string }) => createElement("span", null, text),
  },
});

/** Accessible names for fields that have none. */
const NAMES = { ".examples-select-element": "Example", ".body-param__text": "Body", ".content-type": "Media type" };

const improveAccessibility = () => {
  for (const [fields, label] of Object.entries(NAMES)) {
    container?.querySelectorAll(`${fields}:not([aria-label])`).forEach((field) => field.setAttribute("aria-label", label));
  }
  // Make it possible to scroll long examples with the keyboard.
  container?.querySelectorAll<HTMLElement>(".microlight").forEach((example) => (example.tabIndex = 0));
};

if (container) {
  applyScheme();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", applyScheme);
  new MutationObserver(applyScheme).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  new MutationObserver(improveAccessibility).observe(container, { childList: true, subtree: true });
  SwaggerUI({
    url: container.dataset.openapi,
    domNode: container,
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    supportedSubmitMethods: tryItOut ? ["get", "put", "post", "delete", "options", "head", "patch", "trace"] : [],
    tryItOutEnabled: tryItOut,
    validatorUrl: null,
    layout: "Reference",
    plugins: [layout],
    // Send only test keys, because a page for experiments must not affect real payments.
    requestInterceptor(request: { headers: Record<string, string> }) {
      if ((request.headers.Authorization ?? "").startsWith("Bearer sk_live_")) {
        delete request.headers.Authorization;
        document.getElementById("live-key")?.removeAttribute("hidden");
      }
      return request;
    },
  });
}
