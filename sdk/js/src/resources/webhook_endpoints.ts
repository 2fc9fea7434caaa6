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

export class WebhookEndpoints extends Resource {
  /** Ask to be told about events. The signing secret is in `secret`, now and never again. */
  create(params: WebhookEndpointCreateParams, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, body: params, options });
  }

  list(params?: WebhookEndpointListParams, options?: CallOptions): Listing<WebhookEndpoint> {
    return new Listing(this.transport, PATH, params, options);
  }

  retrieve(id: string, options?: CallOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "GET", path: PATH, id, options });
  }

  update(id: string, params: WebhookEndpointUpdateParams, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, id, body: params, options });
  }

  delete(id: string, options?: CallOptions): Promise<Answer<Deleted>> {
    return this.transport.send({ method: "DELETE", path: PATH, id, options });
  }

  /** A new secret, in `secret`. For 24 hours webhooks are signed with both. */
  rotateSecret(id: string, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "rotate_secret", options });
  }

  /** Enable it again; what was held back is sent, the oldest first. */
  enable(id: string, options?: PostOptions): Promise<Answer<WebhookEndpoint>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "enable", options });
  }

  /** Send a test event to this endpoint. */
  test(id: string, options?: PostOptions): Promise<Answer<WebhookDelivery>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "test", options });
  }

  /** Send the events of some time once more. */
  recover(id: string, params: WebhookRecoverParams, options?: PostOptions): Promise<Answer<WebhookRecovery>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "recover", body: params, options });
  }

  /** How far a recovery is. */
  retrieveRecovery(id: string, options?: CallOptions): Promise<Answer<WebhookRecovery>> {
    return this.transport.send({ method: "GET", path: RECOVERIES, id, options });
  }
}
