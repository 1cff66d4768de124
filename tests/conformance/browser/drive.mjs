// Opens pages as a visitor with a wallet and a passkey device would, one after the other, waits until each says what it found, and prints that:
// drive.mjs VISIT, where VISIT is a file with { urls, folder, nodes, rpcUrl, address }. Each answer that a page got from one of the nodes
// becomes a line of JSON in the file that VOTIVE_ANSWERS names. A page that asks for another machine's URL ends this program with status 97, as loopback.cjs does.
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { launch } from './chromium.mjs';

const PAGE_MS = 180_000;
const STRAYED = 97;
const visit = JSON.parse(readFileSync(process.argv[2], 'utf8'));

// What a wallet extension puts into each page (EIP-1193), as far as a page needs it here: the development chain holds the key and signs.
function wallet(rpcUrl, address) {
  let id = 0;
  const ask = async (method, params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params });
    const response = await fetch(rpcUrl, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
    const { result, error } = await response.json();
    if (error) throw Object.assign(new Error(error.message), { code: error.code });
    return result;
  };
  const accounts = ['eth_accounts', 'eth_requestAccounts'];
  window.ethereum = { request: async ({ method, params = [] }) => (accounts.includes(method) ? [address] : ask(method, params)) };
}

const isHere = (url) => !/^(https?|wss?):$/.test(url.protocol) || /^(127\.0\.0\.1|([a-z0-9]+\.ipfs\.)?localhost)$/.test(url.hostname);

async function record(response) {
  const request = response.request();
  const headers = request.headers();
  const answer = {
    method: request.method(),
    url: response.url(),
    requestId: headers['x-request-id'] ?? null,
    status: response.status(),
    contentType: response.headers()['content-type'] ?? null,
    body: await response.text(),
  };
  appendFileSync(process.env.VOTIVE_ANSWERS, JSON.stringify(answer) + '\n');
}

// Everything that the page asked for, from the browser's own account of it, with the preflights that it sent by itself.
async function watch(page) {
  const seen = { asked: [], strayed: [], said: [], recording: [], end: null };
  const statuses = new Map();
  const network = await page.createCDPSession();
  await network.send('Network.enable');
  network.on('Network.requestWillBeSent', ({ requestId, request: { url, method, headers } }) => {
    seen.asked.push({ requestId, url, method, headers });
    if (!isHere(new URL(url))) seen.strayed.push(url);
  });
  network.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => statuses.set(requestId, statusCode));
  network.on('Network.webSocketCreated', ({ url }) => isHere(new URL(url)) || seen.strayed.push(url));
  page.on('console', (message) => seen.said.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => seen.said.push(`error: ${error.message}`));
  const answered = (response) => {
    const ofNode = visit.nodes.some((node) => response.url().startsWith(`${node}/`));
    if (ofNode && response.request().method() !== 'OPTIONS') seen.recording.push(record(response));
  };
  page.on('response', answered);
  seen.end = async () => {
    page.off('response', answered);
    await Promise.all(seen.recording);
    for (const request of seen.asked) request.status = statuses.get(request.requestId) ?? null;
  };
  return seen;
}

// A passkey device that its owner touches whenever it is asked (https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/).
async function plugIn(page) {
  const device = await page.createCDPSession();
  await device.send('WebAuthn.enable');
  const options = { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true };
  await device.send('WebAuthn.addVirtualAuthenticator', { options });
}

async function open(browser, url, picture) {
  const page = await browser.newPage();
  const { asked, strayed, said, end } = await watch(page);
  await page.evaluateOnNewDocument(wallet, visit.rpcUrl, visit.address);
  await plugIn(page);
  await page.goto(url, { timeout: PAGE_MS });
  await page.waitForFunction(() => document.querySelector('#result').textContent, { timeout: PAGE_MS, polling: 50 });
  const [state, result] = await page.$$eval('#state, #result', (elements) => elements.map((element) => element.textContent));
  await end();
  await page.screenshot({ path: picture, fullPage: true });
  await page.close();
  return { state, result: JSON.parse(result), asked, strayed, said };
}

const browser = await launch(join(visit.folder, 'profile'));
console.log(JSON.stringify({ browser: browser.process().pid }));
try {
  const found = [];
  for (const [number, url] of visit.urls.entries()) found.push(await open(browser, url, join(visit.folder, `${number}.png`)));
  console.log(JSON.stringify(found));
  const strayed = found.flatMap((page) => page.strayed);
  for (const url of strayed) process.stderr.write(`strayed: a page tried to reach ${url}\n`);
  process.exitCode = strayed.length ? STRAYED : 0;
} finally {
  await browser.close();
}
