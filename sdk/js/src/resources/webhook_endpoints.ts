import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import type { Answer } from "../transport";
import type {
  Deleted,
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpointCreateParams,
  WebhookEndpointListParams,
  WebhookEndpointUpdateParams,
  WebhookRecoverParams,
  WebhookRecovery,
} from "../types";
import { Resource } from "./resource";

const PATH = "/v1/webhook_endpoints";
const RECOVERIES = "/v1/webhook_recoveries";

/** The URLs that receive events. */
export class WebhookEndpoints extends Resource {
  /** Create an endpoint. Only this call returns its secret. Without `event_types` it receives all events. */
  create(params: WebhookEndpointCreateParams, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, body: params, options });
  }

  /** List your endpoints, newest first; all of them without `limit`. */
  list(params?: WebhookEndpointListParams, options?: CallOptions): Listing<WebhookEndpoint> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** Retrieve an endpoint. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "GET", path: PATH, id, options });
  }

  /** Update an endpoint. Omitted fields stay unchanged; `enabled: false` holds its deliveries back. */
  update(id: string, params: WebhookEndpointUpdateParams, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, id, body: params, options });
  }

  /** Delete an endpoint. */
  delete(id: string, options?: CallOptions): Promise<Answer<Deleted>> {
    return this.transport.send({ method: "DELETE", path: PATH, id, options });
  }

  /** Replace the secret. The new one is shown once; for a day webhooks are signed with the old one too. */
  rotateSecret(id: string, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "rotate_secret", options });
  }

  /** Enable an endpoint again and send the deliveries that were held back, oldest first. */
  enable(id: string, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "enable", options });
  }

  /** Send a test event and return its delivery. */
  test(id: string, options?: PostOptions): Promise<Answer<WebhookDelivery>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "test", options });
  }

  /** Send the events of a period again: those that the endpoint has not received, or all. */
  recover(id: string, params: WebhookRecoverParams, options?: PostOptions): Promise<Answer<WebhookRecovery>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "recover", body: params, options });
  }

  /** Retrieve the progress of a recovery. */
  retrieveRecovery(id: string, options?: CallOptions): Promise<Answer<WebhookRecovery>> {
    return this.transport.send({ method: "GET", path: RECOVERIES, id, options });
  }
}
