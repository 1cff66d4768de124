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

// Nothing goes on without this: say so in one line, and end.
export function end(message) {
  console.error(message);
  process.exit(1);
}

// The words of the command line; where there are too few, say how the program is called.
export function called(usage, least = 2) {
  const words = process.argv.slice(2);
  return words.length >= least ? words : end(`node ${usage}`);
}

// What `file` describes: a network, unless the caller looks for other fields and knows how to make them.
export function configuration(file, fields = ['client', 'contracts'], made = `votive lit-config --json > ${file}`) {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8'));
    if (fields.every((field) => found[field])) return found;
    end(`${file}: ${found.message ?? `has no ${fields.join(' and ')}`}. Make it anew: ${made}`);
  } catch (error) {
    end(`${file}: ${error.message}. Make it: ${made}`);
  }
}

export function walletOf(network, privateKey) {
  const provider = new ethers.providers.JsonRpcProvider(network.client.rpcUrl);
  try {
    return new ethers.Wallet(privateKey, provider);
  } catch {
    return end('PRIVATE_KEY is to be the private_key of an account that `votive status --json` lists: 0x and 64 hexadecimal digits');
  }
}

// The SDK and ethers tell in several ways that nobody listens where the network should be.
process.on('uncaughtException', (error) => {
  const said = [error.message, error.info?.message, error.cause?.message, error.cause?.cause?.message].join();
  if (/could not detect network|fetch failed|ECONNREFUSED/.test(said)) end('the network does not answer: `votive up` starts it');
  end(error);
});

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
