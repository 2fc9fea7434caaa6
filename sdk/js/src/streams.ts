// Server-sent events over `fetch`. Unlike an EventSource, `fetch` can send a key and be aborted by a signal.
import { SGateError } from "./errors";
import { isTransient } from "./retry";
import { type Call, type Transport, pause } from "./transport";

/** The server sends a heartbeat every 15 seconds. After three missed heartbeats, a connection is considered dead. */
const SILENCE_MS = 45_000;
const REOPEN_MS = 2_000;

export interface Frame {
  id: string | undefined;
  data: string;
}

interface Stream {
  transport: Transport;
  call: Call;
  /** The id of the last frame received. The server continues after this frame. */
  last?: string | undefined;
  /** Returns the frames that already exist. Called while no last frame is known. */
  before?: (() => AsyncIterable<Frame>) | undefined;
}

/**
 * The frames of a stream that never ends. When the server closes the connection, which happens every 15 minutes, or the network
 * fails, the stream is resumed after the last frame. Throws if the first connection fails, or if a later connection fails with an
 * error that is not transient.
 */
export async function* frames({ transport, call, last, before }: Stream): AsyncGenerator<Frame, void, undefined> {
  const given = call.options?.signal;
  for (let failures = 0, opened = false; ; ) {
    const ending = new AbortController();
    const stop = (): void => ending.abort(given?.reason);
    given?.throwIfAborted();
    given?.addEventListener("abort", stop);
    const pace = { reopenMs: REOPEN_MS };
    try {
      const options = { ...call.options, signal: ending.signal };
      const response = await transport.open({ ...call, options, lasting: true }, call.open ? undefined : last);
      opened = true;
      failures = 0;
      const seen = new Set<string>();
      if (before && last === undefined) {
        for await (const frame of before()) {
          if (frame.id !== undefined) seen.add((last = frame.id));
          yield frame;
        }
      }
      for await (const frame of parsed(response, ending, pace)) {
        if (frame.id !== undefined && seen.has(frame.id)) continue;
        last = frame.id ?? last;
        yield frame;
      }
    } catch (error) {
      given?.throwIfAborted();
      if (error instanceof SGateError && (!opened || !isTransient(error))) throw error;
      failures += 1;
      pace.reopenMs = transport.reopenMs(failures);
    } finally {
      given?.removeEventListener("abort", stop);
      ending.abort();
    }
    await pause(pace.reopenMs, given);
  }
}

/** The frames of one connection. If the server requests a reconnection delay, `pace` is set to it. */
async function* parsed(response: Response, ending: AbortController, pace: { reopenMs: number }): AsyncGenerator<Frame, void, undefined> {
  let data: string[] = [];
  let id: string | undefined;
  for await (const line of lines(response, ending)) {
    if (line === "") {
      if (data.length) yield { id, data: data.join("\n") };
      data = [];
      continue;
    }
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === "data") data.push(value);
    else if (name === "id") id = value;
    else if (name === "retry" && /^\d{1,6}$/.test(value)) pace.reopenMs = Number(value);
  }
}

async function* lines(response: Response, ending: AbortController): AsyncGenerator<string, void, undefined> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const timer = setTimeout(() => ending.abort(), SILENCE_MS);
    const chunk = await reader?.read().finally(() => clearTimeout(timer));
    if (!chunk || chunk.done) return;
    const found = (rest + decoder.decode(chunk.value, { stream: true })).split(/\r\n|\n|\r(?!$)/);
    rest = found.pop() ?? "";
    yield* found;
  }
}
