// What an application of Lit's does in a browser: connect, open a session with the visitor's wallet, sign, run an action, encrypt, decrypt.
import {
  LitAccessControlConditionResource,
  LitActionResource,
  LitPKPResource,
  createSiweMessageWithRecaps,
  generateAuthSig,
} from '@lit-protocol/auth-helpers';
import { decryptToString, encryptString } from '@lit-protocol/encryption';
import { LitNodeClient } from '@lit-protocol/lit-node-client';
import { ethers } from 'ethers';

const network = await (await fetch('network.json')).json();

const SIGNING = { resource: new LitPKPResource('*'), ability: 'pkp-signing' };
const RUNNING = { resource: new LitActionResource('*'), ability: 'lit-action-execution' };
const DECRYPTING = { resource: new LitAccessControlConditionResource('*'), ability: 'access-control-condition-decryption' };

const code = `(async () => {
  await Lit.Actions.signEcdsa({ toSign: new Uint8Array(toSign), publicKey, sigName: 'sig' });
  Lit.Actions.setResponse({ response: JSON.stringify({ caller: Lit.Auth.authSigAddress }) });
})();`;

// The session's key is the page's; the wallet signs once for what it may do.
function sessionOf(client, wallet, address, resourceAbilityRequests) {
  const authNeededCallback = async (asked) => {
    const toSign = await createSiweMessageWithRecaps({
      uri: asked.uri,
      expiration: asked.expiration,
      resources: asked.resourceAbilityRequests,
      walletAddress: address,
      nonce: await client.getLatestBlockhash(),
      litNodeClient: client,
      domain: window.location.host,
    });
    return generateAuthSig({ signer: wallet, toSign, address });
  };
  const expiration = new Date(Date.now() + 10 * 60 * 1000).toISOString();
  return client.getSessionSigs({ chain: 'ethereum', expiration, resourceAbilityRequests, authNeededCallback });
}

async function refusal(attempt) {
  try {
    await attempt;
  } catch ({ name, code, kind, message, info }) {
    return { name, code, kind, message, info };
  }
  throw new Error('this should have been refused');
}

async function use(client) {
  const wallet = new ethers.providers.Web3Provider(window.ethereum).getSigner();
  const address = await wallet.getAddress();
  const sessionSigs = await sessionOf(client, wallet, address, [SIGNING, RUNNING, DECRYPTING]);

  const digest = ethers.utils.id('signed in a browser');
  const toSign = ethers.utils.arrayify(digest);
  const { public_key: pubKey } = network.key;
  const signed = await client.pkpSign({ toSign, pubKey, sessionSigs });
  const ran = await client.executeJs({ code, jsParams: { toSign, publicKey: pubKey }, sessionSigs });

  const accessControlConditions = [
    {
      contractAddress: '',
      standardContractType: '',
      chain: network.condition_chain,
      method: '',
      parameters: [':userAddress'],
      returnValueTest: { comparator: '=', value: address },
    },
  ];
  const encrypted = await encryptString({ accessControlConditions, dataToEncrypt: 'read in a browser ✓' }, client);
  const opened = { accessControlConditions, chain: network.condition_chain, sessionSigs };
  const decrypted = await decryptToString({ ...opened, ...encrypted }, client);

  const runsOnly = await sessionOf(client, wallet, address, [RUNNING]);
  client.lastBlockHashRetrieved = 0; // as after half a minute: the next one is asked for
  return {
    origin: window.location.origin,
    address,
    digest,
    signature: signed.signature,
    actionSignature: ran.signatures.sig.signature,
    response: ran.response,
    decrypted,
    refused: await refusal(client.pkpSign({ toSign, pubKey, sessionSigs: runsOnly })),
    blockhash: await client.getLatestBlockhash(),
  };
}

async function main() {
  const client = new LitNodeClient(network.client);
  client._blockHashUrl = network.blockhash_url; // of the nodes, in place of Lit's own service
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.disconnect();
  }
}

function show(state, result) {
  document.querySelector('#result').textContent = JSON.stringify(result, null, 2);
  document.querySelector('#state').textContent = state;
}

main().then(
  (found) => show('done', found),
  (error) => show('failed', { name: error.name, message: error.message, stack: error.stack }),
);
