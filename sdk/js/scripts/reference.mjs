// Generates docs/reference/javascript-sdk.md from the sources and their comments. Run as a program, it writes the page.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import ts from "typescript";

const SOURCES = new URL("../src/", import.meta.url);
export const WRITTEN = new URL("../../../docs/reference/javascript-sdk.md", import.meta.url);
const HEAD = `# JavaScript SDK reference

<!-- Generated from sdk/js by \`make generate\`. -->

[The guide](../project/javascript-sdk.md) shows how to use the SDK. This page lists everything that \`@sgate/sdk\` exports. The types of
parameters and results have the fields of the [API](api.md).
`;
const SHORT = ["createPaymentIntent", "retrievePaymentIntent", "listPaymentIntents", "cancelPaymentIntent"];

const printer = ts.createPrinter({ removeComments: true });

function parsed(name) {
  return ts.createSourceFile(name, readFileSync(new URL(name, SOURCES), "utf8"), ts.ScriptTarget.ES2022, true);
}

function comment(node) {
  return ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? "")
    .join("\n\n");
}

function text(node) {
  return printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()).replace(/\s+/g, " ");
}

function signature(name, node) {
  const parameters = node.parameters.map((each) => (ts.isObjectBindingPattern(each.name) ? `options?: ${text(each.type)}` : text(each)));
  return `${name}(${parameters.join(", ")})${node.type ? `: ${text(node.type)}` : ""}`;
}

const deprecated = (node) => ts.getJSDocDeprecatedTag(node) !== undefined;

const hidden = (node) => ts.isPrivateIdentifier(node.name) || ts.getCombinedModifierFlags(node) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected);

function methods(declaration, prefix) {
  return declaration.members
    .filter((member) => ts.isMethodDeclaration(member) && !hidden(member))
    .flatMap((member) => [`### ${prefix}.${member.name.text}`, "", "```text", signature(`sgate.${prefix}.${member.name.text}`, member), "```", "", comment(member), ""]);
}

function classes(file) {
  return file.statements.filter(ts.isClassDeclaration);
}

function client() {
  const file = parsed("client.ts");
  const declaration = classes(file)[0];
  const short = declaration.members.filter((member) => ts.isMethodDeclaration(member) && SHORT.includes(member.name.text));
  const calls = short.map((member) => signature(`sgate.${member.name.text}`, member));
  return ["## SGate", "", "```text", "new SGate(options: ClientOptions)", ...calls, "```", ""];
}

function resources() {
  const declared = Object.fromEntries(
    readdirSync(new URL("resources/", SOURCES))
      .sort()
      .flatMap((name) => classes(parsed(`resources/${name}`)))
      .map((declaration) => [declaration.name.text, declaration]),
  );
  const properties = classes(parsed("client.ts"))[0].members.filter(ts.isPropertyDeclaration);
  return properties.flatMap((property) => {
    const name = property.name.text;
    return [`## sgate.${name}`, "", comment(property) || comment(declared[text(property.type)]), "", ...methods(declared[text(property.type)], name)];
  });
}

function interfaces(file) {
  return file.statements.filter(ts.isInterfaceDeclaration).flatMap((declaration) => {
    const rows = declaration.members.filter((member) => member.name && !deprecated(member)).map((member) => {
      const type = member.type ? text(member.type) : "function";
      const what = comment(member).replace(/\s+/g, " ");
      return `| \`${member.name.text}${member.questionToken ? "?" : ""}\` | \`${type.replace(/\|/g, "\\|")}\` | ${what.replace(/\|/g, "\\|")} |`;
    });
    const base = declaration.heritageClauses ? ` It has the fields of ${text(declaration.heritageClauses[0].types[0]).replace(/^/, "`")}\` too.` : "";
    const exported = ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export && !deprecated(declaration);
    return exported && rows.length ? [`### ${declaration.name.text}`, "", comment(declaration) + base, "", "| field | type | what |", "|---|---|---|", ...rows, ""] : [];
  });
}

function webhooks() {
  const file = parsed("webhooks.ts");
  const offered = ["verifyWebhook", "verifySignature", "webhookHeaders"];
  const functions = file.statements.filter((node) => ts.isFunctionDeclaration(node) && offered.includes(node.name.text));
  const described = functions.flatMap((node) => [`### ${node.name.text}`, "", "```text", signature(node.name.text, node), "```", "", comment(node), ""]);
  return ["## Webhooks", "", ...described, ...interfaces(file)];
}

function elements() {
  const names = ["payment.ts", "teller.ts", "stage.ts", "payment_button.ts", "checkout_modal.ts", "amount_display.ts", "qr_code.ts", "status_badge.ts"];
  return ["## Options of the elements", "", "`Element.mount(target, options)`; see [the guide](../project/javascript-sdk.md#elements).", "", ...names.flatMap((name) => interfaces(parsed(`elements/${name}`)))];
}

function errors() {
  const rows = classes(parsed("errors.ts")).map((declaration) => `| \`${declaration.name.text}\` | ${comment(declaration).replace(/\s+/g, " ")} |`);
  return ["## Errors", "", "| class | when |", "|---|---|", ...rows, ""];
}

export function reference() {
  const lines = [HEAD, ...client(), "## Options", "", ...interfaces(parsed("options.ts")), ...resources(), ...webhooks(), ...elements(), ...errors()];
  return `${lines.join("\n").replace(/\n{3,}/g, "\n\n").trimEnd()}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(WRITTEN, reference());
