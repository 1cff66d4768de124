// Every way in which nodes refuse, as the SDK gives it to an application. The network of this program has tight limits (test_errors.py).
import { createSiweMessage, generateAuthSig } from '@lit-protocol/auth-helpers';
import { LitNodeClientNodeJs } from '@lit-protocol/lit-node-client-nodejs';
import { ethers } from 'ethers';

import { RUNNING, SIGNING, network, owner, permitted, provider, refusal, run, sessionOf, soon, stranger } from './votive.mjs';

const [DISCORD, GOOGLE_JWT, STYTCH] = [4, 6, 9];
const chain = network.condition_chain;
const { public_key: pubKey, token_id: tokenId } = network.key;
const toSign = ethers.utils.arrayify(ethers.utils.id('refused'));
const crowd = new ethers.Wallet(network.crowd, provider);
const changed = (sigs, change) => Object.fromEntries(Object.entries(sigs).map(([url, sig]) => [url, { ...sig, ...change(sig, url) }]));
const condition = (more) => ({
  contractAddress: '',
  standardContractType: '',
  chain,
  method: '',
  parameters: [':userAddress'],
  returnValueTest: { comparator: '=', value: owner.address },
  ...more,
});
const balanceOn = (chain) => condition({
  chain,
  method: 'eth_getBalance',
  parameters: [':userAddress', 'latest'],
  returnValueTest: { comparator: '>=', value: '0' },
});
const RATE_LIMIT_NFT = ['function mint(uint256 expiresAt) payable', 'function calculateCost(uint256, uint256) view returns (uint256)'];
const whoAsks = 'Lit.Actions.setResponse({ response: Lit.Auth.authSigAddress })';
const signs = (digest) => `(async () => {
  await Lit.Actions.signEcdsa({ toSign: ${digest}, publicKey: '${pubKey}', sigName: 'sig' });
})();`;

async function authSigOf(client, wallet, toSign) {
  const place = { uri: 'http://localhost', domain: 'localhost' };
  const message = { walletAddress: wallet.address, nonce: await client.getLatestBlockhash(), expiration: soon(), ...place };
  return generateAuthSig({ signer: wallet, toSign: toSign ?? (await createSiweMessage({ ...message, litNodeClient: client })) });
}

async function idToken(sub) {
  const request = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ sub, aud: 'app-1' }) };
  return (await (await fetch(`${network.issuer}/token`, request)).json()).id_token;
}

// What `make` made an hour ago, by the clock of this program.
async function anHourAgo(make) {
  const Now = Date;
  const then = () => Now.now() - 3_600_000;
  globalThis.Date = class extends Now {
    constructor(...words) {
      super(...(words.length ? words : [then()]));
    }

    static now() {
      return then();
    }
  };
  try {
    return await make();
  } finally {
    globalThis.Date = Now;
  }
}

// A session of `wallet` beside a delegation by the owner, who buys capacity for it.
async function delegatedTo(client, wallet) {
  const limits = new ethers.Contract(network.deployed.RateLimitNFT, RATE_LIMIT_NFT, owner);
  const expiresAt = Math.floor(Date.now() / 1000) + 24 * 60 * 60;
  await (await limits.mint(expiresAt, { value: await limits.calculateCost(1000, expiresAt) })).wait();
  const delegatees = { dAppOwnerWallet: owner, delegateeAddresses: [wallet.address] };
  const { capacityDelegationAuthSig } = await client.createCapacityDelegationAuthSig({ uses: '10', ...delegatees });
  return sessionOf(client, wallet, [RUNNING], { capabilityAuthSigs: [capacityDelegationAuthSig] });
}

// Ask as an SDK does that knows one node only: it waits for the others, which nobody asked.
function alone(client, ask) {
  const { connectedNodes } = client;
  client.connectedNodes = new Set([network.nodes[0]]);
  const asked = ask();
  client.connectedNodes = connectedNodes;
  return asked;
}

// A right that is taken away while the nodes sign, or moments before they are asked: to callers both are one refusal.
async function withdrawn(client, permissions) {
  provider.pollingInterval = 50;
  const sessionSigs = await sessionOf(client, permitted);
  const sign = async () => client.pkpSign({ toSign: ethers.utils.randomBytes(32), pubKey, sessionSigs });
  for (let round = 0; round < 15; round += 1) {
    await (await permissions.addPermittedAddress(tokenId, permitted.address, [1])).wait();
    const wish = await permissions.populateTransaction.removePermittedAddress(tokenId, permitted.address);
    const removal = await owner.signTransaction(await owner.populateTransaction(wish));
    const signing = [sign(), sign()].map((signed) => signed.then(() => null, (error) => error));
    await new Promise((resolve) => setTimeout(resolve, 20 * (round + 1)));
    await (await provider.sendTransaction(removal)).wait();
    const caught = (await Promise.all(signing)).find((error) => error?.info?.errorCode === 'NodeAuthSigScopeTooLimited');
    if (caught) return refusal(Promise.reject(caught));
  }
  throw new Error('no request was caught in the act');
}

await run(async (client) => {
  client._blockHashUrl = network.blockhash_url;
  const sessionSigs = await sessionOf(client, owner);
  const strangers = await sessionOf(client, stranger);
  const expired = await anHourAgo(() => sessionOf(client, owner));
  const execute = (code, more = {}) => refusal(client.executeJs({ code, sessionSigs, ...more }));
  const sign = (more = {}) => refusal(client.pkpSign({ toSign, pubKey, sessionSigs, ...more }));
  const decrypt = (accessControlConditions, more = { sessionSigs }) =>
    refusal(client.decrypt({ accessControlConditions, chain, ciphertext: 'AAAA', dataToEncryptHash: '11'.repeat(32), ...more }));
  const open = (authMethods, more = {}) =>
    refusal(client.getPkpSessionSigs({
      pkpPublicKey: pubKey,
      chain: 'ethereum',
      expiration: soon(),
      resourceAbilityRequests: [SIGNING, RUNNING],
      authMethods,
      ...more,
    }));
  const permissions = new ethers.Contract(
    network.deployed.PKPPermissions,
    ['function addPermittedAddress(uint256,address,uint256[])', 'function removePermittedAddress(uint256,address)'],
    owner,
  );
  const token = [{ authMethodType: GOOGLE_JWT, accessToken: await idToken('ann') }];
  const found = {};
  const patient = [alone(client, sign), decrypt([balanceOn('polygon')])]; // they take their seconds beside what follows

  // Who asks, and whether it may
  found.NodeInvalidAuthSig = {
    forged: await sign({ sessionSigs: changed(sessionSigs, ({ sig }) => ({ sig: `${sig.slice(0, -2)}00` })) }),
    ofAnotherNode: await sign({ sessionSigs: changed(sessionSigs, (_, url) => sessionSigs[network.nodes.find((node) => node !== url)]) }),
    expired: await decrypt([condition()], { sessionSigs: expired }),
  };
  found.NodeSIWEMessageError = { noMessage: await decrypt([condition()], { authSig: await authSigOf(client, owner, 'let me in') }) };
  found.NodeUnboundAuthSig = { bearer: await decrypt([condition()], { authSig: await authSigOf(client, owner) }) };
  const asWallets = changed(sessionSigs, () => ({ derivedVia: 'web3.eth.personal.sign' }));
  found.unsupported_auth_sig = { noSession: await sign({ sessionSigs: asWallets }) };
  found.NodeInvalidAuthMethod = {
    noToken: await open([{ authMethodType: GOOGLE_JWT, accessToken: 'no.token.atall' }]),
    notOffered: await open([{ authMethodType: STYTCH, accessToken: 'token' }]),
  };
  found.NodeIdentityProviderError = { unreachable: await open([{ authMethodType: DISCORD, accessToken: 'a-token-of-discord' }]) };
  found.NodeAuthSigScopeTooLimited = {
    stranger: await sign({ sessionSigs: strangers }),
    session: await open([{ authMethodType: GOOGLE_JWT, accessToken: await idToken('nobody') }]),
    narrow: await sign({ sessionSigs: await sessionOf(client, owner, [RUNNING]) }),
  };
  found.NodeAccessControlConditionsReturnedNotAuthorized = { stranger: await decrypt([condition()], { sessionSigs: strangers }) };
  Object.assign(client, { latestBlockhash: `0x${'ab'.repeat(32)}`, lastBlockHashRetrieved: Date.now() });
  found.NodeInvalidBlockhash = { unknown: await open(token) };
  client.lastBlockHashRetrieved = 0;

  // What is asked
  found.NodeBadInput = { short: await sign({ toSign: new Uint8Array(31) }), reserved: await execute('1', { jsParams: { Lit: 'mine' } }) };
  found.NodeUnknownKey = { nobodys: await sign({ pubKey: owner.publicKey }) };
  found.NodeTooManyConditions = {
    tooMany: await decrypt(Array.from({ length: 61 }, (_, place) => (place % 2 ? { operator: 'or' } : condition()))),
  };
  found.NodeBodyTooLarge = { large: await sign({ authMethods: [{ authMethodType: 1, accessToken: 'x'.repeat(70_000) }] }) };

  // What actions do
  found.NodeJsExecutionError = { threw: await execute(`throw new TypeError('thrown by the action')`) };
  found.NodeJsTimeoutError = { busy: await execute('for (;;);') };
  found.NodeJsMemoryLimitError = { greedy: await execute('const all = []; for (;;) all.push(new Uint8Array(1 << 24).fill(1));') };
  found.NodeJsLimitExceeded = { verbose: await execute(`Lit.Actions.setResponse({ response: 'x'.repeat(1 << 18) })`) };
  found.NodeCodeTooLarge = { long: await execute(`/* ${'x'.repeat(5000)} */`) };
  found.NodeIpfsError = { nowhere: await execute(undefined, { ipfsId: network.nowhere_cid }) };
  found.NodeCidMismatch = { another: await execute('1', { ipfsId: network.nowhere_cid }) };
  found.NodeFetchRefused = { home: await execute(`(async () => { await fetch('http://127.0.0.1:1/'); })()`) };
  found.NodeFetchFailed = { nobodyThere: await execute(`(async () => { await fetch('http://${network.dead_end}/'); })()`) };
  found.NodeDigestsDiffer = { random: await execute(signs('crypto.getRandomValues(new Uint8Array(32))')) };
  const [unheard, unreachable] = await Promise.all(patient);
  Object.assign(found, { request_timeout: { unheard }, NodeChainError: { unreachable } });

  // How much
  const sleeps = `(async () => { await new Promise((wake) => setTimeout(wake, 1000)); })()`;
  const sleep = () => client.executeJs({ code: sleeps, sessionSigs }).then(() => null, (error) => error);
  const many = await Promise.all(Array.from({ length: 10 }, sleep));
  found.served = many.filter((error) => error === null).length;
  found.NodeConcurrencyOverload = { many: await refusal(Promise.reject(many.find((error) => error !== null))) };
  const crowds = { sessionSigs: await sessionOf(client, crowd) };
  const asks = () => sign({ ...crowds, pubKey: owner.publicKey });
  const isLimited = ({ info }) => info.errorCode === 'rate_limit_exceeded';
  let limited;
  while (!limited) limited = (await Promise.all([asks(), asks(), asks()])).find(isLimited);
  found.rate_limit_exceeded = { signing: limited, running: await execute('1', crowds) };
  found.delegated = (await client.executeJs({ code: whoAsks, sessionSigs: await delegatedTo(client, crowd) })).response;

  found.NodeAuthSigScopeTooLimited.withdrawn = await withdrawn(client, permissions);

  // Refusals for which the SDK has an error of its own
  const attested = new LitNodeClientNodeJs({ ...network.client, checkNodeAttestation: true });
  const others = Object.entries(sessionSigs).slice(1);
  found.own = {
    InvalidNodeAttestation: await refusal(attested.connect()),
    InvalidSessionSigs: await sign({ sessionSigs: expired }),
    InvalidArgumentException: await sign({ sessionSigs: Object.fromEntries(others) }),
    UnknownError: await refusal(client.claimKeyId({ authMethod: { authMethodType: GOOGLE_JWT, accessToken: 'no.token.atall' } })),
  };
  return found;
});
