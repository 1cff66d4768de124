// What an application of Lit's does in a browser: open a session with the visitor's wallet, sign, run an action, encrypt, decrypt.
import { createSiweMessageWithRecaps, generateAuthSig } from '@lit-protocol/auth-helpers';
import { decryptToString, encryptString } from '@lit-protocol/encryption';
import { ethers } from 'ethers';

import { DECRYPTING, RUNNING, SIGNING, isUser, network, refusal, run, soon } from './votive.mjs';

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
  return client.getSessionSigs({ chain: 'ethereum', expiration: soon(), resourceAbilityRequests, authNeededCallback });
}

run(async (client) => {
  const wallet = new ethers.providers.Web3Provider(window.ethereum).getSigner();
  const address = await wallet.getAddress();
  const sessionSigs = await sessionOf(client, wallet, address, [SIGNING, RUNNING, DECRYPTING]);

  const digest = ethers.utils.id('signed in a browser');
  const toSign = ethers.utils.arrayify(digest);
  const { public_key: publicKey } = network.key;
  const signed = await client.pkpSign({ toSign, pubKey: publicKey, sessionSigs });
  const ran = await client.executeJs({ code, jsParams: { toSign, publicKey }, sessionSigs });

  const mine = { accessControlConditions: isUser(address) };
  const encrypted = await encryptString({ ...mine, dataToEncrypt: 'read in a browser ✓' }, client);
  const decrypted = await decryptToString({ ...mine, ...encrypted, chain: network.condition_chain, sessionSigs }, client);

  const runsOnly = await sessionOf(client, wallet, address, [RUNNING]);
  const refused = await refusal(client.pkpSign({ toSign, pubKey: publicKey, sessionSigs: runsOnly }));
  client.lastBlockHashRetrieved = 0; // as after half a minute: the next one is asked for
  return {
    origin: window.location.origin,
    address,
    digest,
    signature: signed.signature,
    actionSignature: ran.signatures.sig.signature,
    response: ran.response,
    decrypted,
    refused,
    blockhash: await client.getLatestBlockhash(),
  };
});
