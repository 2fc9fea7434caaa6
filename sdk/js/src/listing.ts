// A list of the API: await it for one page, or walk over everything with `for await`.
import type { CallOptions } from "./options";
import type { Answer, Query, Transport } from "./transport";

export interface Page<T> {
  object: "list";
  data: T[];
  has_more?: boolean;
  limit?: number;
  /** Counted up to 10,000, when `page` was given. */
  total?: number;
  total_is_exact?: boolean;
  page?: number;
  pages?: number;
}

export class Listing<T extends { id: string }> implements PromiseLike<Answer<Page<T>>>, AsyncIterable<T> {
  readonly #transport: Transport;
  readonly #path: string;
  readonly #query: Query;
  readonly #options: CallOptions | undefined;
  #first: Promise<Answer<Page<T>>> | undefined;

  constructor(transport: Transport, path: string, query: Query = {}, options?: CallOptions) {
    this.#transport = transport;
    this.#path = path;
    this.#query = query;
    this.#options = options;
  }

  /** The first page. */
  then<Done = Answer<Page<T>>, Failed = never>(
    done?: ((page: Answer<Page<T>>) => Done | PromiseLike<Done>) | null,
    failed?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Done | Failed> {
    this.#first ??= this.#read(this.#query);
    return this.#first.then(done, failed);
  }

  catch<Failed = never>(failed?: ((reason: unknown) => Failed | PromiseLike<Failed>) | null): Promise<Answer<Page<T>> | Failed> {
    return this.then(null, failed);
  }

  /** Each object. With `ending_before` the walk goes towards the newest, the oldest comes first. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const backwards = this.#query["ending_before"] !== undefined;
    for await (const page of this.pages()) yield* backwards ? [...page.data].reverse() : page.data;
  }

  /** Page by page. */
  async *pages(): AsyncGenerator<Answer<Page<T>>, void, undefined> {
    for (let query: Query | null = this.#query; query !== null; ) {
      const page: Answer<Page<T>> = await this.#read(query);
      yield page;
      query = following(query, page);
    }
  }

  /** Everything, but at most `limit` objects. */
  async toArray({ limit }: { limit: number }): Promise<T[]> {
    const found: T[] = [];
    if (limit <= 0) return found;
    for await (const item of this) if (found.push(item) >= limit) break;
    return found;
  }

  #read(query: Query): Promise<Answer<Page<T>>> {
    return this.#transport.send<Page<T>>({ method: "GET", path: this.#path, query, options: this.#options });
  }
}

/** What to ask for after a page, in the way the walk began; null at the end. */
function following<T extends { id: string }>(query: Query, page: Page<T>): Query | null {
  const [first, last] = [page.data[0], page.data.at(-1)];
  if (!page.has_more || !first || !last) return null;
  if (query["ending_before"] !== undefined) return { ...query, ending_before: first.id };
  if (query["page"] !== undefined) return { ...query, page: Number(query["page"]) + 1 };
  return { ...query, starting_after: last.id };
}
