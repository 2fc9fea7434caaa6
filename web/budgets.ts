// Size budgets of the pages. A build that exceeds one fails.

/** The maximum size of each entry in bytes, gzipped, with everything it imports statically. */
export const BUDGETS: Record<string, number> = {
  checkout: 10_000, // the page's first script
  pages: 9_000, // the style sheet, which is inlined into the page
  "public-sans-latin-wght-normal": 28_000, // the font, which nothing waits for
  reference: 560_000, // Swagger UI for developers, which no customer's page loads
  wallet: 60_000, // loaded when a customer chooses to pay with a wallet
};

/** A built file: its gzipped size, and the names of the files it imports statically. */
export interface Built {
  bytes: number;
  imports: string[];
}

/** Return the size of each entry, a script with its style sheet. File names are those of Vite: `checkout-1a2b3c4d.js`. */
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

/** Return why a build must not be used: entries that are too large or missing. */
export function complaints(entries: Map<string, number>): string[] {
  return Object.entries(BUDGETS).flatMap(([entry, most]) => {
    const bytes = entries.get(entry);
    if (bytes === undefined) return [`${entry} was not built`];
    return bytes > most ? [`${entry} is ${bytes} bytes gzipped; its budget is ${most}`] : [];
  });
}
