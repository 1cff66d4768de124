// Nodes that do not answer, that are gone, that start without a chain: the test sees to that while this program waits.
import { LitNodeClientNodeJs } from '@lit-protocol/lit-node-client-nodejs';
import { ethers } from 'ethers';

import { SIGNING, network, owner, pause, refusal, run, sessionOf } from './votive.mjs';

const [alive, , , starting] = network.nodes;

await run(async (client) => {
  const sessionSigs = await sessionOf(client, owner, [SIGNING]);
  const signAt = (node) => {
    client.connectedNodes = new Set([node]); // an SDK that heard of no other
    return refusal(client.pkpSign({ toSign: ethers.utils.randomBytes(32), pubKey: network.key.public_key, sessionSigs }));
  };
  const connect = () => refusal(new LitNodeClientNodeJs({ ...network.client, connectTimeout: 1500 }).connect());

  await pause('a node falls silent');
  const found = { InitError: await connect() };
  await pause('it speaks again, and two nodes end');
  Object.assign(found, { NodeNotEnoughNodes: await signAt(alive), ended: await signAt(starting) });
  await pause('one starts without the chain');
  found.NodeKeyUnavailable = await signAt(starting);
  return found;
});
