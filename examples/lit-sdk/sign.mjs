// Mint a key and have the network sign with it: four nodes, none of which knows the key.
import { ethers } from 'ethers';

import { called, clientOf, configuration, contractsOf, sessionOf, walletOf } from './votive.mjs';

const [file, privateKey] = called('sign.mjs network.json PRIVATE_KEY');
const network = configuration(file);
const wallet = walletOf(network, privateKey);

const contracts = await contractsOf(network, wallet);
const { pkp } = await contracts.pkpNftContractUtils.write.mint();
console.log(`minted ${pkp.ethAddress}, token ${pkp.tokenId}`);

const client = await clientOf(network);
const sessionSigs = await sessionOf(client, wallet);
const digest = ethers.utils.hashMessage('signed by a key that nobody holds');
const { signature } = await client.pkpSign({ toSign: ethers.utils.arrayify(digest), pubKey: pkp.publicKey, sessionSigs });
await client.disconnect();

console.log(`signature ${signature}`);
console.log(`made by ${ethers.utils.recoverAddress(digest, signature)}`);
process.exit(0);
