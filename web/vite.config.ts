// Builds the pages' style sheet and scripts into the Python package, with hashed names and a manifest for the server.
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import tailwindcss from "@tailwindcss/vite";
import { defineConfig, type Plugin } from "vite";
import { BUDGETS, type Built, complaints, weights } from "./budgets.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Write a gzipped copy of each file, and fail if one exceeds its budget. */
function weigh(): Plugin {
  return {
    name: "weigh",
    // After writing, because other plugins change the code until then.
    writeBundle({ dir }, bundle) {
      const files = new Map<string, Built>();
      for (const [name, file] of Object.entries(bundle).filter(([name]) => /\.(js|css|woff2)$/.test(name))) {
        const packed = gzipSync(readFileSync(`${dir}/${name}`), { level: 9 });
        files.set(name, { bytes: packed.length, imports: file.type === "chunk" ? file.imports : [] });
        writeFileSync(`${dir}/${name}.gz`, packed);
      }
      const entries = weights(files);
      for (const [entry, bytes] of entries) {
        console.log(`${entry.padEnd(30)} ${String(bytes).padStart(7)} of ${BUDGETS[entry]} bytes gzipped`);
      }
      for (const complaint of complaints(entries)) this.error(complaint);
    },
  };
}

export default defineConfig({
  base: "/assets/",
  plugins: [tailwindcss(), weigh()],
  resolve: {
    // The page lists the wallets itself: the library's dialog needs styles that the page's policy refuses.
    alias: { "@stacks/connect-ui/loader": here("src/wallet/no-dialog.ts") },
  },
  build: {
    outDir: here("../src/sgate/web/static"),
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    rollupOptions: {
      input: { checkout: here("src/checkout.ts"), pages: here("src/pages.css"), reference: here("src/reference.ts") },
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
