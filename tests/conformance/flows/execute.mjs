// Lit Actions: inline and by CID, parameters of every type, responses of every kind, logs, several signatures, errors.
import { ethers } from 'ethers';

import { network, owner, refusal, run, sessionOf } from './votive.mjs';

const digests = { first: ethers.utils.id('first'), second: ethers.utils.id('second') };
const bytes = (hex) => [...ethers.utils.arrayify(hex)];

const signs = `(async () => {
  for (const { toSign, publicKey, sigName } of wanted) await Lit.Actions.signEcdsa({ toSign: new Uint8Array(toSign), publicKey, sigName });
  console.log('signed', wanted.length);
  Lit.Actions.setResponse({ response: JSON.stringify({ signed: wanted.map(({ sigName }) => sigName) }) });
})();`;
const names = ['text', 'number', 'big', 'fraction', 'yes', 'nothing', 'list', 'nested', 'bytes', 'words', 'buffer', 'view', 'inside', 'date'];
const echoes = `Lit.Actions.setResponse({ response: { ${names.join(', ')}, missing: typeof missing } });`;
const numbers = new Uint8Array([7, 0, 127, 255, 7]);
const jsParams = {
  text: 'tëxt ✓',
  number: 42,
  big: Number.MAX_SAFE_INTEGER,
  fraction: 0.5,
  yes: true,
  nothing: null,
  list: [1, 'two', [3]],
  nested: { deep: { deeper: [] } },
  bytes: new Uint8Array([0, 127, 255]),
  words: new Uint16Array([1, 65535]),
  buffer: new Uint8Array([1, 2]).buffer,
  view: new DataView(numbers.buffer, 1, 3),
  inside: { bytes: new Uint8Array([9]) },
  date: new Date(0),
  missing: undefined,
};
const responses = { object: `{ b: 1, a: [true, null] }`, array: `[1, 'two']`, number: `0.5`, text: `'plain text'`, json: `'{ "a":  1 }'` };
const signsOne = `(async () => {
  await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'one' });
  Lit.Actions.setResponse({ response: RESPONSE });
})();`;

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
  const answered = {};
  for (const [name, response] of Object.entries(responses)) {
    const alone = await execute({ code: `Lit.Actions.setResponse({ response: ${response} })` });
    const params = { toSign: bytes(digests.first), publicKey: network.key.public_key };
    const signed = await execute({ code: signsOne.replace('RESPONSE', response), jsParams: params });
    answered[name] = [alone.response, signed.response];
  }
  const differing = { code: `Lit.Actions.setResponse({ response: String(Math.random()) })` };
  const all = (strategy) => ({ strategy: 'custom', customFilter: strategy });
  const logged = await execute({ code: `console.log('one', { two: 2 }); console.error('three');` });
  return {
    signed: Object.fromEntries(
      Object.entries(inline.signatures).map(([name, { signature }]) => [name, ethers.utils.recoverAddress(digests[name], signature)]),
    ),
    inline: { response: inline.response, logs: inline.logs },
    byCid: await execute({ ipfsId: network.published_cid, jsParams: { name: 'Ann' } }),
    echoed: JSON.parse((await execute({ code: echoes, jsParams })).response),
    logged,
    answered,
    differing: {
      all: (await execute({ ...differing, responseStrategy: all((given) => given) })).response,
      mostCommon: (await execute({ ...differing, responseStrategy: { strategy: 'mostCommon' } })).response,
      byDefault: (await execute(differing)).response,
    },
    details: inline.signatures,
    digests,
    common: (
      await execute({ code: `Lit.Actions.setResponse({ response: 'all say this' })`, responseStrategy: { strategy: 'mostCommon' } })
    ).response,
    chosen: (
      await execute({
        code: `Lit.Actions.setResponse({ response: 'all say this' })`,
        responseStrategy: all((given) => ({ count: given.length })),
      })
    ).response,
    single: (await execute({ code: `Lit.Actions.setResponse({ response: 'one node says this' })`, useSingleNode: true })).response,
    thrown: await refusal(execute({ code: `throw new TypeError('thrown by the action')` })),
    rejected: await refusal(execute({ code: `(async () => { await null; throw new Error('rejected by the action'); })()` })),
    noResponse: await refusal(execute({ code: `Lit.Actions.setResponse({ response: () => 1 })` })),
    reservedName: await refusal(execute({ code: `1`, jsParams: { Lit: 'mine' } })),
    unknownCid: await refusal(execute({ ipfsId: network.nowhere_cid })),
  };
});
