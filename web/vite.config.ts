// Builds the pages' style and scripts into the Python package, with hashed names and a manifest the server reads.
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";

import { defineConfig, type Plugin } from "vite";

/** The most bytes each entry may weigh, gzipped, with everything it imports at once. More fails the build. */
const BUDGETS: Record<string, number> = {
  checkout: 10_000, // the first script of the page
  pages: 9_000, // the style, which is put into the page itself
  wallet: 60_000, // loaded when a customer chooses to pay with a wallet
};

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Puts a gzipped copy beside each file, and refuses what has grown too large. */
function weigh(): Plugin {
  return {
    name: "weigh",
    // After writing: until then other plugins still change the code.
    writeBundle({ dir }, bundle) {
      const sizes = new Map<string, number>();
      for (const name of Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name))) {
        const packed = gzipSync(readFileSync(`${dir}/${name}`), { level: 9 });
        sizes.set(name, packed.length);
        writeFileSync(`${dir}/${name}.gz`, packed);
      }
      const withImports = (name: string, seen = new Set<string>()): number => {
        if (seen.has(name)) return 0;
        seen.add(name);
        const file = bundle[name];
        const imports = file?.type === "chunk" ? file.imports : [];
        return (sizes.get(name) ?? 0) + imports.reduce((sum, other) => sum + withImports(other, seen), 0);
      };
      const weighed = new Set<string>();
      for (const name of sizes.keys()) {
        const entry = name.replace(/-[\w-]{8}\.(js|css)$/, "");
        const most = BUDGETS[entry];
        if (most === undefined) continue;
        weighed.add(entry);
        const bytes = withImports(name);
        console.log(`${entry.padEnd(9)} ${String(bytes).padStart(7)} of ${most} bytes gzipped`);
        if (bytes > most) this.error(`${name} is ${bytes} bytes gzipped; its budget is ${most}`);
      }
      for (const entry of Object.keys(BUDGETS)) if (!weighed.has(entry)) this.error(`${entry} was not built`);
    },
  };
}

export default defineConfig({
  base: "/assets/",
  plugins: [tailwindcss(), weigh()],
  resolve: {
    // The list of wallets is the page's own; the library's dialog would bring styles that the page's policy refuses.
    alias: { "@stacks/connect-ui/loader": here("src/wallet/no-dialog.ts") },
  },
  build: {
    outDir: here("../src/sgate/web/static"),
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    rollupOptions: {
      input: { checkout: here("src/checkout.ts"), pages: here("src/pages.css") },
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
