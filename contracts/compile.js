// Compiles all contracts in one run and writes the compiler's JSON answer to standard output.
// Usage: deno run --allow-read --allow-env compile.js INPUT.json > OUTPUT.json
// The input is Solidity's standard JSON with the project's own sources; imports come from node_modules.
import process from "node:process";
import { readFileSync } from "node:fs";
import solc from "solc";

const root = new URL(".", import.meta.url);

function findImport(path) {
  if (!path.startsWith("@openzeppelin/contracts/") || path.includes("..")) {
    return { error: `import outside of the pinned libraries: ${path}` };
  }
  return { contents: readFileSync(new URL(`node_modules/${path}`, root), "utf8") };
}

const input = readFileSync(process.argv[2], "utf8");
process.stdout.write(solc.compile(input, { import: findImport }));
