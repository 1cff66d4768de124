// Connect, lose a node that comes back, sign all the same, disconnect.
import { ethers } from 'ethers';

import { network, owner, pause, run, sessionOf } from './votive.mjs';

const pubKey = network.key.public_key;

// Sign a text's hash, and return the public key that the signature recovers to.
async function sign(client, sessionSigs, text) {
  const toSign = ethers.utils.arrayify(ethers.utils.id(text));
  const { signature } = await client.pkpSign({ toSign, pubKey, sessionSigs });
  return ethers.utils.recoverPublicKey(toSign, signature);
}

await run(async (client) => {
  const found = {
    ready: client.ready,
    nodes: [...client.connectedNodes].sort(),
    least: client.config.minNodeCount,
    encryptionKey: client.subnetPubKey,
    blockhash: client.latestBlockhash,
    epoch: client.currentEpochNumber,
  };
  const sessionSigs = await sessionOf(client, owner);
  found.before = await sign(client, sessionSigs, 'before');
  await pause('restart');
  found.after = await sign(client, sessionSigs, 'after');
  await client.disconnect();
  await client.connect();
  found.again = await sign(client, sessionSigs, 'again');
  return found;
});
