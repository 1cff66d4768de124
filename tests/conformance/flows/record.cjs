// Loaded before a program here that is to be judged by what it was answered: each answer to a fetch becomes one line of JSON in the
// file that VOTIVE_ANSWERS names, before the program sees it. What of it came from a node, and whether it is as it should be, the
// test decides (answers.py).
'use strict';

const { appendFileSync } = require('node:fs');

const file = process.env.VOTIVE_ANSWERS;
const { fetch } = globalThis;

globalThis.fetch = async (resource, options) => {
  const request = new Request(resource, options);
  const response = await fetch(resource, options);
  const answer = {
    method: request.method,
    url: request.url,
    requestId: request.headers.get('x-request-id'),
    status: response.status,
    contentType: response.headers.get('content-type'),
    body: await response.clone().text(),
  };
  appendFileSync(file, `${JSON.stringify(answer)}\n`);
  return response;
};
