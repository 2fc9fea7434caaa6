import { SGateUsageError } from "../errors";
import type { CallOptions } from "../options";
import type { Answer } from "../transport";
import type { Merchant, MerchantStats, MerchantStatsParams, MerchantUpdateParams } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/merchants/me";
const LOGO_TYPES = ["image/png", "image/jpeg", "image/webp"];

export class Merchants extends Resource {
  /** The merchant of the key, with the settings of the key's mode. */
  me(options?: CallOptions): Promise<Answer<Merchant>> {
    return this.transport.send({ method: "GET", path: PATH, options });
  }

  /** Change profile and settings. What is not given stays. */
  update(params: MerchantUpdateParams, options?: CallOptions): Promise<Answer<Merchant>> {
    return this.transport.send({ method: "PATCH", path: PATH, body: params, options });
  }

  /** Numbers of a period and of each of its days. */
  stats(params?: MerchantStatsParams, options?: CallOptions): Promise<Answer<MerchantStats>> {
    return this.transport.send({ method: "GET", path: `${PATH}/stats`, query: params ?? {}, options });
  }

  /** A PNG, JPEG or WebP picture of at most 64 kB; the Blob's `type` says which. */
  async setLogo(picture: Blob, options?: CallOptions): Promise<Answer<Merchant>> {
    if (!(picture instanceof Blob) || !LOGO_TYPES.includes(picture.type))
      throw new SGateUsageError("invalid_logo", `Give a Blob whose type is one of ${LOGO_TYPES.join(", ")}.`, "picture");
    return this.transport.send({ method: "PUT", path: `${PATH}/logo`, body: picture, options });
  }

  deleteLogo(options?: CallOptions): Promise<Answer<Merchant>> {
    return this.transport.send({ method: "DELETE", path: `${PATH}/logo`, options });
  }
}
