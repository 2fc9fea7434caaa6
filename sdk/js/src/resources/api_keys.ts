import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import { type Answer, pathOf } from "../transport";
import type { ApiKey, ApiKeyCreateParams, ApiKeyRollParams } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/api_keys";

/** All calls but reading need the scope `admin`. */
export class ApiKeys extends Resource {
  /** The key itself is in `secret`, and is never shown again. */
  create(params: ApiKeyCreateParams, options?: PostOptions): Promise<Answer<ApiKey>> {
    return this.transport.send({ method: "POST", path: PATH, body: params, options });
  }

  list(options?: CallOptions): Listing<ApiKey> {
    return new Listing(this.transport, PATH, {}, options);
  }

  retrieve(id: string, options?: CallOptions): Promise<Answer<ApiKey>> {
    return this.transport.send({ method: "GET", path: pathOf(PATH, id), options });
  }

  /** Make a new key in place of this one, which works on for `overlap_s` seconds. */
  roll(id: string, params: ApiKeyRollParams = {}, options?: PostOptions): Promise<Answer<ApiKey>> {
    return this.transport.send({ method: "POST", path: pathOf(PATH, id, "/roll"), body: params, options });
  }

  /** The key stops working at once. */
  revoke(id: string, options?: CallOptions): Promise<Answer<ApiKey>> {
    return this.transport.send({ method: "DELETE", path: pathOf(PATH, id), options });
  }
}
