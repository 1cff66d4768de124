// Claim the key that follows from a wallet's address: a user of an application has one before anybody mints it.
import { createSiweMessage, generateAuthSig } from '@lit-protocol/auth-helpers';
import { ethers } from 'ethers';

import { called, clientOf, configuration, contractsOf, sessionOf, walletOf } from './votive.mjs';

const [file, privateKey] = called('claim.mjs network.json PRIVATE_KEY');
const network = configuration(file);
const wallet = walletOf(network, privateKey);
const WALLET = 1; // the type of the authentication method

const client = await clientOf(network);
const contracts = await contractsOf(network, wallet);

// The key's public half is known of its name alone: who it is for, and in which application.
const keyId = client.computeHDKeyId(wallet.address, 'lit');
const publicKey = await client.computeHDPubKey(keyId);
console.log(`the key of ${wallet.address} is ${ethers.utils.computeAddress(`0x${publicKey}`)}`);

// The wallet proves who it is; the nodes sign that the key is its; with their signatures the key is minted.
async function claim() {
  const expiration = new Date(Date.now() + 10 * 60 * 1000).toISOString();
  const nonce = await client.getLatestBlockhash();
  const asked = { uri: 'http://localhost', domain: 'localhost', walletAddress: wallet.address, nonce, expiration };
  const toSign = await createSiweMessage(asked);
  const accessToken = JSON.stringify(await generateAuthSig({ signer: wallet, toSign }));
  const { mintTx } = await client.claimKeyId({
    authMethod: { authMethodType: WALLET, accessToken },
    signer: wallet, // without a signer as well as a callback the SDK turns to a relayer of Lit's
    mintCallback: async ({ derivedKeyId, signatures }) =>
      (await contracts.pkpNftContractUtils.write.claimAndMint(`0x${derivedKeyId}`, signatures)).tokenId,
  });
  return mintTx;
}

const claimed = await contracts.pkpNftContract.read.exists(ethers.utils.keccak256(`0x${publicKey}`));
console.log(claimed ? 'it was claimed before' : `claimed, token ${await claim()}`);

const digest = ethers.utils.hashMessage('signed by a key that follows from a name');
const sessionSigs = await sessionOf(client, wallet);
const { signature } = await client.pkpSign({ toSign: ethers.utils.arrayify(digest), pubKey: publicKey, sessionSigs });
await client.disconnect();

console.log(`signed by ${ethers.utils.recoverAddress(digest, signature)}`);
process.exit(0);
