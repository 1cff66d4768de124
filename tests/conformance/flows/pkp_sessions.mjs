// Sessions of a key: opened by a wallet, by an action, by an account at an identity provider; then used to sign and to decrypt.
import { decryptToString, encryptString } from '@lit-protocol/encryption';
import { EthWalletProvider } from '@lit-protocol/lit-auth-client';
import { ethers } from 'ethers';

import { DECRYPTING, RUNNING, SIGNING, network, permitted, refusal, run, soon, stranger } from './votive.mjs';

const { public_key: pkpPublicKey, eth_address: address } = network.key;
const GOOGLE_JWT = 6;
const chain = network.condition_chain;
const digest = ethers.utils.id('signed in a session of the key');
const accessControlConditions = [
  {
    contractAddress: '',
    standardContractType: '',
    chain,
    method: '',
    parameters: [':userAddress'],
    returnValueTest: { comparator: '=', value: address },
  },
];

async function idToken(sub) {
  const answer = await fetch(`${network.issuer}/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ sub, aud: 'app-1' }),
  });
  return (await answer.json()).id_token;
}

// The same token with another `sub`, which its signature does not cover.
function withUser(token, sub) {
  const [header, claims, signature] = token.split('.');
  const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
}

await run(async (client) => {
  const requests = { pkpPublicKey, chain: 'ethereum', expiration: soon(), resourceAbilityRequests: [SIGNING, RUNNING, DECRYPTING] };
  const encrypted = await encryptString({ accessControlConditions, dataToEncrypt: 'for the key itself' }, client);
  const byWallet = async (signer) =>
    client.getPkpSessionSigs({ ...requests, authMethods: [await EthWalletProvider.authenticate({ signer, litNodeClient: client })] });
  const byToken = (accessToken) => client.getPkpSessionSigs({ ...requests, authMethods: [{ authMethodType: GOOGLE_JWT, accessToken }] });
  const byAction = (password, action) => client.getPkpSessionSigs({ ...requests, authMethods: [], jsParams: { password }, ...action });
  const inline = { litActionCode: Buffer.from(network.door_code).toString('base64') };

  const sign = (sessionSigs) => client.pkpSign({ toSign: ethers.utils.arrayify(digest), pubKey: pkpPublicKey, sessionSigs });
  const use = async (sessionSigs) => ({
    signed: ethers.utils.recoverAddress(digest, (await sign(sessionSigs)).signature),
    decrypted: await decryptToString({ accessControlConditions, chain, ...encrypted, sessionSigs }, client),
    ran: (await client.executeJs({ code: `Lit.Actions.setResponse({ response: Lit.Auth.authSigAddress })`, sessionSigs })).response,
  });
  return {
    wallet: await use(await byWallet(permitted)),
    token: await use(await byToken(await idToken('ann'))),
    action: await use(await byAction('open sesame', inline)),
    cid: await use(await byAction('open sesame', { litActionIpfsId: network.door_cid })),
    refused: {
      wallet: await refusal(byWallet(stranger)),
      token: await refusal(byToken(await idToken('bob'))),
      forgedToken: await refusal(byToken(withUser(await idToken('bob'), 'ann'))),
      action: await refusal(byAction('open, please', inline)),
    },
  };
});
