// ESM and CommonJS for bundlers and servers (index and elements share their code), one minified UMD file for a <script>.
import terser from "@rollup/plugin-terser";
import typescript from "@rollup/plugin-typescript";
import { dts } from "rollup-plugin-dts";

const ENTRIES = { index: "src/index.ts", elements: "src/elements/index.ts" };
const compile = () => typescript({ include: ["src/**"], compilerOptions: { sourceMap: true, inlineSources: true, noEmitOnError: true } });
const files = (extension) => ({ dir: "dist", entryFileNames: `[name].${extension}`, chunkFileNames: `shared.${extension}` });

/** The package is ESM; this folder is not. */
function besideUmd() {
  this.emitFile({ type: "asset", fileName: "package.json", source: '{ "type": "commonjs" }\n' });
}

export default [
  {
    input: ENTRIES,
    output: [
      { ...files("js"), format: "es", sourcemap: true },
      { ...files("cjs"), format: "cjs", sourcemap: true, exports: "named" },
    ],
    plugins: [compile()],
  },
  {
    input: "src/umd.ts",
    output: { file: "dist/umd/sgate.js", format: "umd", name: "SGate", exports: "named", sourcemap: true },
    plugins: [compile(), terser({ ecma: 2020, compress: { passes: 2 } }), { name: "beside", generateBundle: besideUmd }],
  },
  {
    input: ENTRIES,
    output: [
      { ...files("d.ts"), format: "es" },
      { ...files("d.cts"), format: "es" },
    ],
    plugins: [dts()],
  },
];
