// Loaded before every program here: it may speak to this machine and to nothing else. Whoever tries another host gets an error, and
// the program ends with status 97, even if it catches that error.
'use strict';

const net = require('node:net');

const STRAYED = 97;
const isHere = (host) => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/.test(host);

function requireHere(host) {
  if (isHere(host)) return;
  process.stderr.write(`strayed: a program tried to reach ${host}\n`);
  process.once('exit', () => { process.exitCode = STRAYED; });
  throw new Error(`only this machine may be reached, not ${host}`);
}

// Of the forms that net.Socket.connect takes: its own normalised list, options, or a port and perhaps a host.
function hostOf([first, second]) {
  const options = Array.isArray(first) ? first[0] : first;
  if (typeof options !== 'object') return typeof second === 'string' ? second : 'localhost';
  return options.path ? 'localhost' : options.host ?? 'localhost';
}

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...words) {
  requireHere(hostOf(words));
  return connect.apply(this, words);
};

const { fetch } = globalThis;
globalThis.fetch = async (resource, options) => {
  requireHere(new URL(resource.url ?? resource).hostname);
  return fetch(resource, options);
};
