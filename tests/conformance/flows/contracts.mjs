// LitContracts: keys are minted, permitted, handed on and burned, and the nodes do as the chain then says.
import { createSiweMessage, generateAuthSig } from '@lit-protocol/auth-helpers';
import { AUTH_METHOD_SCOPE, AUTH_METHOD_TYPE } from '@lit-protocol/constants';
import { LitContracts } from '@lit-protocol/contracts-sdk';
import { ethers } from 'ethers';

import { network, owner, permitted, refusal, run, sessionOf, stranger } from './votive.mjs';

const { SignAnything, PersonalSign } = AUTH_METHOD_SCOPE;
const toSign = ethers.utils.arrayify(ethers.utils.id('after what the chain says'));
const CREDENTIAL = ethers.utils.id('a credential');
const CUSTOM = 4242;

async function litContracts(signer) {
  const contracts = new LitContracts({ ...network.contracts, signer });
  await contracts.connect();
  return contracts;
}

const mined = async (sent) => (await (await sent).wait()).transactionHash;

// A mint: where an application finds its token, and its events as the ABIs of the SDK's contracts read them.
async function mintedBy(contracts, sent) {
  const receipt = await (await sent).wait();
  const { pkpNftContract, pkpPermissionsContract } = contracts;
  const abiOf = ({ address }) => (address === pkpNftContract.read.address ? pkpNftContract : pkpPermissionsContract).read.interface;
  return {
    hash: receipt.transactionHash,
    tokenId: receipt.events[0].topics[1],
    events: receipt.logs.map((log) => abiOf(log).parseLog(log).name),
  };
}

// What a key's permissions are, as LitContracts reads them.
async function permissionsOf(contracts, tokenId) {
  const { read } = contracts.pkpPermissionsContract;
  const scopes = await read.getPermittedAuthMethodScopes(tokenId, CUSTOM, CREDENTIAL, 5);
  return {
    actions: (await read.getPermittedActions(tokenId)).map(contracts.utils.getMultihashFromBytes),
    addresses: await read.getPermittedAddresses(tokenId),
    methods: (await read.getPermittedAuthMethods(tokenId)).map(({ authMethodType, id, userPubkey }) => [authMethodType.toNumber(), id, userPubkey]),
    scopes: scopes.flatMap((present, scope) => (present ? [scope] : [])),
  };
}

await run(async (client) => {
  const [owners, permitteds, strangers] = await Promise.all([owner, permitted, stranger].map(litContracts));
  const nft = owners.pkpNftContract;
  const sessions = new Map();
  for (const wallet of [owner, permitted, stranger]) sessions.set(wallet, await sessionOf(client, wallet));
  const sign = async (wallet, publicKey) =>
    ethers.utils.recoverPublicKey(toSign, (await client.pkpSign({ toSign, pubKey: publicKey, sessionSigs: sessions.get(wallet) })).signature);

  // mint
  const mintCost = await nft.read.mintCost();
  const { pkp, tx } = await owners.pkpNftContractUtils.write.mint();
  const { tokenId } = pkp;
  const publicKey = `0x${pkp.publicKey}`;
  const found = {
    mintCost: mintCost.toString(),
    unpaid: await refusal(nft.write.mintNext(2, { value: mintCost.add(1), gasLimit: 1_000_000 }).then((sent) => sent.wait())),
    minted: { ...pkp, hash: tx.hash },
    raw: await mintedBy(owners, nft.write.mintNext(2, { value: mintCost })),
    mine: await owners.pkpNftContractUtils.read.getTokensByAddress(owner.address),
    info: await owners.pkpNftContractUtils.read.getTokensInfoByAddress(owner.address),
    first: await owners.pkpNftContractUtils.read.getTokens(1),
    signedByOwner: await sign(owner, publicKey),
    refusedBefore: await refusal(sign(permitted, publicKey)),
  };

  // permit, look, revoke
  const util = owners.pkpPermissionsContractUtils;
  const { write, read } = owners.pkpPermissionsContract;
  const method = { pkpTokenId: tokenId, authMethodType: CUSTOM, authMethodId: ethers.utils.arrayify(CREDENTIAL) };
  found.granted = [
    (await owners.addPermittedAction({ ipfsId: network.published_cid, pkpTokenId: tokenId, authMethodScopes: [PersonalSign] })).transactionHash,
    (await (await util.write.addPermittedAction(tokenId, network.signing_cid)).wait()).transactionHash,
    (await (await util.write.addPermittedAddress(tokenId, permitted.address)).wait()).transactionHash,
    (await owners.addPermittedAuthMethod({ ...method, authMethodScopes: [SignAnything, 3] })).transactionHash,
    await mined(write.addPermittedAuthMethodScope(tokenId, CUSTOM, CREDENTIAL, 4)),
    await mined(write.removePermittedAuthMethodScope(tokenId, CUSTOM, CREDENTIAL, 3)),
  ];
  found.permissions = await permissionsOf(owners, tokenId);
  found.utils = {
    actions: (await util.read.getPermittedActions(tokenId)).map(owners.utils.getMultihashFromBytes),
    addresses: await util.read.getPermittedAddresses(tokenId),
  };
  found.permittedAction = await util.read.isPermittedAction(tokenId, network.signing_cid);
  found.permittedAddress = await util.read.isPermittedAddress(BigInt(tokenId).toString(), permitted.address);
  found.personalOnly = await Promise.all([SignAnything, PersonalSign].map((scope) =>
    read.isPermittedAuthMethodScopePresent(tokenId, AUTH_METHOD_TYPE.LitAction, owners.utils.getBytesFromMultihash(network.published_cid), scope)));
  found.signedByPermitted = await sign(permitted, publicKey);
  found.strangersGrant = await refusal(strangers.addPermittedAction({ ipfsId: network.signing_cid, pkpTokenId: tokenId, authMethodScopes: [SignAnything] }));
  await (await util.write.revokePermittedAction(tokenId, network.signing_cid)).wait();
  await mined(write.removePermittedAddress(tokenId, permitted.address));
  await mined(write.removePermittedAuthMethod(tokenId, CUSTOM, CREDENTIAL));
  await owners.addPermittedAuthMethod({ ...method, authMethodScopes: [2] });
  found.revoked = await permissionsOf(owners, tokenId);
  found.refusedAfter = await refusal(sign(permitted, publicKey));

  // mint, grant and burn: one action, and nobody
  const cid = owners.utils.getBytesFromMultihash(network.signing_cid);
  const burned = await mintedBy(owners, nft.write.mintGrantAndBurnNext(2, cid, { value: mintCost }));
  const burnedKey = await nft.read.getPubkey(burned.tokenId);
  const execute = (how) => client.executeJs({ sessionSigs: sessions.get(stranger), jsParams: { toSign: [...toSign], publicKey: burnedKey }, ...how });
  const byAction = await execute({ ipfsId: network.signing_cid });
  found.burned = {
    ...burned,
    exists: await nft.read.exists(burned.tokenId),
    publicKey: burnedKey,
    permissions: await permissionsOf(owners, burned.tokenId),
    signed: ethers.utils.recoverPublicKey(toSign, byAction.signatures.sig.signature),
    otherAction: await refusal(execute({ code: `(async () => { await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'sig' }); })()` })),
    minter: await refusal(sign(owner, burnedKey)),
    grant: await refusal(owners.addPermittedAction({ ipfsId: network.published_cid, pkpTokenId: burned.tokenId })),
  };

  // PKPHelper
  const toldBy = { signer: owner, toSign: await createSiweMessage({ walletAddress: owner.address, nonce: await client.getLatestBlockhash() }) };
  const accessToken = JSON.stringify(await generateAuthSig(toldBy));
  const wallets = await owners.mintWithAuth({ authMethod: { authMethodType: AUTH_METHOD_TYPE.EthWallet, accessToken }, scopes: [SignAnything] });
  const custom = await owners.mintWithCustomAuth({ authMethodType: CUSTOM, authMethodId: ethers.utils.arrayify(CREDENTIAL), scopes: [SignAnything] });
  const two = await mintedBy(owners, owners.pkpHelperContractUtil.write.mintNextAndAddAuthMethods({
    keyType: 2,
    permittedAuthMethodTypes: [AUTH_METHOD_TYPE.LitAction, CUSTOM],
    permittedAuthMethodIds: [cid, CREDENTIAL],
    permittedAuthMethodPubkeys: ['0x', '0x1234'],
    permittedAuthMethodScopes: [[SignAnything], [PersonalSign, 3]],
    addPkpEthAddressAsPermittedAddress: false,
    sendPkpToItself: false,
  }));
  found.helped = {
    wallets: wallets.pkp,
    itself: { ...custom.pkp, hash: custom.tx.transactionHash, owner: await nft.read.ownerOf(custom.pkp.tokenId) },
    two: { ...two, owner: await nft.read.ownerOf(two.tokenId), permissions: await permissionsOf(owners, two.tokenId) },
  };

  // hand on, burn
  found.transfer = await mined(nft.write.transferFrom(owner.address, permitted.address, tokenId));
  found.signedByBuyer = await sign(permitted, publicKey);
  found.refusedSeller = await refusal(sign(owner, publicKey));
  found.sellersBurn = await refusal(nft.write.burn(tokenId, { gasLimit: 500_000 }).then((sent) => sent.wait()));
  found.burn = await mined(permitteds.pkpNftContract.write.burn(tokenId));
  found.refusedBurned = await refusal(sign(permitted, publicKey));
  found.left = { publicKey: await nft.read.getPubkey(tokenId), exists: await nft.read.exists(tokenId) };
  return found;
});
