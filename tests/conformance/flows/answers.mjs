// One call of every kind, so that every kind of answer comes: what came is judged, not what this program makes of it.
import { decryptToString, encryptString } from '@lit-protocol/encryption';
import { EthWalletProvider } from '@lit-protocol/lit-auth-client';
import { ethers } from 'ethers';

import { RUNNING, SIGNING, network, owner, refusal, run, sessionOf, soon, stranger } from './votive.mjs';

const chain = network.condition_chain;
const toSign = ethers.utils.arrayify(ethers.utils.id('judged'));
const { public_key: publicKey } = network.key;
const signs = `(async () => {
  await Lit.Actions.signEcdsa({ toSign: new Uint8Array(toSign), publicKey, sigName: 'judged' });
  await Lit.Actions.claimKey({ keyId: 'judged' });
  console.log('signed');
})();`;
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

await run(async (client) => {
  const sessionSigs = await sessionOf(client, owner);
  const claimant = await EthWalletProvider.authenticate({ signer: owner, litNodeClient: client });
  const encrypted = await encryptString({ accessControlConditions, dataToEncrypt: 'judged' }, client);
  const decrypt = (sessionSigs) => decryptToString({ accessControlConditions, chain, ...encrypted, sessionSigs }, client);

  client._blockHashUrl = network.blockhash_url;
  client.lastBlockHashRetrieved = 0;
  await client.getLatestBlockhash();
  await client.getPkpSessionSigs({
    pkpPublicKey: publicKey,
    chain: 'ethereum',
    expiration: soon(),
    resourceAbilityRequests: [SIGNING, RUNNING],
    authMethods: [claimant],
  });
  await client.pkpSign({ toSign, pubKey: publicKey, sessionSigs });
  await client.executeJs({ code: signs, jsParams: { toSign: [...toSign], publicKey }, sessionSigs });
  await client.claimKeyId({ authMethod: claimant, signer: owner, mintCallback: async () => 'not minted' });
  await decrypt(sessionSigs);
  await refusal(decrypt(await sessionOf(client, stranger)));
  await refusal(client.executeJs({ code: `throw new Error('judged')`, sessionSigs }));
  return {};
});
