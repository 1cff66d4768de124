// Bundles ethers into one classic script, and the licences of what is in it. Run by `python -m votive.action.bundle`, with the
// paths of both as arguments.
import * as esbuild from "esbuild";

// The tables of ENS normalisation take 15 ms of every load and few actions resolve a name: load them on first use.
const lazyNames = {
  name: "lazy-ens-names",
  setup(build) {
    build.onResolve({ filter: /^\.\/ens-normalize\/lib$/ }, ({ resolveDir }) => ({ path: resolveDir, namespace: "lazy-ens" }));
    build.onLoad({ filter: /.*/, namespace: "lazy-ens" }, ({ path }) => ({
      contents: 'export const ens_normalize = (name) => require("./ens-normalize/lib.js").ens_normalize(name);',
      resolveDir: path,
    }));
  },
};

const folderOf = (input) => input.match(/^node_modules\/.*\/node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0];

const textOf = (folder) => {
  for (const name of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE"]) {
    try {
      return Deno.readTextFileSync(`${folder}/${name}`).replaceAll("\r\n", "\n").trim();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return "(The package carries no licence text of its own.)";
};

const licences = (inputs) => {
  const folders = new Set(inputs.map(folderOf).filter((folder) => folder));
  const entries = [...folders].map((folder) => {
    const { name, version, license } = JSON.parse(Deno.readTextFileSync(`${folder}/package.json`));
    return `${name} ${version} (${license})\n\n${textOf(folder)}\n`;
  }).sort();
  return `ethers.js holds these packages:\n\n${entries.join("\n----\n\n")}`;
};

const { metafile } = await esbuild.build({
  entryPoints: ["entry.js"],
  outfile: Deno.args[0],
  metafile: true,
  bundle: true,
  minify: true,
  format: "iife",
  platform: "browser",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  banner: { js: "/* ethers 5.8.0 and what it needs; licences in ethers.LICENSES.txt */" },
  define: { self: "globalThis", window: "globalThis", global: "globalThis", process: "undefined", Buffer: "undefined" },
  plugins: [lazyNames],
});
Deno.writeTextFileSync(Deno.args[1], licences(Object.keys(metafile.inputs)));
await esbuild.stop();
