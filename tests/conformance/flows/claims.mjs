// Claimed keys: a user's key, and an action's, follow from a name; whoever the nodes signed for mints them, and they sign as any key.
import { EthWalletProvider } from '@lit-protocol/lit-auth-client';
import { LitContracts } from '@lit-protocol/contracts-sdk';
import { ethers } from 'ethers';

import { RUNNING, SIGNING, network, owner, permitted, refusal, run, sessionOf, soon, stranger } from './votive.mjs';

const GOOGLE_JWT = 6;
const WEBAUTHN = 3;
const toSign = ethers.utils.arrayify(ethers.utils.id('signed by a key that follows from a name'));
const code = `(async () => {
  await LitActions.claimKey({ keyId: 'treasury' });
  await LitActions.claimKey({ keyId: 'reserve', minter: Lit.Auth.authSigAddress });
  LitActions.setResponse({ response: JSON.stringify({ cid: Lit.Auth.actionIpfsIds[0] }) });
})()`;

async function idToken(sub) {
  const body = JSON.stringify({ sub, aud: 'app-9' });
  const answer = await fetch(`${network.issuer}/token`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
  return (await answer.json()).id_token;
}

async function litContracts(signer) {
  const contracts = new LitContracts({ ...network.contracts, signer });
  await contracts.connect();
  return contracts;
}

const shuffled = (signatures) => [signatures[2], signatures[0], signatures[3], signatures[1]];

await run(async (client) => {
  const [owners, permitteds, strangers] = await Promise.all([owner, permitted, stranger].map(litContracts));
  const router = owners.pubkeyRouterContract.read;
  const staking = network.deployed.Staking;

  const mintWith = (contracts) => async ({ derivedKeyId, signatures, pubkey }) => {
    const minted = await contracts.pkpNftContractUtils.write.claimAndMint(`0x${derivedKeyId}`, shuffled(signatures));
    return JSON.stringify({ tokenId: minted.tokenId, events: minted.res.logs.length, pubkey });
  };
  const claim = async (contracts, authMethod) =>
    client.claimKeyId({ authMethod, signer: contracts.signer ?? owner, mintCallback: mintWith(contracts) });
  const walletMethod = (signer) => EthWalletProvider.authenticate({ signer, litNodeClient: client });
  const tokenMethod = async (sub) => ({ authMethodType: GOOGLE_JWT, accessToken: await idToken(sub) });

  const sessions = new Map();
  for (const wallet of [owner, permitted, stranger]) sessions.set(wallet, await sessionOf(client, wallet, [SIGNING, RUNNING]));
  const sign = async (sessionSigs, pubKey) =>
    ethers.utils.recoverPublicKey(toSign, (await client.pkpSign({ toSign, pubKey, sessionSigs })).signature).slice(2);

  // What SDK, chain and nodes say of one claimed key.
  const known = async ({ keyId, pubkey, tokenId, wallet }) => ({
    sdk: await client.computeHDPubKey(keyId),
    claimed: pubkey,
    derivedOnChain: (await router.getDerivedPubkey(staking, keyId)).slice(2),
    routed: (await router.getRoutingData(tokenId)).derivedKeyId === keyId,
    token: (await owners.pkpNftContract.read.getPubkey(tokenId)).slice(2),
    nodes: await sign(sessions.get(wallet), pubkey),
    tokenId: ethers.utils.keccak256(`0x${pubkey}`) === tokenId,
  });

  const byWallet = await claim(permitteds, await walletMethod(permitted));
  const byToken = await claim(owners, await tokenMethod('nine'));
  const tokens = [byWallet, byToken].map(({ mintTx }) => JSON.parse(mintTx).tokenId);
  const found = {
    roots: client.hdRootPubkeys,
    chainRoots: (await router.getRootKeys(staking)).map(({ pubkey }) => pubkey.slice(2)),
    signatures: byWallet.signatures.length,
    wallet: await known({ keyId: client.computeHDKeyId(permitted.address, 'lit'), pubkey: byWallet.pubkey, tokenId: tokens[0], wallet: permitted }),
    token: await known({ keyId: client.computeHDKeyId('nine', 'app-9'), pubkey: byToken.pubkey, tokenId: tokens[1], wallet: owner }),
  };

  // A session of the claimed key, opened by the wallet that owns it; and the key within an action.
  const pkpSession = await client.getPkpSessionSigs({
    pkpPublicKey: byWallet.pubkey,
    authMethods: [await walletMethod(permitted)],
    chain: 'ethereum',
    expiration: soon(),
    resourceAbilityRequests: [SIGNING],
  });
  await (await permitteds.pkpPermissionsContract.write.addPermittedAddress(tokens[0], ethers.utils.computeAddress(`0x${byWallet.pubkey}`), [1])).wait();
  const ran = await client.executeJs({
    code: `LitActions.signEcdsa({ toSign, publicKey, sigName: 'sig' })`,
    jsParams: { toSign: [...toSign], publicKey: byWallet.pubkey },
    sessionSigs: sessions.get(permitted),
  });
  found.used = {
    session: await refusal(sign(pkpSession, byToken.pubkey)).then(({ info }) => info.errorCode),
    action: ethers.utils.recoverPublicKey(toSign, ran.signatures.sig.signature).slice(2),
  };

  // An action's keys: one that anybody may mint, one for its caller alone.
  const { claims, response } = await client.executeJs({ code, sessionSigs: sessions.get(owner) });
  const { treasury, reserve } = claims;
  const mint = (contracts, one) => mintWith(contracts)({ ...one, pubkey: null }).then((minted) => JSON.parse(minted).tokenId);
  const mintedByOwner = await mint(owners, treasury);
  found.reserveByStranger = await refusal(mint(strangers, reserve));
  const reserved = await mint(owners, reserve);
  const actionKey = async (keyId, one, tokenId) => {
    const id = client.computeHDKeyId(keyId, response.cid, true);
    return { id: id === `0x${one.derivedKeyId}`, ...(await known({ keyId: id, pubkey: await client.computeHDPubKey(id), tokenId, wallet: owner })) };
  };
  found.treasury = await actionKey('treasury', treasury, mintedByOwner);
  found.reserve = await actionKey('reserve', reserve, reserved);

  // What is refused.
  const unclaimed = await client.computeHDPubKey(client.computeHDKeyId('nobody', 'app-9'));
  const other = await client.claimKeyId({ authMethod: await tokenMethod('ten'), signer: owner, mintCallback: async () => '' });
  found.refused = {
    again: await refusal(claim(permitteds, await walletMethod(permitted))),
    fewSignatures: await refusal(mint(owners, { derivedKeyId: other.claimedKeyId, signatures: [0, 0, 1, 1].map((at) => other.signatures[at]) })),
    otherName: await refusal(mint(owners, { derivedKeyId: other.claimedKeyId, signatures: byToken.signatures })),
    unclaimed: await refusal(sign(sessions.get(owner), unclaimed)),
    stranger: await refusal(sign(sessions.get(stranger), byToken.pubkey)),
    forged: await refusal(claim(owners, { authMethodType: GOOGLE_JWT, accessToken: `${(await idToken('nine')).slice(0, -8)}AAAAAAAA` })),
    discord: await refusal(claim(owners, { authMethodType: 4, accessToken: 'no token' })),
    passkey: await refusal(claim(owners, { authMethodType: WEBAUTHN, accessToken: '{}' })),
    root: await refusal(sign(sessions.get(owner), client.hdRootPubkeys[0])),
  };

  // Burned: nobody signs with it, and nobody claims it again.
  await (await owners.pkpNftContract.write.burn(tokens[1])).wait();
  found.burned = {
    signing: await refusal(sign(sessions.get(owner), byToken.pubkey)),
    claiming: await refusal(claim(owners, await tokenMethod('nine'))),
  };
  return found;
});
