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

// Deno loads parts of itself on first use and then reads globals that may be gone by that time: use them now.
const touch = () => {
  new Request("http://0.0.0.0/", { method: "POST", body: "x" }).arrayBuffer();
  new Response(new Uint8Array(1), { headers: { a: "b" } }).json().catch(() => {});
  clearTimeout(setTimeout(() => {}, 0));
  clearInterval(setInterval(() => {}, 1));
  structuredClone([new Map()]);
  new TextDecoder().decode(new TextEncoder().encode("x"));
  new URL("http://0.0.0.0/?a=b").searchParams.get("a");
  new AbortController().abort();
  crypto.getRandomValues(new Uint8Array(1));
  crypto.subtle.digest("SHA-256", new Uint8Array(1));
  atob(btoa("x"));
  new Event("x");
  inspectArgs([{ a: [1n] }, new Error("x")], { colors: false });
};

const removeGlobals = () => {
  for (const name of ReflectOwnKeys(globalThis)) {
    if (typeof name === "string" && !kept(name)) removeGlobal(name);
  }
  delete URL.createObjectURL;
  delete URL.revokeObjectURL;
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
  setAdd(names, "__proto__");
  setAdd(names, "Lit");
  setAdd(names, "LitActions");
  return names;
};
