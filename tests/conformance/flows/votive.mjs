// What an application written for Lit's Datil network changes: the addresses in its configuration. All else here is how Lit's own
// documentation opens sessions. A program is called with the file that describes the network, and ends by printing what it found.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

import {
  LitAccessControlConditionResource,
  LitActionResource,
  LitPKPResource,
  createSiweMessageWithRecaps,
  generateAuthSig,
} from '@lit-protocol/auth-helpers';
import { LitNodeClientNodeJs } from '@lit-protocol/lit-node-client-nodejs';
import { ethers } from 'ethers';

export const network = JSON.parse(readFileSync(process.argv[2], 'utf8'));
export const provider = new ethers.providers.JsonRpcProvider(network.client.rpcUrl);
export const [owner, permitted, stranger] = network.accounts.map((key) => new ethers.Wallet(key, provider));

export const SIGNING = { resource: new LitPKPResource('*'), ability: 'pkp-signing' };
export const RUNNING = { resource: new LitActionResource('*'), ability: 'lit-action-execution' };
export const DECRYPTING = { resource: new LitAccessControlConditionResource('*'), ability: 'access-control-condition-decryption' };

export const soon = () => new Date(Date.now() + 10 * 60 * 1000).toISOString();

export async function connected() {
  const client = new LitNodeClientNodeJs(network.client);
  client._blockHashUrl = network.blockhash_url; // once that of the handshake is 30 s old
  await client.connect();
  return client;
}

export function sessionOf(client, wallet, requests = [SIGNING, RUNNING, DECRYPTING], more = {}) {
  const authNeededCallback = async ({ uri, expiration, resourceAbilityRequests }) => {
    const toSign = await createSiweMessageWithRecaps({
      uri,
      expiration,
      resources: resourceAbilityRequests,
      walletAddress: wallet.address,
      nonce: await client.getLatestBlockhash(),
      litNodeClient: client,
      domain: more.domain ?? 'localhost',
    });
    return generateAuthSig({ signer: wallet, toSign });
  };
  return client.getSessionSigs({ chain: 'ethereum', expiration: soon(), resourceAbilityRequests: requests, authNeededCallback, ...more });
}

// The error that `attempt` must end with, as the SDK gives it to an application.
export async function refusal(attempt) {
  try {
    await attempt;
  } catch (error) {
    const { name, code, kind, message, info } = error;
    return { name, code, kind, message, info };
  }
  throw new Error('this should have been refused');
}

// Tell the test that it may act, and wait until it has.
export async function pause(for_) {
  const lines = createInterface({ input: process.stdin });
  console.log(JSON.stringify({ pause: for_ }));
  await lines[Symbol.asyncIterator]().next();
  lines.close();
}

// Run `flow` with a connected client, print what it returns as the last line, disconnect.
export async function run(flow) {
  const client = await connected();
  const found = await flow(client);
  await client.disconnect();
  console.log(JSON.stringify(found));
  process.exit(0);
}
