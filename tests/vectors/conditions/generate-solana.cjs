// Writes solana.json: derived addresses, points on and off the curve, and Metaplex metadata accounts, computed by the published packages
// @solana/web3.js 1.98.0, @solana/spl-token 0.4.9 and @metaplex-foundation/mpl-token-metadata 2.13.0, which must be installed where this runs:
//   npm install --ignore-scripts --legacy-peer-deps @solana/web3.js@1.98.0 @solana/spl-token@0.4.9 @metaplex-foundation/mpl-token-metadata@2.13.0
//   node generate-solana.cjs > solana.json
const { createRequire } = require('node:module');
const { createHash } = require('node:crypto');
const here = createRequire(process.cwd() + '/');
const { PublicKey } = here('@solana/web3.js');
const { getAssociatedTokenAddressSync } = here('@solana/spl-token');
const { Metadata, Key, PROGRAM_ID } = here('@metaplex-foundation/mpl-token-metadata');

const bytes = (label) => createHash('sha256').update(label).digest();
const key = (label) => new PublicKey(bytes(label));
const seeds = [[], ['metadata'], ['a', 'b'], ['x'.repeat(32)], ['ünïcödé']];
const derived = [];
for (let i = 0; i < 20; i++) {
  for (const words of seeds) {
    const program = key(`program ${i}`);
    const extra = i % 2 ? [key(`seed ${i}`)] : [];
    const address = PublicKey.findProgramAddressSync([...words.map((word) => Buffer.from(word)), ...extra.map((k) => k.toBuffer())], program)[0];
    derived.push({ program: program.toBase58(), seeds: [...words, ...extra.map((k) => 'pubkey:' + k.toBase58())], address: address.toBase58() });
  }
}
const curve = Array.from({ length: 200 }, (_, i) => ({ point: bytes(`point ${i}`).toString('hex'), on: PublicKey.isOnCurve(bytes(`point ${i}`)) }));
const tokens = Array.from({ length: 10 }, (_, i) => ({
  wallet: key(`wallet ${i}`).toBase58(), mint: key(`mint ${i}`).toBase58(),
  account: getAssociatedTokenAddressSync(key(`mint ${i}`), key(`wallet ${i}`), true).toBase58(),
  metadata: PublicKey.findProgramAddressSync([Buffer.from('metadata'), PROGRAM_ID.toBuffer(), key(`mint ${i}`).toBuffer()], PROGRAM_ID)[0].toBase58(),
}));
const metadata = [];
for (const creators of [null, [], [{ address: key('creator'), verified: true, share: 100 }]]) {
  for (const nonce of [null, 254]) {
    for (const standard of [null, 0, 4]) {
      for (const collection of [null, { verified: true, key: key('collection') }, { verified: false, key: key('collection') }]) {
        const account = Metadata.fromArgs({
          key: Key.MetadataV1, updateAuthority: key('authority'), mint: key('mint'),
          data: { name: 'Näme\0\0', symbol: 'SYM', uri: 'https://example.org/1.json', sellerFeeBasisPoints: 500, creators },
          primarySaleHappened: true, isMutable: false, editionNonce: nonce, tokenStandard: standard,
          collection, uses: null, collectionDetails: null, programmableConfig: null,
        });
        metadata.push({ data: account.serialize()[0].toString('base64'), verified: collection && collection.verified ? collection.key.toBase58() : null });
      }
    }
  }
}
process.stdout.write(JSON.stringify({ derived, curve, tokens, metadata }, null, 1).replace(/[\u007f-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')) + '\n');
