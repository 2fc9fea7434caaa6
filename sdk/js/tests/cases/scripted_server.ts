// A server on a loopback port that sends scripted responses and records the requests.
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ScriptedAnswer {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  delay_ms?: number;
  drop?: "at_once" | "in_the_body";
}

export interface ReceivedRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
}

export class ScriptedServer {
  readonly received: ReceivedRequest[] = [];
  readonly #answers: ScriptedAnswer[];
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();

  private constructor(answers: ScriptedAnswer[]) {
    this.#answers = answers;
    this.#server = createServer((request, response) => void this.#receive(request, response));
  }

  /** The last response is repeated indefinitely. */
  static async start(...answers: ScriptedAnswer[]): Promise<ScriptedServer> {
    const started = new ScriptedServer(answers);
    await new Promise<void>((resolve) => started.#server.listen(0, "127.0.0.1", resolve));
    return started;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const url = new URL(`http://server${request.url}`);
    const [path = ""] = (request.url ?? "").split("?");
    this.received.push({
      method: request.method ?? "",
      path,
      query: Object.fromEntries(url.searchParams),
      headers: request.headers as Record<string, string>,
      body: text && request.headers["content-type"]?.startsWith("application/json") ? JSON.parse(text) : text,
    });
    const answer = this.#answers[Math.min(this.received.length, this.#answers.length) - 1]!;
    if (!answer.delay_ms) return reply(response, answer);
    this.#timers.add(setTimeout(() => reply(response, answer), answer.delay_ms));
  }
}

function reply(response: ServerResponse, { status = 200, headers = {}, json, text, drop }: ScriptedAnswer): void {
  if (drop === "at_once") return void response.socket?.destroy();
  const body = Buffer.from(text ?? JSON.stringify(json));
  const type = text === undefined ? { "Content-Type": "application/json" } : {};
  response.writeHead(status, { ...type, ...headers, "Content-Length": body.length });
  if (drop === "in_the_body") return void response.write(body.subarray(0, body.length / 2), () => response.socket?.destroy());
  response.end(body);
}
