// A key signs for its owner and for a permitted address, and for nobody else.
import { ethers } from 'ethers';

import { network, owner, permitted, refusal, run, sessionOf, stranger } from './votive.mjs';

const digest = ethers.utils.id('signed by a key that nobody holds');
const pubKey = network.key.public_key;

await run(async (client) => {
  const signWith = async (wallet, more = {}) =>
    client.pkpSign({ toSign: ethers.utils.arrayify(digest), pubKey, sessionSigs: await sessionOf(client, wallet), ...more });
  const signed = await signWith(owner);
  return {
    digest,
    signed,
    recovered: ethers.utils.recoverAddress(digest, signed.signature),
    permitted: ethers.utils.recoverAddress(digest, (await signWith(permitted)).signature),
    stranger: await refusal(signWith(stranger)),
    unknownKey: await refusal(signWith(owner, { pubKey: owner.publicKey })),
    shortDigest: await refusal(signWith(owner, { toSign: new Uint8Array(31) })),
  };
});
