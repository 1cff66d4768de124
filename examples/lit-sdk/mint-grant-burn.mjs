// Mint a key, grant it to one program, and burn the token, in one transaction: from then on nothing but that program can use the key.
import { ethers } from 'ethers';

import { called, clientOf, configuration, contractsOf, sessionOf, walletOf } from './votive.mjs';

const [file, privateKey] = called('mint-grant-burn.mjs network.json PRIVATE_KEY');
const network = configuration(file);
const wallet = walletOf(network, privateKey);
const KEY_TYPE = 2; // ECDSA on secp256k1

const code = `(async () => {
  if (!Number.isSafeInteger(n) || n % 2 !== 0) throw new Error(n + ' is not even');
  await Lit.Actions.ethPersonalSignMessageEcdsa({ message: n + ' is even', publicKey, sigName: 'even' });
})();`;

const client = await clientOf(network);
const contracts = await contractsOf(network, wallet);
const cid = await client.getIpfsId({ str: code });
const { read, write } = contracts.pkpNftContract;
const minting = await write.mintGrantAndBurnNext(KEY_TYPE, ethers.utils.base58.decode(cid), { value: await read.mintCost() });
const [minted] = (await minting.wait()).events;
const tokenId = minted.topics[1];
const publicKey = await read.getPubkey(tokenId);
console.log(`key ${ethers.utils.computeAddress(publicKey)}: only ${cid} can use it, and nobody can change that`);

const sessionSigs = await sessionOf(client, wallet);
const run = (n) => client.executeJs({ code, sessionSigs, jsParams: { n, publicKey } });
const { signatures } = await run(4);
console.log(`4: signed by ${ethers.utils.verifyMessage('4 is even', signatures.even.signature)}`);
await run(5).catch((error) => console.log(`5: refused, ${error.info.errorCode}`));

const toSign = ethers.utils.arrayify(ethers.utils.hashMessage('5 is even'));
await client.pkpSign({ toSign, pubKey: publicKey, sessionSigs }).catch((error) => console.log(`without the program: refused, ${error.info.errorCode}`));
await client.disconnect();
process.exit(0);
