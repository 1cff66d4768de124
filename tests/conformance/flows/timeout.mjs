// An action that never comes to an end.
import { network, owner, refusal, run, sessionOf } from './votive.mjs';

const code = `console.log('waiting for', what); new Promise(() => {});`;

await run(async (client) => {
  const sessionSigs = await sessionOf(client, owner);
  return { nodes: network.nodes.length, error: await refusal(client.executeJs({ code, sessionSigs, jsParams: { what: 'Godot' } })) };
});
