// Encrypt texts, bytes, files and an archive of files, decrypt them with session signatures and with an AuthSig; a stranger gets the
// SDK's own error. An archive is a file: this version of Lit's SDK has no zip of its own any more, an application brings one.
import { readFileSync, writeFileSync } from 'node:fs';

import { createSiweMessage, generateAuthSig } from '@lit-protocol/auth-helpers';
import * as encryption from '@lit-protocol/encryption';

import { network, owner, refusal, run, sessionOf, soon, stranger } from './votive.mjs';

const { decryptFromJson, decryptToFile, decryptToString, decryptToUint8Array, encryptFile, encryptString, encryptToJson, encryptUint8Array } =
  encryption;
const chain = network.condition_chain;
const accessControlConditions = [
  {
    contractAddress: '',
    standardContractType: '',
    chain,
    method: '',
    parameters: [':userAddress'],
    returnValueTest: { comparator: '=', value: owner.address },
  },
];
const strangersConditions = [{ ...accessControlConditions[0], returnValueTest: { comparator: '=', value: stranger.address } }];

const namesFiles = (bytes) => bytes.includes('letters/ann.txt');

async function authSigOf(client, wallet) {
  const nonce = await client.getLatestBlockhash();
  const walletAddress = wallet.address;
  const place = { uri: 'http://localhost', domain: 'localhost' };
  const toSign = await createSiweMessage({ walletAddress, nonce, expiration: soon(), ...place, litNodeClient: client });
  return generateAuthSig({ signer: wallet, toSign });
}

await run(async (client) => {
  const sessionSigs = await sessionOf(client, owner);
  const strangers = await sessionOf(client, stranger);
  const text = await encryptString({ accessControlConditions, dataToEncrypt: 'for the owner ✓' }, client);
  const file = await encryptFile({ accessControlConditions, file: new Blob([new Uint8Array(5000).fill(7)]) }, client);
  const archive = await encryptFile({ accessControlConditions, file: new Blob([readFileSync(network.archive)]) }, client);
  const some = await encryptUint8Array({ accessControlConditions, dataToEncrypt: new Uint8Array([0, 127, 255]) }, client);
  const json = await encryptToJson({ accessControlConditions, chain, string: 'as JSON', litNodeClient: client });
  const fileJson = await encryptToJson({ accessControlConditions, chain, file: new Blob(['a file as JSON']), litNodeClient: client });
  const asked = { accessControlConditions, chain, ...text };
  const bytes = await decryptToFile({ accessControlConditions, chain, ...file, sessionSigs }, client);
  writeFileSync(`${network.archive}.decrypted`, await decryptToFile({ accessControlConditions, chain, ...archive, sessionSigs }, client));
  return {
    zips: Object.keys(encryption).filter((name) => /zip/i.test(name)),
    archiveNames: { plain: namesFiles(readFileSync(network.archive)), encrypted: namesFiles(Buffer.from(archive.ciphertext, 'base64')) },
    some: [...(await decryptToUint8Array({ accessControlConditions, chain, ...some, sessionSigs }, client))],
    hash: text.dataToEncryptHash,
    bySession: await decryptToString({ ...asked, sessionSigs }, client),
    byAuthSig: await decryptToString({ ...asked, authSig: await authSigOf(client, owner) }, client),
    fromJson: await decryptFromJson({ sessionSigs, litNodeClient: client, parsedJsonData: JSON.parse(json) }),
    fileFromJson: Buffer.from(
      await decryptFromJson({ sessionSigs, litNodeClient: client, parsedJsonData: JSON.parse(fileJson) }),
    ).toString(),
    votives: await decryptToString({ ...network.encrypted, sessionSigs }, client),
    json: JSON.parse(json),
    file: { length: bytes.length, same: bytes.every((byte) => byte === 7) },
    strangersSession: await refusal(decryptToString({ ...asked, sessionSigs: strangers }, client)),
    strangersAuthSig: await refusal(decryptToString({ ...asked, authSig: await authSigOf(client, stranger) }, client)),
    strangersArchive: await refusal(decryptToFile({ accessControlConditions, chain, ...archive, sessionSigs: strangers }, client)),
    otherConditions: await refusal(
      decryptToString({ ...asked, accessControlConditions: strangersConditions, sessionSigs: strangers }, client),
    ),
  };
});
