// The two globals of Node.js that Lit's SDK uses in a browser too. What else it would take from Node.js is not reached there: its
// package.json says `"crypto": false`, which bundle.mjs repeats for the packages below it that do not say so.
export { Buffer } from 'buffer';
export { default as process } from 'process/browser.js';
