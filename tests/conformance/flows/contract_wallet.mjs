// A contract wallet (EIP-1271) opens a session: the contract says which signatures are its own, and the chain what it may use.
import { createSiweMessageWithRecaps } from '@lit-protocol/auth-helpers';
import { ethers } from 'ethers';

import { deployed } from './deployed.mjs';
import { network, owner, permitted, refusal, run, sessionOf, stranger } from './votive.mjs';

const { token_id: tokenId, public_key: pubKey } = network.key;
const toSign = ethers.utils.arrayify(ethers.utils.id('signed for a contract'));
const code = `Lit.Actions.setResponse({ response: Lit.Auth.authSigAddress })`;
const permissions = new ethers.Contract(
  network.deployed.PKPPermissions,
  [
    'function addPermittedAddress(uint256 tokenId, address user, uint256[] scopes)',
    'function removePermittedAddress(uint256 tokenId, address user)',
  ],
  owner,
);

// isValidSignature(bytes32 hash, bytes signature) of a wallet with one owner: 0x1626ba7e if that is whom ecrecover, the contract at 1, finds.
function walletCode(holder) {
  const steps = [
    '600435 600052', // the hash
    '60a435 60f81c 602052', // v
    '606435 604052', // r
    '608435 606052', // s
    '6020 6000 6080 6000 6001 5afa50', // STATICCALL 1 with these 128 bytes
    `600051 73${holder.slice(2)} 14 631626ba7e 60e01b 02 600052 60206000f3`, // EQ, MUL, RETURN
  ];
  return steps.join('').replaceAll(' ', '').toLowerCase();
}

// A session that rests on what `signer` signed in the name of the contract at `address`.
function sessionOfContract(client, address, signer, chainId = 31337) {
  const authNeededCallback = async ({ uri, expiration, resourceAbilityRequests }) => {
    const nonce = await client.getLatestBlockhash();
    const said = { uri, expiration, resources: resourceAbilityRequests, walletAddress: address, nonce, chainId, domain: 'localhost' };
    const signedMessage = await createSiweMessageWithRecaps({ ...said, litNodeClient: client });
    return { sig: await signer.signMessage(signedMessage), derivedVia: 'EIP1271', signedMessage, address };
  };
  return sessionOf(client, signer, undefined, { authNeededCallback });
}

await run(async (client) => {
  const address = await deployed(walletCode(permitted.address));
  const sign = (sessionSigs) => client.pkpSign({ toSign, pubKey, sessionSigs });
  const session = await sessionOfContract(client, address, permitted);
  const beforeIsPermitted = await refusal(sign(session));
  await (await permissions.addPermittedAddress(tokenId, address, [1])).wait();
  const { signature } = await sign(session);
  const { response } = await client.executeJs({ code, sessionSigs: session });
  const found = {
    address,
    beforeIsPermitted,
    recovered: ethers.utils.recoverAddress(toSign, signature),
    ran: response,
    anotherSigner: await refusal(sign(await sessionOfContract(client, address, stranger))),
    anotherChain: await refusal(sign(await sessionOfContract(client, address, permitted, 1))),
    noContract: await refusal(sign(await sessionOfContract(client, stranger.address, stranger))),
  };
  await (await permissions.removePermittedAddress(tokenId, address)).wait();
  return { ...found, afterwards: await refusal(sign(session)) };
});
