import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import type { Answer } from "../transport";
import type { WebhookDelivery, WebhookDeliveryListParams, WebhookDeliveryWithAttempts } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/webhook_deliveries";

/** Deliveries: the events sent to your endpoints, and the responses of your endpoints. */
export class WebhookDeliveries extends Resource {
  /** List deliveries, newest first. */
  list(params?: WebhookDeliveryListParams, options?: CallOptions): Listing<WebhookDelivery> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** Retrieve a delivery with its request and all attempts. Each attempt contains your endpoint's response. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<WebhookDeliveryWithAttempts>> {
    return this.transport.send({ method: "GET", path: PATH, id, options });
  }

  /** Send a delivery again. */
  redeliver(id: string, options?: PostOptions): Promise<Answer<WebhookDelivery>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "redeliver", options });
  }
}
