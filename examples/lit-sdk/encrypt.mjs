// Encrypt a text to a condition on chain; whoever meets it can decrypt it, and nobody else.
import { decryptToString, encryptString } from '@lit-protocol/encryption';
import { ethers } from 'ethers';

import { called, clientOf, configuration, sessionOf, walletOf } from './votive.mjs';

const [file, privateKey] = called('encrypt.mjs network.json PRIVATE_KEY');
const network = configuration(file);
const chain = network.condition_chain;

// Whoever has a coin on the network's own chain.
const accessControlConditions = [
  {
    contractAddress: '',
    standardContractType: '',
    chain,
    method: 'eth_getBalance',
    parameters: [':userAddress', 'latest'],
    returnValueTest: { comparator: '>=', value: ethers.utils.parseEther('1').toString() },
  },
];

const client = await clientOf(network);
const secret = await encryptString({ accessControlConditions, dataToEncrypt: 'for few eyes' }, client);
console.log(`encrypted: ${secret.ciphertext.slice(0, 40)}…`);

async function decrypt(wallet) {
  const sessionSigs = await sessionOf(client, wallet);
  return decryptToString({ accessControlConditions, chain, sessionSigs, ...secret }, client);
}

console.log(`who has a coin reads: ${await decrypt(walletOf(network, privateKey))}`);
await decrypt(ethers.Wallet.createRandom()).catch((error) => console.log(`who has none: refused, ${error.info.errorCode}`));
await client.disconnect();
process.exit(0);
