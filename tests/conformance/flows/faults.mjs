// Sign again and again, by pkpSign and in an action, while a node does what it likes: each signature comes all the same.
import { ethers } from 'ethers';

import { network, owner, run, sessionOf } from './votive.mjs';

const { public_key: pubKey, eth_address: address } = network.key;
const code = `(async () => { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'one' }); })();`;
const TIMES = 10;

await run(async (client) => {
  const sessionSigs = await sessionOf(client, owner);
  const found = { signed: 0, executed: 0 };
  for (let time = 0; time < TIMES; time += 1) {
    const toSign = ethers.utils.randomBytes(32);
    const { signature } = await client.pkpSign({ toSign, pubKey, sessionSigs });
    found.signed += ethers.utils.recoverAddress(toSign, signature) === address;
    const { signatures } = await client.executeJs({ code, sessionSigs, jsParams: { toSign, publicKey: pubKey } });
    found.executed += ethers.utils.recoverAddress(toSign, signatures.one.signature) === address;
  }
  return found;
});
