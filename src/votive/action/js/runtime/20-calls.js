// Host calls: ask, and read replies only while an answer is owed. With nothing owed and no timer set the event loop
// is empty, which is how a run ends.
// No more are asked at a time than the host answers at a time: while the action's own code runs nobody reads replies here, and with
// both pipes full each end would wait for the other.

let callsAtOnce = 0; // the job says how many
const waiting = new Map();
let lastAsked = 0;

const owed = new Map();
const refusals = new WeakMap();
let owedCount = 0;
let lastCall = 0;
let reading = false;

const refusalOf = (id, { message, errorCode, details }) => {
  const error = new NativeError(message);
  error.errorCode = errorCode;
  error.details = details;
  weakMapSet(refusals, error, id);
  return error;
};

const ask = () => {
  while (owedCount < callsAtOnce && lastAsked < lastCall) {
    lastAsked += 1;
    const body = mapGet(waiting, lastAsked);
    if (body === undefined) continue; // given up before it was asked
    mapDelete(waiting, lastAsked);
    owedCount += 1;
    send(CALL, body);
  }
};

const settle = ({ header, payload }) => {
  const { resolve, reject } = mapGet(owed, header.id);
  mapDelete(owed, header.id);
  owedCount -= 1;
  ask();
  if (ObjectHasOwn(header, "refusal")) reject(refusalOf(header.id, header.refusal));
  else resolve({ value: header.value, payload });
};

const fill = (bytes, have, done) => {
  if (have === bytes.length) return done(bytes);
  promiseThen(readStdinLater(subarray(bytes, have)), (got) => {
    if (got === null) exit(0);
    fill(bytes, have + got, done);
  });
};

const readReplies = () => {
  if (reading || owedCount === 0) return;
  reading = true;
  fill(new NativeUint8Array(PREFIX), 0, (prefix) => {
    fill(new NativeUint8Array(getUint32(new DataViewOf(prefix.buffer), 0) - (PREFIX - 4)), 0, (body) => {
      reading = false;
      settle(parseBody(body));
      readReplies();
    });
  });
};

const call = (name, args, payload = NO_BYTES) => new NativePromise((resolve, reject) => {
  const id = lastCall += 1;
  mapSet(waiting, id, withHeader({ __proto__: null, id, name, args }, payload));
  mapSet(owed, id, { resolve, reject });
  ask();
  readReplies();
});

// Asks the host to stop answering; it then answers with a refusal, which nobody waits for any more.
const giveUp = (id) => {
  if (mapGet(owed, id) === undefined) return;
  if (mapDelete(waiting, id)) {
    mapDelete(owed, id);
    return;
  }
  const body = new NativeUint8Array(4);
  setUint32(new DataViewOf(body.buffer), 0, id);
  send(GIVE_UP, body);
};

const callForValue = (name, args, resolve, reject) => {
  promiseThen(call(name, args), ({ value }) => resolve(value), reject);
};
