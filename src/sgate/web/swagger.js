// Swagger UI on our own document. Only test keys: a page for trying things must not move real orders.
"use strict";

window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    docExpansion: "list",
    tryItOutEnabled: true,
    validatorUrl: null,
    requestInterceptor(request) {
      if ((request.headers.Authorization || "").startsWith("Bearer sk_live_")) {
        delete request.headers.Authorization;
        document.getElementById("live-key").hidden = false;
      }
      return request;
    },
  });
});
