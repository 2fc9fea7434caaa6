import type { CallOptions } from "../options";
import type { Answer } from "../transport";
import type { Alive, HealthReport } from "../types";
import { Resource } from "./resource";

export class HealthCalls extends Resource {
  /** How each part of the server does. A server that is unhealthy answers with 503: an `SGateServerError`. */
  retrieve(options?: CallOptions): Promise<Answer<HealthReport>> {
    return this.transport.send({ method: "GET", path: "/health", options, open: true });
  }

  live(options?: CallOptions): Promise<Answer<Alive>> {
    return this.transport.send({ method: "GET", path: "/health/live", options, open: true });
  }

  /** Whether to send requests to this server. */
  ready(options?: CallOptions): Promise<Answer<Alive>> {
    return this.transport.send({ method: "GET", path: "/health/ready", options, open: true });
  }
}
