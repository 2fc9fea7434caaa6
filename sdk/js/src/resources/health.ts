import type { CallOptions } from "../options";
import type { Answer } from "../transport";
import type { Alive, HealthReport } from "../types";
import { Resource } from "./resource";

/** The health of the server. */
export class HealthCalls extends Resource {
  /**
   * Retrieve the health of each component. If the server is unhealthy, it responds with 503, and the call throws an
   * `SGateUnavailableError`.
   */
  retrieve(options?: CallOptions): Promise<Answer<HealthReport>> {
    return this.transport.send({ method: "GET", path: "/health", options, open: true });
  }

  /** Check that the process is running. */
  live(options?: CallOptions): Promise<Answer<Alive>> {
    return this.transport.send({ method: "GET", path: "/health/live", options, open: true });
  }

  /** Check that the server accepts requests. */
  ready(options?: CallOptions): Promise<Answer<Alive>> {
    return this.transport.send({ method: "GET", path: "/health/ready", options, open: true });
  }
}
