// Timers give plain numbers, as browsers do; the core's own timer objects stay here. They are made by the core itself: Deno's
// setTimeout is Node's, and to touch it loads twenty modules.

const timers = new Map();
let lastTimer = 0;

const timerOf = (repeats) => ObjectFreeze((callback, delay = 0, ...args) => {
  if (typeof callback !== "function") throw new NativeTypeError("a timer needs a function");
  const id = lastTimer += 1;
  const fire = () => {
    if (!repeats) mapDelete(timers, id);
    ReflectApply(callback, undefined, args);
  };
  mapSet(timers, id, createTimer(fire, delay, undefined, repeats, true, false));
  return id;
});

const clear = ObjectFreeze((id) => {
  const timer = mapGet(timers, id);
  if (timer === undefined) return;
  mapDelete(timers, id);
  cancelTimer(timer);
});

const installTimers = () => {
  define(globalThis, "setTimeout", timerOf(false));
  define(globalThis, "setInterval", timerOf(true));
  define(globalThis, "clearTimeout", clear);
  define(globalThis, "clearInterval", clear);
};
