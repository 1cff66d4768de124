// Sessions of a key: opened by a wallet, by an action, by an account at an identity provider, by a passkey; then used to sign, to decrypt
// and to run actions.
import { decryptToString, encryptString } from '@lit-protocol/encryption';
import { EthWalletProvider, WebAuthnProvider } from '@lit-protocol/lit-auth-client';
import { ethers } from 'ethers';

import { Authenticator } from './authenticator.mjs';
import { DECRYPTING, RUNNING, SIGNING, network, owner, permitted, refusal, run, soon, stranger } from './votive.mjs';

const [WEBAUTHN, DISCORD, GOOGLE, GOOGLE_JWT, APPLE_JWT] = [3, 4, 5, 6, 8];
const chain = network.condition_chain;
const digest = ethers.utils.id('signed in a session of the key');
const isUser = (address) => [
  {
    contractAddress: '',
    standardContractType: '',
    chain,
    method: '',
    parameters: [':userAddress'],
    returnValueTest: { comparator: '=', value: address },
  },
];

// What the development network's issuer gives, in the place of Google, Apple and Discord.
async function tokensOf(sub, algorithm = 'RS256') {
  const answer = await fetch(`${network.issuer}/token`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ sub, aud: 'app-1', algorithm }),
  });
  return answer.json();
}

// The same token with another `sub`, which its signature does not cover.
function withUser(token, sub) {
  const [header, claims, signature] = token.split('.');
  const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
}

const HELPER = [
  `function mintNextAndAddAuthMethods(uint256 keyType, uint256[] types, bytes[] ids, bytes[] pubkeys, uint256[][] scopes,
    bool addPkpEthAddressAsPermittedAddress, bool sendPkpToItself) payable returns (uint256)`,
];
const PKPNFT = ['function mintCost() view returns (uint256)', 'event PKPMinted(uint256 indexed tokenId, bytes pubkey)'];

// What the relay of Lit's WebAuthnProvider does for a new passkey: mint a key that belongs to itself, and permit the passkey to use it.
async function mintedFor(registration) {
  const id = await WebAuthnProvider.authMethodId({ authMethodType: WEBAUTHN, accessToken: JSON.stringify(registration) });
  const publicKey = WebAuthnProvider.getPublicKeyFromRegistration(registration);
  const nft = new ethers.Contract(network.deployed.PKPNFT, PKPNFT, owner);
  const helper = new ethers.Contract(network.deployed.PKPHelper, HELPER, owner);
  const value = await nft.mintCost();
  const { logs } = await (await helper.mintNextAndAddAuthMethods(2, [WEBAUTHN], [id], [publicKey], [[1]], true, true, { value })).wait();
  const mine = logs.filter(({ address, topics }) => address === nft.address && topics[0] === nft.interface.getEventTopic('PKPMinted'));
  const { pubkey } = nft.interface.parseLog(mine[0]).args;
  return { publicKey: pubkey, address: ethers.utils.computeAddress(pubkey), passkey: publicKey };
}

// What WebAuthnProvider.authenticate returns: an assertion over the newest block's hash.
async function assertionOf(authenticator, client) {
  const challenge = ethers.utils.arrayify(await client.getLatestBlockhash());
  return { authMethodType: WEBAUTHN, accessToken: JSON.stringify(authenticator.authenticate(challenge)) };
}

await run(async (client) => {
  const asked = (pkpPublicKey, method, more = {}) => ({
    pkpPublicKey,
    authMethods: method ? [method] : [],
    chain: 'ethereum',
    expiration: soon(),
    resourceAbilityRequests: [SIGNING, RUNNING, DECRYPTING],
    ...more,
  });
  const opened = (...wish) => client.getPkpSessionSigs(asked(...wish));
  const { public_key: key, eth_address: keyAddress } = network.key;
  const byWallet = async (signer) => opened(key, await EthWalletProvider.authenticate({ signer, litNodeClient: client }));
  const byToken = (accessToken, authMethodType = GOOGLE_JWT) => opened(key, { authMethodType, accessToken });
  const [ann, bob] = [await tokensOf('ann'), await tokensOf('bob')];
  const byAction = (password, action) => opened(key, null, { jsParams: { password }, ...action });
  const inline = { litActionCode: Buffer.from(network.door_code).toString('base64') };

  const authenticator = new Authenticator('https://app.example');
  const twin = new Authenticator('https://app.example', authenticator.id);
  const own = await mintedFor(authenticator.register(Buffer.from('a challenge of the relay')));
  const byPasskey = async (pkpPublicKey, passkey) => opened(pkpPublicKey, await assertionOf(passkey, client));
  const old = { authMethodType: WEBAUTHN, accessToken: JSON.stringify(authenticator.authenticate(Buffer.alloc(32, 7))) };

  const sign = (pubKey, sessionSigs) => client.pkpSign({ toSign: ethers.utils.arrayify(digest), pubKey, sessionSigs });
  const use = async (sessionSigs, pubKey = key, address = keyAddress) => {
    const accessControlConditions = isUser(address);
    const encrypted = await encryptString({ accessControlConditions, dataToEncrypt: 'for the key itself' }, client);
    return {
      signed: ethers.utils.recoverAddress(digest, (await sign(pubKey, sessionSigs)).signature),
      decrypted: await decryptToString({ accessControlConditions, chain, ...encrypted, sessionSigs }, client),
      ran: (await client.executeJs({ code: `Lit.Actions.setResponse({ response: Lit.Auth.authSigAddress })`, sessionSigs })).response,
    };
  };
  const passkeySession = await byPasskey(own.publicKey, authenticator);
  return {
    networkKey: client.networkPubKey,
    wallet: await use(await byWallet(permitted)),
    token: await use(await byToken(ann.id_token)),
    apple: await use(await byToken((await tokensOf('ann', 'ES256')).id_token, APPLE_JWT)),
    google: await use(await byToken(ann.access_token, GOOGLE)),
    discord: await use(await byToken(ann.access_token, DISCORD)),
    action: await use(await byAction('open sesame', inline)),
    litAction: await use(await client.getLitActionSessionSigs(asked(key, null, { jsParams: { password: 'open sesame' }, ...inline }))),
    cid: await use(await byAction('open sesame', { litActionIpfsId: network.door_cid })),
    passkey: await use(passkeySession, own.publicKey, own.address),
    own: { ...own, expected: ethers.utils.hexlify(authenticator.publicKey) },
    refused: {
      wallet: await refusal(byWallet(stranger)),
      token: await refusal(byToken(bob.id_token)),
      accessToken: await refusal(byToken(bob.access_token, DISCORD)),
      forgedToken: await refusal(byToken(withUser(bob.id_token, 'ann'))),
      action: await refusal(byAction('open, please', inline)),
      passkeyOfAnotherKey: await refusal(byPasskey(key, authenticator)),
      passkeyWithAnotherSecret: await refusal(byPasskey(own.publicKey, twin)),
      passkeyOverNoBlock: await refusal(opened(own.publicKey, old)),
      signWithAnotherKey: await refusal(sign(key, passkeySession)),
    },
  };
});
