// All that is Votive's here: the configuration that `votive lit-config` wrote. The rest is how any application of Lit's opens a session.
import { readFileSync } from 'node:fs';

import {
  LitAccessControlConditionResource,
  LitActionResource,
  LitPKPResource,
  createSiweMessageWithRecaps,
  generateAuthSig,
} from '@lit-protocol/auth-helpers';
import { LitContracts } from '@lit-protocol/contracts-sdk';
import { LitNodeClientNodeJs } from '@lit-protocol/lit-node-client-nodejs';
import { ethers } from 'ethers';

// The words of the command line; where there are too few, say how the program is called, and end.
export function called(usage, least = 2) {
  const words = process.argv.slice(2);
  if (words.length >= least) return words;
  console.error(`node ${usage}`);
  process.exit(1);
}

export const configuration = (file) => JSON.parse(readFileSync(file, 'utf8'));

export const walletOf = (network, privateKey) =>
  new ethers.Wallet(privateKey, new ethers.providers.JsonRpcProvider(network.client.rpcUrl));

export async function clientOf(network) {
  const client = new LitNodeClientNodeJs({ ...network.client, debug: false });
  client._blockHashUrl = network.blockhash_url; // else, 30 seconds after `connect`, the SDK asks a server of Lit's
  await client.connect();
  return client;
}

export async function contractsOf(network, signer) {
  const contracts = new LitContracts({ ...network.contracts, signer });
  await contracts.connect();
  return contracts;
}

const EVERYTHING = [
  { resource: new LitPKPResource('*'), ability: 'pkp-signing' },
  { resource: new LitActionResource('*'), ability: 'lit-action-execution' },
  { resource: new LitAccessControlConditionResource('*'), ability: 'access-control-condition-decryption' },
];

// Session signatures by which `wallet` may do for ten minutes whatever it may do itself.
export function sessionOf(client, wallet, resourceAbilityRequests = EVERYTHING) {
  return client.getSessionSigs({
    chain: 'ethereum',
    expiration: new Date(Date.now() + 10 * 60 * 1000).toISOString(),
    resourceAbilityRequests,
    authNeededCallback: async ({ uri, expiration, resourceAbilityRequests: resources }) => {
      const nonce = await client.getLatestBlockhash();
      const asked = { uri, expiration, resources, walletAddress: wallet.address, nonce, domain: 'localhost', litNodeClient: client };
      return generateAuthSig({ signer: wallet, toSign: await createSiweMessageWithRecaps(asked) });
    },
  });
}
