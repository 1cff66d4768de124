// Bundles a program of `page/` for browsers, once: bundle.mjs PROGRAM OUTPUT
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const [, , entry, outfile] = process.argv;
const here = (name) => fileURLToPath(new URL(`page/${name}`, import.meta.url));

await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  charset: 'utf8',
  logLevel: 'warning',
  define: { global: 'globalThis' },
  inject: [here('polyfills.mjs')],
  alias: { crypto: here('nothing.mjs') },
});
