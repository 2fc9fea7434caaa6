import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import type { Answer } from "../transport";
import type { WebhookDelivery, WebhookDeliveryListParams, WebhookDeliveryWithAttempts } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/webhook_deliveries";

/** The events sent to your endpoints, and the responses. */
export class WebhookDeliveries extends Resource {
  /** List deliveries, newest first. */
  list(params?: WebhookDeliveryListParams, options?: CallOptions): Listing<WebhookDelivery> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** Retrieve a delivery: the request, and each attempt with your response. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<WebhookDeliveryWithAttempts>> {
    return this.transport.send({ method: "GET", path: PATH, id, options });
  }

  /** Send a delivery again. */
  redeliver(id: string, options?: PostOptions): Promise<Answer<WebhookDelivery>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "redeliver", options });
  }
}
