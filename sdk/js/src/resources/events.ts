import { Listing } from "../listing";
import type { CallOptions } from "../options";
import { type Frame, frames } from "../streams";
import type { Answer } from "../transport";
import type { EventListParams, EventStreamParams, SGateEvent } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/events";
const LARGEST_PAGE = 100;

/** The record of everything that happened to payment intents, payments and webhook endpoints. */
export class Events extends Resource {
  /** List events, newest first. */
  list(params?: EventListParams, options?: CallOptions): Listing<SGateEvent> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** Retrieve an event. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<SGateEvent>> {
    return this.transport.send({ method: "GET", path: PATH, id, options });
  }

  /**
   * Stream events as they happen, indefinitely. The stream starts now, or after the event `last_event_id`. A broken connection is
   * resumed without losing or repeating an event. To stop, leave the loop or abort `signal`.
   */
  async *stream({ last_event_id, ...filters }: EventStreamParams = {}, options?: CallOptions): AsyncGenerator<SGateEvent, void, undefined> {
    const last = last_event_id ?? (await this.list({ limit: 1 }, options)).data[0]?.id;
    const call = { method: "GET", path: PATH, query: { ...filters, stream: true }, options } as const;
    const before = (): AsyncIterable<Frame> => this.#oldestFirst(filters, options);
    for await (const frame of frames({ transport: this.transport, call, last, before })) yield JSON.parse(frame.data) as SGateEvent;
  }

  /**
   * All existing events, oldest first. Needed only if no event existed when the stream started, and thus no id to
   * resume from.
   */
  async *#oldestFirst(filters: EventListParams, options?: CallOptions): AsyncGenerator<Frame, void, undefined> {
    const found: SGateEvent[] = [];
    for await (const event of this.list({ ...filters, limit: LARGEST_PAGE }, options)) found.push(event);
    for (const event of found.reverse()) yield { id: event.id, data: JSON.stringify(event) };
  }
}
