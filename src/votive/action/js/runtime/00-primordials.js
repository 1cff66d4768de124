// Everything this runtime uses of the language, taken before any action's code exists.
// An action may replace every global and every prototype method; what is captured here stays what it was.

const internal = Deno[Deno.internal];
const { core } = internal;
const { encode, decode, evalContext, eventLoopHasMoreWork, getPromiseDetails, isPromise } = core;
const PENDING = getPromiseDetails(new Promise(() => {}))[0];
const readStdin = Deno.stdin.readSync.bind(Deno.stdin);
const readStdinLater = Deno.stdin.read.bind(Deno.stdin);
const writeStdout = Deno.stdout.writeSync.bind(Deno.stdout);
const exit = Deno.exit;
const { unrefTimer } = Deno;
const nativeSetTimeout = setTimeout;
const { inspectArgs } = internal;

const uncurry = (method) => (self, ...args) => ReflectApply(method, self, args);
const ReflectApply = Reflect.apply;
const ReflectOwnKeys = Reflect.ownKeys;
const ObjectAssign = Object.assign;
const ObjectCreate = Object.create;
const ObjectDefineProperty = Object.defineProperty;
const ObjectFreeze = Object.freeze;
const ObjectHasOwn = Object.hasOwn;
const JSONParse = JSON.parse;
const JSONStringify = JSON.stringify;
const ArrayIsArray = Array.isArray;
const NativeError = Error;
const NativeTypeError = TypeError;
const NativePromise = Promise;
const NativeString = String;
const NativeUint8Array = Uint8Array;
const NativeArrayBuffer = ArrayBuffer;
const ArrayBufferIsView = ArrayBuffer.isView;
const NumberIsInteger = Number.isInteger;
const DataViewOf = DataView;
const { min: MathMin } = Math;

const promiseThen = uncurry(Promise.prototype.then);
const preventDefault = uncurry(Event.prototype.preventDefault);
const toWellFormed = uncurry(String.prototype.toWellFormed);
const split = uncurry(String.prototype.split);
const includes = uncurry(String.prototype.includes);
const sliceText = uncurry(String.prototype.slice);
const toLowerCase = uncurry(String.prototype.toLowerCase);
const join = uncurry(Array.prototype.join);
const pushTo = uncurry(Array.prototype.push);
const setBytes = uncurry(Uint8Array.prototype.set);
const subarray = uncurry(Uint8Array.prototype.subarray);
const toBase64 = uncurry(Uint8Array.prototype.toBase64);
const getUint32 = uncurry(DataView.prototype.getUint32);
const setUint32 = uncurry(DataView.prototype.setUint32);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const mapDelete = uncurry(Map.prototype.delete);
const setHas = uncurry(Set.prototype.has);
const setAdd = uncurry(Set.prototype.add);
const weakMapGet = uncurry(WeakMap.prototype.get);
const weakMapSet = uncurry(WeakMap.prototype.set);
