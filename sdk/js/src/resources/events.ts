import { Listing } from "../listing";
import type { CallOptions } from "../options";
import { type Frame, frames } from "../streams";
import { type Answer, pathOf } from "../transport";
import type { EventListParams, EventStreamParams, SGateEvent } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/events";
const LARGEST_PAGE = 100;

export class Events extends Resource {
  /** Events, newest first. */
  list(params?: EventListParams, options?: CallOptions): Listing<SGateEvent> {
    return new Listing(this.transport, PATH, params, options);
  }

  retrieve(id: string, options?: CallOptions): Promise<Answer<SGateEvent>> {
    return this.transport.send({ method: "GET", path: pathOf(PATH, id), options });
  }

  /**
   * Events as they happen, without end: from now on, or from after `last_event_id`. Nothing is missed and nothing comes
   * twice, also when the connection breaks. Leave the loop, or abort `signal`, to stop.
   */
  async *stream({ last_event_id, ...filters }: EventStreamParams = {}, options?: CallOptions): AsyncGenerator<SGateEvent, void, undefined> {
    const last = last_event_id ?? (await this.list({ limit: 1 }, options)).data[0]?.id;
    const call = { method: "GET", path: PATH, query: { ...filters, stream: true }, options } as const;
    const before = (): AsyncIterable<Frame> => this.#oldestFirst(filters, options);
    for await (const frame of frames({ transport: this.transport, call, last, before })) yield JSON.parse(frame.data) as SGateEvent;
  }

  /** All events there are. Asked for only if there were none when the stream was begun, and so no place to go on from. */
  async *#oldestFirst(filters: EventListParams, options?: CallOptions): AsyncGenerator<Frame, void, undefined> {
    const found: SGateEvent[] = [];
    for await (const event of this.list({ ...filters, limit: LARGEST_PAGE }, options)) found.push(event);
    for (const event of found.reverse()) yield { id: event.id, data: JSON.stringify(event) };
  }
}
