// The examples of the README compile.
import { readFileSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const PACKAGE = new URL("..", import.meta.url).pathname;

/** The reader's own names that the examples use. */
const READERS = `
declare module "express";
declare const process: { env: Record<string, string> };
declare const sgate: import("@sgate/sdk").SGate;
declare const SGate: typeof import("@sgate/sdk/elements");
declare function ship(order: string | undefined): Promise<void>;
declare function lastHandled(): Promise<string>;
declare function handle(event: import("@sgate/sdk").SGateEvent): Promise<void>;
`;

const blocks = [...readFileSync(join(PACKAGE, "README.md"), "utf8").matchAll(/```js\n(.*?)```|<script>\n(.*?)<\/script>/gs)].map(
  (match) => match[1] ?? match[2] ?? "",
);

test("every example of the README compiles", () => {
  expect(blocks.length).toBe(6);
  const folder = mkdtempSync(join(PACKAGE, "node_modules", ".readme-"));
  writeFileSync(join(folder, "readers.d.ts"), READERS);
  const files = blocks.map((block, at) => {
    const file = join(folder, `block${at}.ts`);
    writeFileSync(file, block);
    return file;
  });
  const program = ts.createProgram([join(folder, "readers.d.ts"), ...files], {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    strict: true,
    noImplicitAny: false,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    paths: { "@sgate/sdk": [join(PACKAGE, "src/index.ts")], "@sgate/sdk/elements": [join(PACKAGE, "src/elements/index.ts")] },
  });
  const problems = ts.getPreEmitDiagnostics(program).map((each) => `${each.file?.fileName.split("/").pop()}: ${ts.flattenDiagnosticMessageText(each.messageText, " ")}`);
  rmSync(folder, { recursive: true });
  expect(problems).toEqual([]);
});
