// Lit's own SDK, as an application uses it, timed from within: a command in JSON on each line of the input, an answer on each of the output.
// Called with the folder whose node_modules hold the SDK and with the file that describes the network.
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(`${process.argv[2]}/package.json`);
const { LitActionResource, LitPKPResource, createSiweMessageWithRecaps, generateAuthSig } = require('@lit-protocol/auth-helpers');
const { LitNodeClientNodeJs } = require('@lit-protocol/lit-node-client-nodejs');
const { ethers } = require('ethers');

// When a call's last request was handed to HTTP, and when the last answer to it began to arrive.
const current = new AsyncLocalStorage();
const { fetch } = globalThis;
globalThis.fetch = async (...words) => {
  const call = current.getStore();
  if (call) call.asked = performance.now();
  const answer = await fetch(...words);
  if (call) call.answered = performance.now();
  return answer;
};

const network = JSON.parse(readFileSync(process.argv[3], 'utf8'));
const wallet = new ethers.Wallet(network.account);
const resourceAbilityRequests = [
  { resource: new LitPKPResource('*'), ability: 'pkp-signing' },
  { resource: new LitActionResource('*'), ability: 'lit-action-execution' },
];

async function connected() {
  const client = new LitNodeClientNodeJs(network.client);
  await client.connect();
  return client;
}

async function sessionOf(client) {
  const expiration = new Date(Date.now() + 60 * 60 * 1000).toISOString();
  const authNeededCallback = async ({ uri, expiration, resourceAbilityRequests: resources }) => {
    const nonce = client.latestBlockhash; // of the handshake: asking for a younger one would ask a host of Lit's
    const toSign = await createSiweMessageWithRecaps({
      uri, expiration, resources, walletAddress: wallet.address, nonce, litNodeClient: client, domain: 'localhost',
    });
    return generateAuthSig({ signer: wallet, toSign });
  };
  return client.getSessionSigs({ chain: 'ethereum', expiration, resourceAbilityRequests, authNeededCallback });
}

// The clients of one user after another: each is new, and so is each session.
async function arrive() {
  const began = performance.now();
  const client = await connected();
  const there = performance.now();
  await sessionOf(client);
  const signed = performance.now();
  await client.disconnect();
  return { connect: there - began, session: signed - there };
}

const client = await connected();
const sessionSigs = await sessionOf(client);
const { publicKey: pubKey, code } = network;
let calls = 0;

// How long a call takes, and how much of that is the SDK's own: before its last request leaves and after the last answer is there.
async function timed(call) {
  const times = { began: performance.now() };
  await current.run(times, call);
  const ended = performance.now();
  return { all: ended - times.began, own: times.asked - times.began + ended - times.answered };
}

function sign() {
  const toSign = ethers.utils.arrayify(ethers.utils.id(`javascript ${calls++}`));
  return timed(() => client.pkpSign({ toSign, pubKey, sessionSigs }));
}

function execute() {
  const jsParams = { publicKey: pubKey, text: `javascript ${calls++}` };
  return timed(() => client.executeJs({ code, sessionSigs, jsParams }));
}

const operations = { arrive, sign, execute };

async function repeated(operation, count) {
  const found = [];
  for (let i = 0; i < count; i++) found.push(await operation());
  return found;
}

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const { operation, count, workers } = JSON.parse(line);
  const before = process.cpuUsage();
  const found = await Promise.all(Array.from({ length: workers }, () => repeated(operations[operation], count)));
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ milliseconds: found.flat(), cpu: (user + system) / 1000 }));
}
process.exit(0);
