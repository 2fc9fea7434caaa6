import { SGateUsageError } from "../errors";
import type { CallOptions } from "../options";
import type { Answer } from "../transport";
import type { Merchant, MerchantStats, MerchantStatsParams, MerchantUpdateParams } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/merchants/me";
const LOGO_TYPES = ["image/png", "image/jpeg", "image/webp"];

/** Your profile, the settings of the key's mode, and your daily statistics. */
export class Merchants extends Resource {
  /** Retrieve the merchant that the key belongs to. */
  me(options?: CallOptions): Promise<Answer<Merchant>> {
    return this.transport.send({ method: "GET", path: PATH, options });
  }

  /** Update the profile and the mode's settings. Omitted fields stay unchanged. null restores the default. */
  update(params: MerchantUpdateParams, options?: CallOptions): Promise<Answer<Merchant>> {
    return this.transport.send({ method: "PATCH", path: PATH, body: params, options });
  }

  /** Retrieve statistics for a period and for each of its days. By default, the period is the last 30 days. */
  stats(params?: MerchantStatsParams, options?: CallOptions): Promise<Answer<MerchantStats>> {
    return this.transport.send({ method: "GET", path: `${PATH}/stats`, query: params ?? {}, options });
  }

  /**
   * Set the logo on your checkout pages: a PNG, JPEG or WebP image of at most 64 KiB. The `type` of the Blob must be
   * the media type of the image.
   */
  async setLogo(picture: Blob, options?: CallOptions): Promise<Answer<Merchant>> {
    if (!(picture instanceof Blob) || !LOGO_TYPES.includes(picture.type))
      throw new SGateUsageError("invalid_logo", `Pass a Blob whose type is one of ${LOGO_TYPES.join(", ")}.`, "picture");
    return this.transport.send({ method: "PUT", path: `${PATH}/logo`, body: picture, options });
  }

  /** Remove the logo. */
  deleteLogo(options?: CallOptions): Promise<Answer<Merchant>> {
    return this.transport.send({ method: "DELETE", path: `${PATH}/logo`, options });
  }
}
