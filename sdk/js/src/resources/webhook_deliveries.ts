import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import { type Answer, pathOf } from "../transport";
import type { WebhookDelivery, WebhookDeliveryListParams, WebhookDeliveryWithAttempts } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/webhook_deliveries";

export class WebhookDeliveries extends Resource {
  list(params?: WebhookDeliveryListParams, options?: CallOptions): Listing<WebhookDelivery> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** One delivery: what is sent, and each attempt with your server's answer. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<WebhookDeliveryWithAttempts>> {
    return this.transport.send({ method: "GET", path: pathOf(PATH, id), options });
  }

  /** Send it again. */
  redeliver(id: string, options?: PostOptions): Promise<Answer<WebhookDelivery>> {
    return this.transport.send({ method: "POST", path: pathOf(PATH, id, "/redeliver"), options });
  }
}
