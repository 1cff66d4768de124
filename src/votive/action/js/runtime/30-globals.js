// What stays of Deno's globals. All else goes: Deno, process, Worker, storage, caches, GPU, sockets, prompts, close.

const KEPT = new Set([
  // ECMAScript
  "Object", "Function", "Array", "Number", "parseFloat", "parseInt", "Infinity", "NaN", "undefined", "Boolean", "String", "Symbol",
  "Date", "Promise", "RegExp", "Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError",
  "URIError", "SuppressedError", "globalThis", "JSON", "Math", "Intl", "ArrayBuffer", "SharedArrayBuffer", "Atomics", "DataView",
  "Uint8Array", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array", "BigUint64Array", "BigInt64Array",
  "Uint8ClampedArray", "Float16Array", "Float32Array", "Float64Array", "Map", "Set", "WeakMap", "WeakSet", "WeakRef",
  "FinalizationRegistry", "BigInt", "Iterator", "Proxy", "Reflect", "DisposableStack", "AsyncDisposableStack",
  "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "unescape", "eval", "isFinite", "isNaN",
  "WebAssembly",
  // The web
  "console", "fetch", "Headers", "Request", "Response", "FormData", "Blob", "File", "URL", "URLSearchParams", "TextEncoder", "TextDecoder",
  "crypto", "Crypto", "CryptoKey", "SubtleCrypto", "atob", "btoa", "structuredClone", "queueMicrotask",
  "setTimeout", "clearTimeout", "setInterval", "clearInterval", "AbortController", "AbortSignal", "DOMException",
  "Event", "EventTarget", "ReadableStream", "TransformStream", "WritableStream",
]);
const kept = (name) => setHas(KEPT, name);
const removeGlobal = (name) => {
  if (!delete globalThis[name]) throw new NativeError(`the global ${name} cannot be removed`);
};
const define = (target, name, value) =>
  ObjectDefineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });

// What Deno loads on first use. To load it once an action runs would have Deno read globals that may be replaced by then; to load it
// for everyone costs a third of a start. So it is loaded before the code runs, where the code names any of a group, and is absent
// elsewhere. Code that reaches globals otherwise than by their names gets all (decision 0025).
const LOADED_BY_NAME = [
  {
    names: ["fetch", "Headers", "Request", "Response", "FormData", "Blob", "File", "ReadableStream", "TransformStream", "WritableStream"],
    named: /\b(?:fetch|Headers|Request|Response|FormData|Blob|File|ReadableStream|TransformStream|WritableStream)\b/,
  },
  { names: ["atob", "btoa"], named: /\b(?:atob|btoa)\b/ },
];
const ANY_NAMED = /globalThis|\\u/;

const removeUnnamed = (source) => {
  if (ANY_NAMED.test(source)) return;
  for (const { names, named } of LOADED_BY_NAME) {
    if (!named.test(source)) for (const name of names) removeGlobal(name);
  }
};

// Deno's getters load on first use: from here on there are values.
const fixGlobals = () => {
  for (const name of ReflectOwnKeys(globalThis)) {
    if (kept(name) && describe(globalThis, name).get !== undefined) define(globalThis, name, globalThis[name]);
  }
};

const removeGlobals = () => {
  for (const name of ReflectOwnKeys(globalThis)) {
    if (typeof name === "string" && !kept(name)) removeGlobal(name);
  }
  for (const name of ["createObjectURL", "revokeObjectURL"]) delete URL[name];
  for (const name of ["compileStreaming", "instantiateStreaming"]) delete WebAssembly[name];
};

// Deno's own operations go through `operation.call(core, …)`, looked up at that moment: whoever replaced it would be handed the
// whole of Deno's core. So these three stay what they are. Objects may still have properties of these names of their own.
const pin = (owner, name) => {
  const value = owner[name];
  const get = () => value;
  const set = function set(other) {
    if (this === owner) throw new NativeTypeError(`Function.prototype.${name} cannot be replaced`);
    define(this, name, other);
  };
  ObjectDefineProperty(owner, name, { __proto__: null, get, set, enumerable: false, configurable: false });
};

const pinFunctions = () => {
  for (const name of ["call", "apply", "bind"]) pin(Function.prototype, name);
};

// A parameter never replaces what the action's author relied on: these names are refused (decision 0022).
const parametersRefused = () => {
  const names = new Set(ReflectOwnKeys(globalThis));
  for (const { names: group } of LOADED_BY_NAME) for (const name of group) setAdd(names, name);
  setAdd(names, "__proto__");
  setAdd(names, "Lit");
  setAdd(names, "LitActions");
  return names;
};
