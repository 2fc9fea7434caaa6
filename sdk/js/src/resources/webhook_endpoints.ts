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
  /** Create an endpoint. The response contains its secret. Without `event_types`, it receives all events. */
  create(params: WebhookEndpointCreateParams, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, body: params, options });
  }

  /** List your endpoints, newest first. Without `limit`, all of them are on one page. */
  list(params?: WebhookEndpointListParams, options?: CallOptions): Listing<WebhookEndpoint> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** Retrieve an endpoint. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "GET", path: PATH, id, options });
  }

  /** Update an endpoint. Omitted fields stay unchanged. With `enabled: false`, its deliveries are held back. */
  update(id: string, params: WebhookEndpointUpdateParams, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, id, body: params, options });
  }

  /** Delete an endpoint. */
  delete(id: string, options?: CallOptions): Promise<Answer<Deleted>> {
    return this.transport.send({ method: "DELETE", path: PATH, id, options });
  }

  /** Replace the secret. Only this response contains the new secret. For a day, webhooks are also signed with the old secret. */
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

  /** Send the events of a period again, by default only those that the endpoint has not received. */
  recover(id: string, params: WebhookRecoverParams, options?: PostOptions): Promise<Answer<WebhookRecovery>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "recover", body: params, options });
  }

  /** Retrieve the progress of a recovery. */
  retrieveRecovery(id: string, options?: CallOptions): Promise<Answer<WebhookRecovery>> {
    return this.transport.send({ method: "GET", path: RECOVERIES, id, options });
  }
}
