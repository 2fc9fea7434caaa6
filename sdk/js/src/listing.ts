// A list of the API. Await it to get one page, or use `for await` to iterate over all objects.
import type { CallOptions } from "./options";
import type { Answer, Query, Transport } from "./transport";

export interface Page<T> {
  object: "list";
  data: T[];
  has_more?: boolean;
  limit?: number;
  /**
   * The number of objects, counted up to 10,000. This field and the three below are set only if the list was requested
   * by page number.
   */
  total?: number;
  total_is_exact?: boolean;
  page?: number;
  pages?: number;
  /** Fetch the next page, or return null if there is none. `JSON.stringify` omits this method. */
  nextPage(): Promise<Answer<Page<T>> | null>;
}

/** A list that is not yet fetched. */
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

  /** Yields all objects, newest first. With `ending_before`, yields them oldest first. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    const backwards = this.#query["ending_before"] !== undefined;
    for await (const page of this.iterPages()) yield* backwards ? [...page.data].reverse() : page.data;
  }

  /** Yields all pages. */
  async *iterPages(): AsyncGenerator<Answer<Page<T>>, void, undefined> {
    for (let page: Answer<Page<T>> | null = await this.#read(this.#query); page; page = await page.nextPage()) yield page;
  }

  /** @deprecated Use `iterPages`. */
  pages(): AsyncGenerator<Answer<Page<T>>, void, undefined> {
    return this.iterPages();
  }

  /** Returns at most `limit` objects from the start of the list. */
  async toArray({ limit }: { limit: number }): Promise<T[]> {
    const found: T[] = [];
    if (limit <= 0) return found;
    for await (const item of this) if (found.push(item) >= limit) break;
    return found;
  }

  async #read(query: Query): Promise<Answer<Page<T>>> {
    const page = await this.#transport.send<Page<T>>({ method: "GET", path: this.#path, query, options: this.#options });
    const nextPage = async (): Promise<Answer<Page<T>> | null> => {
      const next = nextQuery(query, page);
      return next && this.#read(next);
    };
    return Object.defineProperty(page, "nextPage", { value: nextPage });
  }
}

/** The query for the next page in the same direction, or null if there is no next page. */
function nextQuery<T extends { id: string }>(query: Query, page: Page<T>): Query | null {
  const [first, last] = [page.data[0], page.data.at(-1)];
  if (!page.has_more || !first || !last) return null;
  if (query["ending_before"] !== undefined) return { ...query, ending_before: first.id };
  if (query["page"] !== undefined) return { ...query, page: Number(query["page"]) + 1 };
  return { ...query, starting_after: last.id };
}
