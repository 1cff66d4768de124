// Frames: u32 length (big-endian, of what follows) ‖ u8 kind ‖ 16 bytes nonce ‖ body. pipe.py is the other end.
// A body that carries a header is u32 header length ‖ header (JSON) ‖ payload bytes.

const READY = 0;
const LOG = 1;
const RESPONSE = 2;
const CALL = 3;
const THREW = 4;
const DONE = 5;
const GIVE_UP = 6;
const PREFIX = 21;
const NO_BYTES = new NativeUint8Array(0);

let nonce = new NativeUint8Array(16);

const writeAll = (bytes) => {
  let written = 0;
  while (written < bytes.length) written += writeStdout(subarray(bytes, written));
};

const send = (kind, body) => {
  const frame = new NativeUint8Array(PREFIX + body.length);
  setUint32(new DataViewOf(frame.buffer), 0, PREFIX - 4 + body.length);
  frame[4] = kind;
  setBytes(frame, nonce, 5);
  setBytes(frame, body, PREFIX);
  writeAll(frame);
};

const withHeader = (header, payload) => {
  const json = encode(JSONStringify(header));
  const body = new NativeUint8Array(4 + json.length + payload.length);
  setUint32(new DataViewOf(body.buffer), 0, json.length);
  setBytes(body, json, 4);
  setBytes(body, payload, 4 + json.length);
  return body;
};

const parseBody = (body) => {
  const length = getUint32(new DataViewOf(body.buffer, body.byteOffset, 4), 0);
  return { header: JSONParse(decode(subarray(body, 4, 4 + length))), payload: subarray(body, 4 + length) };
};

// Before the action runs, nothing else is to be done: waiting in a blocking read costs no CPU at all.
const readExactly = (count) => {
  const bytes = new NativeUint8Array(count);
  for (let have = 0; have < count;) {
    const got = readStdin(subarray(bytes, have));
    if (got === null) exit(0);
    have += got;
  }
  return bytes;
};

const readJob = () => {
  const prefix = readExactly(PREFIX);
  nonce = subarray(prefix, 5);
  return parseBody(readExactly(getUint32(new DataViewOf(prefix.buffer), 0) - (PREFIX - 4)));
};
