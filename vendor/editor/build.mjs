// Bundles the editor, and writes the licences of what is in it beside it.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";

const out = new URL("../../src/amana/web/vendor/editor.js", import.meta.url).pathname;
const made = await build({
  entryPoints: ["editor.js"], outfile: out, bundle: true, minify: true, format: "esm", target: "es2020", charset: "utf8",
  legalComments: "none", metafile: true, banner: { js: "/* CodeMirror 6 and its parts, MIT: see editor.LICENSE */" },
});
const parts = [...new Set(Object.keys(made.metafile.inputs).map((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]).filter(Boolean))].sort();
const told = parts.map((name) => {
  const about = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  return `${name} ${about.version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync(out.replace(/\.js$/, ".LICENSE"), told.join(`\n${"-".repeat(72)}\n\n`));
const bytes = readFileSync(out);
console.log(`${bytes.length} bytes, SHA-256 ${createHash("sha256").update(bytes).digest("hex")}`);
