// A client that stays connected, and every quarter of a minute does what applications do. The hash of its handshake is too old for Lit's
// SDK after 30 s: it asks the nodes' service from then on. If a node is away for a moment, the client tries again, as an application would.
import { decryptToString, encryptString } from '@lit-protocol/encryption';
import { ethers } from 'ethers';

import { network, owner, provider, run, sessionOf } from './votive.mjs';

const SECONDS = Number(process.argv[3]);
const BETWEEN = 15;
const PATIENCE = 120;
const chain = network.condition_chain;
const { public_key: pubKey, eth_address: address } = network.key;
const code = `Lit.Actions.setResponse({ response: Lit.Auth.authSigAddress })`;
const accessControlConditions = [
  {
    contractAddress: '',
    standardContractType: '',
    chain,
    method: '',
    parameters: [':userAddress'],
    returnValueTest: { comparator: '=', value: owner.address },
  },
];
const sleep = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

async function work(client) {
  await provider.send('evm_mine', []); // the chain goes on, as if others used it
  const nonce = await client.getLatestBlockhash();
  const sessionSigs = await sessionOf(client, owner);
  const toSign = ethers.utils.randomBytes(32);
  const { signature } = await client.pkpSign({ toSign, pubKey, sessionSigs });
  const encrypted = await encryptString({ accessControlConditions, dataToEncrypt: nonce }, client);
  return {
    nonce,
    signed: ethers.utils.recoverAddress(toSign, signature) === address,
    decrypted: (await decryptToString({ accessControlConditions, chain, ...encrypted, sessionSigs }, client)) === nonce,
    ran: (await client.executeJs({ code, sessionSigs })).response === owner.address,
  };
}

await run(async (client) => {
  const { provider: listener } = client._stakingContract;
  const found = { handshake: client.latestBlockhash, rounds: [], failures: [], polls: 0 };
  listener.on('poll', () => { found.polls += 1; });
  const began = Date.now();
  const elapsed = () => (Date.now() - began) / 1000;
  for (let failing = null; elapsed() < SECONDS || failing !== null; ) {
    try {
      found.rounds.push({ at: elapsed(), ...(await work(client)) });
      failing = null;
      await sleep(BETWEEN);
    } catch (error) {
      failing ??= elapsed();
      if (elapsed() - failing > PATIENCE) throw error;
      found.failures.push({ at: elapsed(), name: error.name, message: error.message, code: error.info?.errorCode ?? null });
      await sleep(1);
    }
  }
  listener.removeAllListeners('poll');
  const { ready, connectedNodes } = client;
  await client.disconnect();
  return { ...found, seconds: elapsed(), ready, nodes: [...connectedNodes].sort(), polling: listener.polling };
});
