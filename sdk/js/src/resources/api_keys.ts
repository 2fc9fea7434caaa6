import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import type { Answer } from "../transport";
import type { ApiKey, ApiKeyCreateParams, ApiKeyListParams, ApiKeyRollParams } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/api_keys";

/** API keys. All calls except those that only read need the scope `admin`. */
export class ApiKeys extends Resource {
  /** Create a key. The key itself is in `secret`, and is returned only once. */
  create(params: ApiKeyCreateParams, options?: PostOptions): Promise<Answer<ApiKey>> {
    return this.transport.send({ method: "POST", path: PATH, body: params, options });
  }

  /** List the active keys, newest first. */
  list(params?: ApiKeyListParams, options?: CallOptions): Listing<ApiKey> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** Retrieve a key, without its secret. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<ApiKey>> {
    return this.transport.send({ method: "GET", path: PATH, id, options });
  }

  /** Replace a key. The old key continues to work for `overlap_s` seconds, or for a day by default. */
  roll(id: string, params: ApiKeyRollParams = {}, options?: PostOptions): Promise<Answer<ApiKey>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "roll", body: params, options });
  }

  /** Revoke a key at once. */
  revoke(id: string, options?: CallOptions): Promise<Answer<ApiKey>> {
    return this.transport.send({ method: "DELETE", path: PATH, id, options });
  }
}
