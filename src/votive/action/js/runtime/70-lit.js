// Lit.Actions and Lit.Auth. The names on the wire are those of calls/__init__.py; the host checks every argument again.

const text = (value) => (typeof value === "string" ? toWellFormed(value) : value);
// A name that decides which key it is. Mended text would be another's name.
const keyName = (value) => {
  if (typeof value === "string" && toWellFormed(value) !== value) throw new NativeTypeError("keyId must be Unicode, not half a pair");
  return value;
};
const numeral = (value) => (typeof value === "number" || typeof value === "bigint" ? NativeString(value) : text(value));

const bytesOf = (value) => {
  if (ArrayBufferIsView(value)) return new NativeUint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof NativeArrayBuffer) return new NativeUint8Array(value);
  if (!ArrayIsArray(value)) throw new NativeTypeError("bytes are given as a Uint8Array or an array of numbers");
  const bytes = new NativeUint8Array(value.length);
  for (let i = 0; i < bytes.length; i += 1) {
    if (!NumberIsInteger(value[i]) || value[i] < 0 || value[i] > 255) throw new NativeTypeError("a byte is an integer from 0 to 255");
    bytes[i] = value[i];
  }
  return bytes;
};
const base64 = (value) => toBase64(bytesOf(value));
const messageBytes = (value) => toBase64(typeof value === "string" ? encode(value) : bytesOf(value));

// Conditions and proofs travel as JSON text: the node reads them within its own bounds.
const json = (value) => {
  const written = JSONStringify(value);
  if (written === undefined) throw new NativeTypeError("conditions and signatures are given as objects of JSON");
  return toWellFormed(written);
};
const orNothing = (write) => (value) => (value === undefined || value === null ? null : write(value));
const perhapsJson = orNothing(json);
const perhapsText = orNothing(text);
const scopeCount = (value) => (value === undefined ? 100 : value);
const MAY_LACK = new Set([perhapsJson, perhapsText, scopeCount]);

// One line for each capability: its arguments, and how each is written on the wire.
const CAPABILITIES = {
  __proto__: null,
  signEcdsa: { toSign: base64, publicKey: text, sigName: text },
  ethPersonalSignMessageEcdsa: { message: messageBytes, publicKey: text, sigName: text },
  claimKey: { keyId: keyName, minter: perhapsText },
  pubkeyToTokenId: { publicKey: text },
  isPermittedAction: { tokenId: numeral, ipfsId: text },
  isPermittedAddress: { tokenId: numeral, address: text },
  getPermittedActions: { tokenId: numeral },
  getPermittedAddresses: { tokenId: numeral },
  isPermittedAuthMethod: { tokenId: numeral, authMethodType: numeral, userId: base64 },
  getPermittedAuthMethods: { tokenId: numeral },
  getPermittedAuthMethodScopes: { tokenId: numeral, authMethodType: numeral, userId: base64, maxScopeId: scopeCount },
  checkConditions: { conditions: json, authSig: perhapsJson, chain: perhapsText },
  encrypt: { accessControlConditions: json, to_encrypt: messageBytes },
  decryptAndCombine: {
    accessControlConditions: json, ciphertext: text, dataToEncryptHash: text, authSig: perhapsJson, chain: perhapsText,
  },
};

const argumentsOf = (name, fields, given) => {
  if (given === null || typeof given !== "object") throw new NativeTypeError(`${name} takes one object`);
  const args = ObjectCreate(null);
  const names = ReflectOwnKeys(fields);
  for (let i = 0; i < names.length; i += 1) {
    const field = names[i];
    const value = given[field];
    const write = fields[field];
    if (value === undefined && !setHas(MAY_LACK, write)) throw new NativeTypeError(`${name} needs ${field}`);
    args[field] = write(value);
  }
  return args;
};

const capability = (name, fields) => ObjectFreeze((given) => new NativePromise((resolve, reject) => {
  callForValue(name, argumentsOf(name, fields, given), resolve, reject);
}));

// A string goes out as it is, every other value as JSON. Programs written for Lit give both.
const responseText = (response) => {
  const written = typeof response === "string" ? response : JSONStringify(response);
  if (written === undefined) throw new NativeTypeError("setResponse needs a response: a string, or a value that JSON has a form for");
  return written;
};

const setResponse = ObjectFreeze(({ response }) => {
  send(RESPONSE, encode(responseText(response)));
});

const litActions = () => {
  const actions = ObjectCreate(null);
  for (const name of ReflectOwnKeys(CAPABILITIES)) {
    actions[name] = capability(name, ObjectFreeze(CAPABILITIES[name]));
  }
  actions.setResponse = setResponse;
  return ObjectFreeze(actions);
};

const deepFreeze = (value) => {
  if (value === null || typeof value !== "object") return value;
  for (const key of ReflectOwnKeys(value)) deepFreeze(value[key]);
  return ObjectFreeze(value);
};

const installLit = (auth) => {
  const actions = litActions();
  const fixed = (value) => ({ __proto__: null, value, writable: false, enumerable: true, configurable: false });
  const lit = ObjectFreeze(ObjectAssign(ObjectCreate(null), { Actions: actions, Auth: deepFreeze(auth) }));
  ObjectDefineProperty(globalThis, "Lit", fixed(lit));
  ObjectDefineProperty(globalThis, "LitActions", fixed(actions));
};
