// Writes lit-sdk.json: public keys of derived keys, computed by `computeHDPubKey` of the published package @lit-protocol/crypto 7.4.0
// (its WebAssembly, @lit-protocol/wasm). Run it where that package is installed:
//   cd tests/conformance && node ../vectors/hd/generate.cjs > ../vectors/hd/lit-sdk.json
// The SDK's own function is called; nothing of it is repeated here. See ORIGIN.md.
const { createECDH, createHash } = require('node:crypto');
const { createRequire } = require('node:module');
const { computeHDPubKey } = createRequire(process.cwd() + '/')('@lit-protocol/crypto');

const NETWORKS = ['votive hd vectors 1', 'votive hd vectors 2'];
const ROOTS = 10;
const hash = (text) => createHash('sha256').update(text).digest('hex');

// The secret of a root is the SHA-256 of its label, so that an implementation that derives secrets can be compared too.
function root(label) {
  const key = createECDH('secp256k1');
  key.setPrivateKey(hash(label), 'hex');
  return key.getPublicKey('hex');
}

const ids = ['00'.repeat(32), 'ff'.repeat(32), '00'.repeat(31) + '01', ...[...Array(21).keys()].map((number) => hash(`votive hd id ${number}`))];

(async () => {
  const networks = [];
  for (const label of NETWORKS) {
    const roots = [...Array(ROOTS).keys()].map((number) => root(`${label}, root ${number}`));
    const keys = [];
    for (const derivedKeyId of ids) keys.push({ derivedKeyId, publicKey: await computeHDPubKey(roots, derivedKeyId, 'K256') });
    networks.push({ label, roots, keys });
  }
  console.log(JSON.stringify({ networks }, null, 1));
})();
