import { Listing } from "../listing";
import type { CallOptions } from "../options";
import type { AuditLogEntry, AuditLogListParams } from "../types";
import { Resource } from "./resource";

export class AuditLog extends Resource {
  /** Who did what to keys, endpoints, settings and payments, newest first. */
  list(params?: AuditLogListParams, options?: CallOptions): Listing<AuditLogEntry> {
    return new Listing(this.transport, "/v1/audit_log", params, options);
  }
}
