// What the pages may weigh. A build that weighs more fails.

/** The most bytes each entry may weigh, gzipped, with everything it imports at once. */
export const BUDGETS: Record<string, number> = {
  checkout: 10_000, // the first script of the page
  pages: 9_000, // the style, which is put into the page itself
  "public-sans-latin-wght-normal": 28_000, // the face; nobody waits for it
  reference: 560_000, // Swagger UI, for developers; no page of a payer loads it
  wallet: 60_000, // loaded when a customer chooses to pay with a wallet
};

/** A built file: its size gzipped, and the names of the files it imports at once. */
export interface Built {
  bytes: number;
  imports: string[];
}

/** The entries that were built, with what they weigh (a script with its style). Names are as Vite writes them: `checkout-1a2b3c4d.js`. */
export function weights(files: Map<string, Built>): Map<string, number> {
  const withImports = (name: string, seen: Set<string>): number => {
    const file = files.get(name);
    if (!file || seen.has(name)) return 0;
    seen.add(name);
    return file.bytes + file.imports.reduce((sum, other) => sum + withImports(other, seen), 0);
  };
  const entries = new Map<string, number>();
  for (const name of files.keys()) {
    const entry = name.replace(/-[\w-]{8}\.(js|css|woff2)$/, "");
    if (entry in BUDGETS) entries.set(entry, (entries.get(entry) ?? 0) + withImports(name, new Set()));
  }
  return entries;
}

/** Why a build must not be used: what is too heavy, and what is missing. */
export function complaints(entries: Map<string, number>): string[] {
  return Object.entries(BUDGETS).flatMap(([entry, most]) => {
    const bytes = entries.get(entry);
    if (bytes === undefined) return [`${entry} was not built`];
    return bytes > most ? [`${entry} is ${bytes} bytes gzipped; its budget is ${most}`] : [];
  });
}
