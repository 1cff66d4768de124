// One run: get ready, wait for the job, run it as a classic script, say how it ended.

const LONGEST_REPORT = 8192;

const isOurs = (line) => includes(line, "votive:runtime") || includes(line, "ext:") || includes(line, "file:");

const ownFrames = (stack) => {
  const lines = split(stack, "\n");
  const own = [];
  for (let i = 0; i < lines.length; i += 1) if (!isOurs(lines[i])) pushTo(own, lines[i]);
  return join(own, "\n");
};

// The thrown value is the action's: reading it may run its code, and may throw again.
const reportOf = (thrown) => {
  try {
    const stack = thrown?.stack;
    return typeof stack === "string" && stack !== "" ? ownFrames(stack) : `Uncaught ${NativeString(thrown)}`;
  } catch {
    return "Uncaught value that cannot be shown";
  }
};

const finish = (report) => {
  send(THREW, encode(JSONStringify(report)));
  exit(0);
};

const threw = (thrown) => {
  const refusal = typeof thrown === "object" && thrown !== null ? weakMapGet(refusals, thrown) : undefined;
  finish({ __proto__: null, text: toWellFormed(sliceText(reportOf(thrown), 0, LONGEST_REPORT)), refusal });
};

// The script's completion value, such as the promise of a last statement `go();`. The run lasts as long as it does.
let completion;
const isPending = (value) => isPromise(value) && getPromiseDetails(value)[0] === PENDING;

// A promise that nothing can settle any more: sleep, at no cost, until the host's clock ends the run.
const waitForTheClock = (event) => {
  preventDefault(event);
  promiseThen(readStdinLater(new NativeUint8Array(1)), () => exit(0));
};

// Should the host die and leave this process alone, it does not outlive its time by much.
const GRACE_SECONDS = 2;
const limitOwnLife = (seconds) => createTimer(() => exit(0), (seconds + GRACE_SECONDS) * 1000, undefined, false, false, true);

const installEnds = () => {
  const on = (name, handler) => listen(globalThis, name, handler);
  on("unhandledrejection", (event) => threw(event.reason));
  on("error", (event) => threw(event.error));
  on("beforeunload", (event) => {
    if (eventLoopHasMoreWork() || owedCount > 0) return;
    if (isPending(completion)) return waitForTheClock(event);
    send(DONE, NO_BYTES);
    exit(0);
  });
};

const installParameters = (params, refused) => {
  for (const name of ReflectOwnKeys(params)) if (setHas(refused, name)) finish({ __proto__: null, text: name, parameter: true });
  ObjectAssign(globalThis, params);
};

// The second argument names the code in stack traces; the third, host-defined options that Deno does not know,
// leaves dynamic import without a callback: every import() is refused.
const runScript = (source) => {
  const { 0: value, 1: error } = evalContext(source, "lit:action", [1]);
  if (error) threw(error.thrown);
  completion = value;
};

// Leaves what an action finds, of which all is loaded.
const furnish = () => {
  fixGlobals();
  installFetch();
  removeGlobals();
  pinFunctions();
};

const run = ({ auth, seconds, callsAtOnce: most, params }, source) => {
  callsAtOnce = most;
  const refused = parametersRefused();
  limitOwnLife(seconds);
  installLit(auth);
  installParameters(params, refused);
  // From a fresh stack, so that the action's own stack traces show nothing of how it was started.
  promiseThen(NativePromise.resolve(), () => runScript(source));
};

// With a bundle, which may need anything, everything is loaded for it beforehand.
const serve = (loadBundle) => {
  installEnds();
  installTimers();
  installConsole();
  if (loadBundle !== undefined) {
    furnish();
    loadBundle();
  }
  send(READY, NO_BYTES);
  const { header, payload } = readJob();
  const source = decode(payload);
  if (loadBundle === undefined) {
    removeUnnamed(source);
    furnish();
  }
  run(header, source);
};
