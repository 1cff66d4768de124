// Lit Actions: inline and by CID, parameters of every type, responses, logs, several signatures, an error.
import { ethers } from 'ethers';

import { network, owner, refusal, run, sessionOf } from './votive.mjs';

const digests = { first: ethers.utils.id('first'), second: ethers.utils.id('second') };
const bytes = (hex) => [...ethers.utils.arrayify(hex)];

const signs = `(async () => {
  for (const { toSign, publicKey, sigName } of wanted) await Lit.Actions.signEcdsa({ toSign: new Uint8Array(toSign), publicKey, sigName });
  console.log('signed', wanted.length);
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: wanted.map(({ sigName }) => sigName) }) });
})();`;
const echoes = `Lit.Actions.setResponse({ response: JSON.stringify({ text, number, fraction, yes, nothing, list, nested, bytes }) });`;
const jsParams = {
  text: 'tëxt ✓',
  number: 42,
  fraction: 0.5,
  yes: true,
  nothing: null,
  list: [1, 'two', [3]],
  nested: { deep: { deeper: [] } },
  bytes: new Uint8Array([0, 127, 255]),
};

await run(async (client) => {
  const sessionSigs = await sessionOf(client, owner);
  const execute = (more) => client.executeJs({ sessionSigs, ...more });
  const inline = await execute({
    code: signs,
    jsParams: {
      wanted: [
        { toSign: bytes(digests.first), publicKey: network.key.public_key, sigName: 'first' },
        { toSign: bytes(digests.second), publicKey: network.another_key.public_key, sigName: 'second' },
      ],
    },
  });
  const logged = await execute({ code: `console.log('one', { two: 2 }); console.error('three');` });
  return {
    signed: Object.fromEntries(
      Object.entries(inline.signatures).map(([name, { signature }]) => [name, ethers.utils.recoverAddress(digests[name], signature)]),
    ),
    inline: { response: inline.response, logs: inline.logs },
    byCid: await execute({ ipfsId: network.published_cid, jsParams: { name: 'Ann' } }),
    echoed: JSON.parse((await execute({ code: echoes, jsParams })).response),
    logged,
    text: (await execute({ code: `Lit.Actions.setResponse({ response: 'plain text' })` })).response,
    common: (
      await execute({ code: `Lit.Actions.setResponse({ response: 'all say this' })`, responseStrategy: { strategy: 'mostCommon' } })
    ).response,
    chosen: (
      await execute({
        code: `Lit.Actions.setResponse({ response: 'all say this' })`,
        responseStrategy: { strategy: 'custom', customFilter: (responses) => ({ count: responses.length }) },
      })
    ).response,
    single: (await execute({ code: `Lit.Actions.setResponse({ response: 'one node says this' })`, useSingleNode: true })).response,
    thrown: await refusal(execute({ code: `throw new TypeError('thrown by the action')` })),
    rejected: await refusal(execute({ code: `(async () => { await null; throw new Error('rejected by the action'); })()` })),
    reservedName: await refusal(execute({ code: `1`, jsParams: { Lit: 'mine' } })),
    unknownCid: await refusal(execute({ ipfsId: network.nowhere_cid })),
  };
});
