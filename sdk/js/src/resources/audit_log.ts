import { Listing } from "../listing";
import type { CallOptions } from "../options";
import type { AuditLogEntry, AuditLogListParams } from "../types";
import { Resource } from "./resource";

/** The record of changes to keys, settings, addresses and endpoints. */
export class AuditLog extends Resource {
  /** List the entries, newest first. */
  list(params?: AuditLogListParams, options?: CallOptions): Listing<AuditLogEntry> {
    return new Listing(this.transport, "/v1/audit_log", params, options);
  }
}
