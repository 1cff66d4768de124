// Encrypt texts and files, decrypt them with session signatures and with an AuthSig; a stranger gets the SDK's own error.
import { createSiweMessage, generateAuthSig } from '@lit-protocol/auth-helpers';
import { decryptFromJson, decryptToFile, decryptToString, encryptFile, encryptString, encryptToJson } from '@lit-protocol/encryption';

import { network, owner, refusal, run, sessionOf, soon, stranger } from './votive.mjs';

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
  const json = await encryptToJson({ accessControlConditions, chain, string: 'as JSON', litNodeClient: client });
  const asked = { accessControlConditions, chain, ...text };
  const bytes = await decryptToFile({ accessControlConditions, chain, ...file, sessionSigs }, client);
  return {
    hash: text.dataToEncryptHash,
    bySession: await decryptToString({ ...asked, sessionSigs }, client),
    byAuthSig: await decryptToString({ ...asked, authSig: await authSigOf(client, owner) }, client),
    fromJson: await decryptFromJson({ sessionSigs, litNodeClient: client, parsedJsonData: JSON.parse(json) }),
    votives: await decryptToString({ ...network.encrypted, sessionSigs }, client),
    json: JSON.parse(json),
    file: { length: bytes.length, same: bytes.every((byte) => byte === 7) },
    strangersSession: await refusal(decryptToString({ ...asked, sessionSigs: strangers }, client)),
    strangersAuthSig: await refusal(decryptToString({ ...asked, authSig: await authSigOf(client, stranger) }, client)),
    otherConditions: await refusal(
      decryptToString({ ...asked, accessControlConditions: strangersConditions, sessionSigs: strangers }, client),
    ),
  };
});
