// What an application written for Lit's Datil network changes in a browser: the addresses in its configuration, which it fetches here from
// beside its page. A program shows what it found, for a person to read and for the test to judge.
import { LitAccessControlConditionResource, LitActionResource, LitPKPResource } from '@lit-protocol/auth-helpers';
import { LitNodeClient } from '@lit-protocol/lit-node-client';

export const network = await (await fetch('network.json')).json();

export const SIGNING = { resource: new LitPKPResource('*'), ability: 'pkp-signing' };
export const RUNNING = { resource: new LitActionResource('*'), ability: 'lit-action-execution' };
export const DECRYPTING = { resource: new LitAccessControlConditionResource('*'), ability: 'access-control-condition-decryption' };

export const soon = () => new Date(Date.now() + 10 * 60 * 1000).toISOString();

export const isUser = (address) => [
  {
    contractAddress: '',
    standardContractType: '',
    chain: network.condition_chain,
    method: '',
    parameters: [':userAddress'],
    returnValueTest: { comparator: '=', value: address },
  },
];

// The error that `attempt` must end with, as the SDK gives it to an application.
export async function refusal(attempt) {
  try {
    await attempt;
  } catch ({ name, code, kind, message, info }) {
    return { name, code, kind, message, info };
  }
  throw new Error('this should have been refused');
}

async function connected(flow) {
  const client = new LitNodeClient(network.client);
  client._blockHashUrl = network.blockhash_url; // the nodes tell a recent block, in place of Lit's own service
  await client.connect();
  try {
    return await flow(client);
  } finally {
    await client.disconnect();
  }
}

function show(state, result) {
  document.querySelector('#state').textContent = state;
  document.querySelector('#result').textContent = JSON.stringify(result, null, 2);
}

// Run `flow` with a connected client and show what it returns.
export function run(flow) {
  connected(flow).then(
    (found) => show('done', found),
    (error) => show('failed', { name: error.name, message: error.message, stack: error.stack }),
  );
}
