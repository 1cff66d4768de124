// console.* goes to the run's logs, one line per call.

const log = (args) => {
  send(LOG, encode(inspectArgs(args, { colors: false }) + "\n"));
};

const installConsole = () => {
  const console = ObjectCreate(null);
  for (const name of ["log", "info", "warn", "error", "debug"]) {
    ObjectDefineProperty(console, name, { value: ObjectFreeze((...args) => log(args)), enumerable: true });
  }
  define(globalThis, "console", ObjectFreeze(console));
};
