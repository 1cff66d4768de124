// One of four nodes hangs, then dies, under a client that is connected and before one connects; then it comes back.
import { decryptToString, encryptString } from '@lit-protocol/encryption';
import { EthWalletProvider } from '@lit-protocol/lit-auth-client';
import { LitNodeClientNodeJs } from '@lit-protocol/lit-node-client-nodejs';
import { ethers } from 'ethers';

import { SIGNING, network, owner, pause, permitted, refusal, run, sessionOf, soon } from './votive.mjs';

const chain = network.condition_chain;
const { public_key: pubKey } = network.key;
const toSign = ethers.utils.arrayify(ethers.utils.id('signed by three of four'));
const code = `(async () => { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'three' }); })();`;
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

async function sign(client, sessionSigs) {
  const { signature } = await client.pkpSign({ toSign, pubKey, sessionSigs });
  return ethers.utils.recoverPublicKey(toSign, signature);
}

async function execute(client, sessionSigs) {
  const { signatures } = await client.executeJs({ code, sessionSigs, jsParams: { toSign, publicKey: pubKey } });
  return ethers.utils.recoverPublicKey(toSign, signatures.three.signature);
}

async function decrypt(client, sessionSigs) {
  const encrypted = await encryptString({ accessControlConditions, dataToEncrypt: 'opened by three of four' }, client);
  return decryptToString({ accessControlConditions, chain, ...encrypted, sessionSigs }, client);
}

async function sessionOfKey(client) {
  const authMethods = [await EthWalletProvider.authenticate({ signer: permitted, litNodeClient: client })];
  const requests = { chain: 'ethereum', expiration: soon(), resourceAbilityRequests: [SIGNING] };
  return client.getPkpSessionSigs({ pkpPublicKey: pubKey, authMethods, ...requests });
}

// A client for the time in which a node is dead: it leaves this node out of what the chain lists.
class WithoutDead extends LitNodeClientNodeJs {
  async _getValidatorData() {
    const data = await super._getValidatorData();
    return { ...data, bootstrapUrls: data.bootstrapUrls.filter((url) => url !== network.mortal_node) };
  }
}

await run(async (client) => {
  const sessionSigs = await sessionOf(client, owner);
  await pause('stop');
  const hung = { decrypted: await decrypt(client, sessionSigs), session: Object.keys(await sessionOfKey(client)).length };
  await pause('kill');
  const found = {
    hung,
    allNeeded: { sign: await refusal(sign(client, sessionSigs)), execute: await refusal(execute(client, sessionSigs)) },
    decrypted: await decrypt(client, sessionSigs),
  };
  const session = await sessionOfKey(client);
  client.connectedNodes.delete(network.mortal_node);
  found.without = {
    sign: await sign(client, sessionSigs),
    execute: await execute(client, sessionSigs),
    signInSession: await sign(client, session),
  };

  found.connect = await refusal(new LitNodeClientNodeJs(network.client).connect());
  const late = new WithoutDead(network.client);
  late._blockHashUrl = network.blockhash_url;
  await late.connect();
  found.late = { nodes: [...late.connectedNodes].sort(), sign: await sign(late, await sessionOf(late, owner)) };
  await late.disconnect();

  await pause('restore');
  await client.disconnect();
  await client.connect();
  return { ...found, back: { nodes: [...client.connectedNodes].sort(), sign: await sign(client, sessionSigs) } };
});
