// Timers give plain numbers, as browsers do; Deno's own timer objects stay here.

const timers = new Map();
let lastTimer = 0;

const timerOf = (start, repeats) => ObjectFreeze((callback, delay = 0, ...args) => {
  if (typeof callback !== "function") throw new NativeTypeError("a timer needs a function");
  const id = lastTimer += 1;
  const fire = () => {
    if (!repeats) mapDelete(timers, id);
    ReflectApply(callback, undefined, args);
  };
  mapSet(timers, id, start(fire, delay));
  return id;
});

const clearOf = (stop) => ObjectFreeze((id) => {
  const timer = mapGet(timers, id);
  if (timer === undefined) return;
  mapDelete(timers, id);
  stop(timer);
});

const installTimers = () => {
  const { setTimeout, setInterval, clearTimeout } = globalThis;
  define(globalThis, "setTimeout", timerOf(setTimeout, false));
  define(globalThis, "setInterval", timerOf(setInterval, true));
  define(globalThis, "clearTimeout", clearOf(clearTimeout));
  define(globalThis, "clearInterval", clearOf(clearTimeout));
};
