// Bundles the kit and every figure into ../built, as classic scripts (a page opened as a file may not import modules).
// `npm ci && npm run build` makes all of them; `npm run build -- --check` compares them with what is committed.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, "..", "built");
const read = (...path) => readFileSync(join(here, ...path), "utf8");
const list = (folder, ending) =>
  readdirSync(join(here, folder))
    .filter((name) => name.endsWith(ending))
    .sort();
const languages = list("words", "");

/** The sources that a bundle is made of, in one order: `book_tools.figures.bundles` computes the same digest. */
function sources(name) {
  const inside = (folder) => (existsSync(join(here, folder)) ? list(folder, ".js").map((file) => `${folder}/${file}`) : []);
  const own = name === "kit" ? inside("kit") : [`figures/${name}.js`, ...inside(`figures/${name}`)];
  const words = languages.map((code) => `words/${code}/${name}.json`).filter((file) => existsSync(join(here, file)));
  return ["build.mjs", "package-lock.json", ...own, ...words];
}
function digest(name) {
  const hash = createHash("sha256");
  for (const file of sources(name)) hash.update(`${file}\0${read(file)}\0`);
  return hash.digest("hex");
}

const tables = (name) =>
  `export default {${languages
    .filter((code) => existsSync(join(here, "words", code, `${name}.json`)))
    .map((code) => `${JSON.stringify(code)}: ${read("words", code, `${name}.json`)}`)
    .join(",\n")}};`;

/** `words` is the figure's own table in every language; `kit` is the kit that the page has loaded. */
const modules = (name) => ({
  name: "book-figures",
  setup(bundler) {
    bundler.onResolve({ filter: /^(kit|words)$/ }, ({ path }) => ({ path, namespace: "book" }));
    bundler.onLoad({ filter: /^words$/, namespace: "book" }, () => ({ contents: tables(name) }));
    bundler.onLoad({ filter: /^kit$/, namespace: "book" }, () => ({
      contents: "module.exports = globalThis.bookFigureKit;",
    }));
  },
});

async function bundle(name) {
  const entry =
    name === "kit"
      ? // The first kit on a page is the page's kit: a notebook has one in each widget.
        'import * as kit from "./kit/index.js"; globalThis.bookFigureKit ??= { ...kit };'
      : `import figure from "./figures/${name}.js"; globalThis.bookFigureKit.register("${name}", figure);`;
  const result = await build({
    stdin: { contents: entry, resolveDir: here, sourcefile: `${name}.entry.js` },
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    write: false,
    plugins: [modules(name)],
    absWorkingDir: here,
  });
  return `/* ${name}, made by build.mjs from sources ${digest(name)} */\n${result.outputFiles[0].text}`;
}

/** The licences of what the kit holds of others' code. */
function licences() {
  const packages = Object.entries(JSON.parse(read("package-lock.json")).packages);
  return packages
    .filter(([path, { dev, optional }]) => path && !dev && !optional)
    .map(([path]) => `${path.replace("node_modules/", "")}\n\n${read(path, "LICENSE").trim()}\n`)
    .join("\n----\n\n");
}

const check = process.argv.includes("--check");
const wanted = process.argv.slice(2).filter((name) => !name.startsWith("--"));
const names = wanted.length ? wanted : ["kit", ...list("figures", ".js").map((file) => file.slice(0, -3))];
const files = [];
for (const name of names) files.push([`${name}.js`, await bundle(name)]);
if (names.includes("kit")) files.push(["kit.licences.txt", licences()]);

mkdirSync(built, { recursive: true });
let stale = 0;
for (const [file, text] of files) {
  const path = join(built, file);
  if (!check) {
    writeFileSync(path, text);
    console.log(`${file}: ${Buffer.byteLength(text)} bytes`);
  } else if (!existsSync(path) || readFileSync(path, "utf8") !== text) {
    console.error(`${file} is not what its sources make: run npm run build`);
    stale += 1;
  }
}
process.exitCode = stale ? 1 : 0;
