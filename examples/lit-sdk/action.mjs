// Run a program at every node. It signs with the caller's key, since the caller owns it.
import { ethers } from 'ethers';

import { called, clientOf, configuration, contractsOf, sessionOf, walletOf } from './votive.mjs';

const [file, privateKey] = called('action.mjs network.json PRIVATE_KEY');
const network = configuration(file);
const wallet = walletOf(network, privateKey);

const code = `(async () => {
  const sum = numbers.reduce((total, number) => total + number, 0);
  const message = 'the sum is ' + sum;
  await Lit.Actions.ethPersonalSignMessageEcdsa({ message, publicKey, sigName: 'sum' });
  console.log('added', numbers.length, 'numbers');
  Lit.Actions.setResponse({ response: JSON.stringify({ message }) });
})();`;

const contracts = await contractsOf(network, wallet);
const { pkp } = await contracts.pkpNftContractUtils.write.mint();

const client = await clientOf(network);
const sessionSigs = await sessionOf(client, wallet);
const result = await client.executeJs({ code, sessionSigs, jsParams: { numbers: [3, 4, 5], publicKey: `0x${pkp.publicKey}` } });
await client.disconnect();

const { message } = result.response;
console.log(`response: ${message}`);
console.log(`logs: ${result.logs.trim()}`);
console.log(`signed by ${ethers.utils.verifyMessage(message, result.signatures.sum.signature)}, which is the key ${pkp.ethAddress}`);
process.exit(0);
