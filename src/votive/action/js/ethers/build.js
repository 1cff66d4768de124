// Bundles ethers into one classic script. Run by `python -m votive.action.bundle`; writes to the path given as first argument.
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

await esbuild.build({
  entryPoints: ["entry.js"],
  outfile: Deno.args[0],
  bundle: true,
  minify: true,
  format: "iife",
  platform: "browser",
  target: "es2022",
  charset: "ascii",
  legalComments: "eof",
  define: { self: "globalThis", window: "globalThis", global: "globalThis", process: "undefined", Buffer: "undefined" },
  plugins: [lazyNames],
});
await esbuild.stop();
