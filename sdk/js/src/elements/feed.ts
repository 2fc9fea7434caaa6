// Follows a payment with the public calls. All elements of a payment share one feed. It consists of a stream of changes and a
// slow poll. The poll is needed because a proxy may buffer a stream, and a connection may die silently.
import { SGateError } from "../errors";
import { PublicCalls } from "../resources/public";
import { isTransient } from "../retry";
import { Transport, pause } from "../transport";
import type { PublicPaymentIntent, Status } from "../types";
import type { Payment } from "./payment";

const POLL_MS = 3_000;
const STREAMING_POLL_MS = 30_000;
const EAGER_POLL_MS = 1_000;
const EAGER_MS = 20_000;
const REOPEN_MS = 30_000;
const TIMEOUT_MS = 10_000;
const FAILURES_REPORTED = 2;

export interface Follower {
  /** Called with the current state, and again after each change. */
  take(intent: PublicPaymentIntent): void;
  /** Called once per outage of the server, and if the server refuses the request. */
  fail(error: SGateError): void;
  /** Whether another source announces changes with `Following.nudge`. If so, no stream is opened for this follower. */
  quiet?: boolean;
}

export interface Following {
  /**
   * Announce a change. The feed polls now. If a status is given, it polls every second until the payment has this
   * status, for at most 20 seconds.
   */
  nudge(status?: string): void;
  /** Open a stream. Call this when no other source announces changes any longer. */
  listen(): void;
  stop(): void;
}

const feeds = new Map<string, Feed>();

export function follow(payment: Payment, follower: Follower): Following {
  const key = JSON.stringify([payment.baseUrl, payment.id, payment.clientSecret]);
  const joined = feeds.get(key) ?? new Feed(payment, (ended) => feeds.get(key) === ended && feeds.delete(key));
  feeds.set(key, joined);
  joined.add(follower);
  return {
    nudge: (status) => joined.nudge(status),
    listen: () => joined.listen(),
    stop: () => joined.remove(follower),
  };
}

class Feed {
  readonly #followers = new Set<Follower>();
  readonly #ending = new AbortController();
  readonly #calls: PublicCalls;
  readonly #arguments: [string, { client_secret?: string }, { signal: AbortSignal }];
  readonly #onEnd: (ended: Feed) => void;
  #latest: PublicPaymentIntent | undefined;
  #listening = false;
  #streaming = false;
  #failures = 0;
  #expected: string | undefined;
  #eagerUntil = 0;
  #wake = new AbortController();

  constructor(payment: Payment, onEnd: (ended: Feed) => void) {
    this.#calls = new PublicCalls(new Transport({ baseUrl: payment.baseUrl, maxRetries: 0, timeoutMs: TIMEOUT_MS }));
    const params = payment.clientSecret === undefined ? {} : { client_secret: payment.clientSecret };
    this.#arguments = [payment.id, params, { signal: this.#ending.signal }];
    this.#onEnd = onEnd;
    void this.#poll();
  }

  add(follower: Follower): void {
    this.#followers.add(follower);
    if (!follower.quiet) this.listen();
    const known = this.#latest;
    if (known) queueMicrotask(() => this.#followers.has(follower) && follower.take(known));
  }

  remove(follower: Follower): void {
    if (!this.#followers.delete(follower) || this.#followers.size) return;
    this.#end();
  }

  #end(): void {
    this.#ending.abort();
    this.#wake.abort();
    this.#onEnd(this);
  }

  nudge(status?: string): void {
    this.#expected = status;
    this.#eagerUntil = Date.now() + EAGER_MS;
    this.#wake.abort();
  }

  listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    void this.#stream();
  }

  async #stream(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        for await (const intent of this.#calls.stream(...this.#arguments)) {
          this.#streaming = true;
          this.#take(intent);
        }
      } catch {
        this.#streaming = false; // the poll will fail too, and report the error
      }
      await pause(REOPEN_MS, this.#ending.signal).catch(() => undefined);
    }
  }

  async #poll(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      try {
        this.#take(await this.#calls.retrieve(...this.#arguments));
        this.#failures = 0;
      } catch (error) {
        if (!this.#ending.signal.aborted && !this.#fail(error)) return;
      }
      this.#wake = new AbortController();
      await pause(this.#pollMs(), this.#wake.signal).catch(() => undefined);
    }
  }

  #pollMs(): number {
    if (this.#expected !== undefined && this.#expected !== this.#latest?.status && Date.now() < this.#eagerUntil) return EAGER_POLL_MS;
    return this.#streaming || !this.#listening ? STREAMING_POLL_MS : POLL_MS;
  }

  /** Report an error to the followers if needed. Returns whether to continue polling. */
  #fail(error: unknown): boolean {
    if (!(error instanceof SGateError)) throw error;
    this.#failures += 1;
    const transient = isTransient(error);
    if (!transient) this.#end();
    if (!transient || this.#failures === FAILURES_REPORTED) for (const follower of [...this.#followers]) follower.fail(error);
    return transient;
  }

  /** Accept a state unless it is older than the known state. A response may be old because it was cached or delayed. */
  #take(intent: PublicPaymentIntent): void {
    const known = this.#latest;
    if (known && (intent.sequence < known.sequence || (intent.sequence === known.sequence && intent.server_time < known.server_time))) return;
    this.#latest = intent;
    for (const follower of [...this.#followers]) follower.take(intent);
  }
}

/** Whether any payment is known, whether final or not. */
export function hasMoney(intent: PublicPaymentIntent): boolean {
  return intent.amount_received_sats > 0 || intent.finality !== null || intent.tx_ids.length > 0 || MONEYED.includes(intent.status);
}

const MONEYED: Status[] = ["processing", "confirmed"];
