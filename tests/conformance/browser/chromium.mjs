// The Chromium that package-lock.json names, unpacked once below node_modules, and started so that it reaches this machine alone.
// What its own package offers for that is not used: it unpacks to a place that is everybody's, and switches off the rules about origins
// that are to be tested here.
import { createReadStream, createWriteStream, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';

import puppeteer from 'puppeteer-core';
import tar from 'tar-fs';

const MODULES = fileURLToPath(new URL('../node_modules', import.meta.url));
const PACKAGE = join(MODULES, '@sparticuz', 'chromium');
const START_MS = 120_000;
const ANSWER_MS = 300_000;

// Chromium links libnss3, libnspr4 and libexpat, which a machine without a desktop may not have: the package brings them (al2023). The
// fonts are found where they are to be lasting, not where they are unpacked first.
async function unpack(folder, lasting) {
  const from = (name) => createReadStream(join(PACKAGE, 'bin', name)).pipe(createBrotliDecompress());
  const archives = ['al2023', 'swiftshader', 'fonts'].map((name) => pipeline(from(`${name}.tar.br`), tar.extract(folder)));
  const program = pipeline(from('chromium.br'), createWriteStream(join(folder, 'chromium'), { mode: 0o755 }));
  await Promise.all([program, ...archives]);
  const fonts = readFileSync(join(folder, 'fonts.conf'), 'utf8').replaceAll('/tmp/fonts', join(lasting, 'fonts'));
  writeFileSync(join(folder, 'fonts.conf'), fonts);
}

async function unpacked() {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  const folder = join(MODULES, `.chromium-${version}`);
  if (existsSync(folder)) return folder;
  const fresh = mkdtempSync(`${folder}.new-`);
  try {
    await unpack(fresh, folder);
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // somebody else was faster
  }
  return folder;
}

// A browser with a profile of its own in `userDataDir`, which ends with this process, however that ends: it is spoken to over a pipe.
export async function launch(userDataDir) {
  const folder = await unpacked();
  return puppeteer.launch({
    executablePath: join(folder, 'chromium'),
    userDataDir,
    headless: 'shell',
    pipe: true,
    timeout: START_MS,
    protocolTimeout: ANSWER_MS,
    env: { ...process.env, HOME: userDataDir, LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') },
    args: [
      '--no-sandbox', // it shows nothing but our own pages, and as root, or without user namespaces, it has no sandbox
      '--disable-dev-shm-usage', // containers have little of it
      '--no-proxy-server',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost',
    ],
  });
}
