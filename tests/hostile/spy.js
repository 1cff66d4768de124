// Replaces every method and accessor it can reach, lets the runtime work, and tells what it was shown of Deno's insides.
const apply = Reflect.apply, ownKeys = Reflect.ownKeys, describe = Object.getOwnPropertyDescriptor, define = Object.defineProperty;
const find = new Set(), owners = new Set(), has = Set.prototype.has, add = Set.prototype.add;
let replaced = 0, watching = false;
const has1 = (o, k) => { try { return describe(o, k) !== undefined } catch { return false } };
// What must never be seen: Deno's core, and its raw operations.
const look = (v) => {
  if (v === null || (typeof v !== 'object' && typeof v !== 'function')) return;
  if (has1(v, '_onTimeout')) apply(add, find, ['timer']);
  if (has1(v, 'evalContext') || has1(v, 'ops') || has1(v, 'core') || has1(v, 'writeSync')) apply(add, find, ['core']);
  const name = typeof v === 'function' ? describe(v, 'name')?.value : undefined;
  if (typeof name === 'string' && name[0] === 'o' && name[1] === 'p' && name[2] === '_') apply(add, find, [name]);
};
const watch = (self, args) => {
  if (!watching) return;
  watching = false;
  try {
    look(self);
    for (let i = 0; i < args.length; i++) look(args[i]);
  } finally {
    watching = true;
  }
};
const spy = (owner, key) => {
  const d = describe(owner, key);
  if (!d || !d.configurable) return;
  const wrap = (f) => function (...args) {
    watch(this, args);
    return apply(f, this, args);
  };
  try {
    if (typeof d.value === 'function' && !has1(d.value, 'prototype')) define(owner, key, {...d, value: wrap(d.value)});
    else if (d.get || d.set) define(owner, key, {...d, get: d.get && wrap(d.get), set: d.set && wrap(d.set)});
    else return;
    replaced++;
  } catch {}
};
const walk = (o) => {
  if (o === null || (typeof o !== 'object' && typeof o !== 'function') || apply(has, owners, [o]) || o === Lit) return;
  apply(add, owners, [o]);
  const keys = ownKeys(o);
  for (let i = 0; i < keys.length; i++) {
    const d = describe(o, keys[i]);
    if (keys[i] !== 'Lit' && keys[i] !== 'LitActions') { if (d.value) walk(d.value); if (d.get) walk(d.get.prototype ?? null); }
  }
  walk(Object.getPrototypeOf(o));
};
walk(globalThis);
const all = [...owners];
for (let i = 0; i < all.length; i++) {
  const keys = all[i] === globalThis ? [] : ownKeys(all[i]);
  for (let j = 0; j < keys.length; j++) spy(all[i], keys[j]);
}
watching = true;
const publicKey = '0x04' + '11'.repeat(64);
const work = async () => {
  console.log('a', {b: [1]}, new Error('c'), new Map([[1, 2]]));
  await Lit.Actions.signEcdsa({toSign: new Uint8Array(32), publicKey, sigName: 's'});
  await Lit.Actions.getPermittedActions({tokenId: 1});
  await fetch('http://10.0.0.1/', {method: 'POST', body: 'x', headers: {a: 'b'}}).catch(() => {});
  await new Promise((done) => setTimeout(done, 1));
  await crypto.subtle.digest('SHA-256', new Uint8Array(3));
  await crypto.subtle.generateKey({name: 'HMAC', hash: 'SHA-256'}, true, ['sign']);
  await new Response(new Blob(['x'])).text();
  await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  structuredClone({a: new Date(0)});
  new URL('http://a/b');
  crypto.getRandomValues(new Uint8Array(2));
  crypto.randomUUID();
  atob('aa');
  await new Promise((done) => AbortSignal.timeout(1).addEventListener('abort', done));
  await new Promise((done) => { const t = setInterval(() => { clearInterval(t); done(); }, 1); clearTimeout(setTimeout(done, 50)); });
  new AbortController().abort();
  new TextDecoder('utf-16le').decode(new TextEncoder().encode('abcd'));
  new URL('http://a/?b=c').searchParams.get('b');
  new Event('x');
  const form = new FormData();
  form.set('a', new File(['x'], 'y'));
  await new Response(await new Response(form).blob()).text();
  await new Response(new Blob(['x']).stream().pipeThrough(new TransformStream())).text();
};
work().then(() => 0, (e) => String(e)).then((error) => {
  watching = false;
  Lit.Actions.setResponse({response: JSON.stringify({replaced, found: [...find], error})});
});
