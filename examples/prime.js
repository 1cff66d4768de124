// Signs n, and only if n is prime.
//
// Parameters:
//   n          the number: a canonical decimal string ("7919"), or an integer up to 2^53 − 1; at most 2^256
//   publicKey  the key to sign with, 0x04…
//
// What is signed is n as decimal ASCII under EIP-191 (personal_sign). The same number always gives the same message, so a
// signature by a key that only this action may use says exactly one thing: this program found this number prime.

const LARGEST = 2n ** 256n;
const CANONICAL = /^(0|[1-9][0-9]*)$/;

function numberOf(value) {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) return BigInt(value);
  if (typeof value !== "string" || value.length > 78 || !CANONICAL.test(value)) {
    throw new Error('n must be a canonical decimal string such as "7919", or a non-negative integer up to 2^53 - 1');
  }
  const number = BigInt(value);
  if (number > LARGEST) throw new Error("n must be at most 2^256");
  return number;
}

const SMALL_PRIMES = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n];

// The Baillie–PSW test (Baillie and Wagstaff, "Lucas pseudoprimes", 1980), with Miller–Rabin to thirteen bases instead of one.
// Below 3.3 · 10^24 those bases alone prove primality (Sorenson and Webster, 2015). Above it this is a test and not a proof: no
// composite that passes Miller–Rabin to base 2 and the strong Lucas test is known, though anybody may look for one.
function isPrime(n) {
  if (n < 2n) return false;
  for (const p of SMALL_PRIMES) if (n % p === 0n) return n === p;
  return SMALL_PRIMES.every((base) => passesMillerRabin(n, base)) && passesStrongLucas(n);
}

// n − 1 = d · 2^s with d odd; n passes if base^d = 1 or base^(d · 2^r) = −1 for an r below s.
function passesMillerRabin(n, base) {
  const [d, s] = oddPart(n - 1n);
  let x = power(base, d, n);
  if (x === 1n || x === n - 1n) return true;
  for (let r = 1; r < s; r += 1) {
    x = (x * x) % n;
    if (x === n - 1n) return true;
  }
  return false;
}

// Selfridge's parameters: the first D of 5, −7, 9, −11, … with Jacobi symbol (D/n) = −1; P = 1, Q = (1 − D)/4.
// n + 1 = d · 2^s with d odd; n passes if U(d) = 0 or V(d · 2^r) = 0 for an r below s.
function passesStrongLucas(n) {
  if (isSquare(n)) return false;
  let D = 5n;
  while (jacobi(D, n) !== -1) {
    if (jacobi(D, n) === 0) return false;
    D = D > 0n ? -(D + 2n) : 2n - D;
  }
  const [d, s] = oddPart(n + 1n);
  let [u, v, q] = lucas(d, D, n);
  if (u === 0n || v === 0n) return true;
  for (let r = 1; r < s; r += 1) {
    v = modulo(v * v - 2n * q, n);
    if (v === 0n) return true;
    q = (q * q) % n;
  }
  return false;
}

// U(k), V(k) and Q^k modulo n for P = 1, from the binary digits of k, most significant first.
function lucas(k, D, n) {
  const Q = (1n - D) / 4n;
  const half = (x) => modulo(x % 2n === 0n ? x / 2n : (x + n) / 2n, n);
  let [u, v, q] = [1n, 1n, modulo(Q, n)];
  for (const bit of k.toString(2).slice(1)) {
    [u, v, q] = [(u * v) % n, modulo(v * v - 2n * q, n), (q * q) % n];
    if (bit === "1") [u, v, q] = [half(u + v), half(D * u + v), modulo(q * Q, n)];
  }
  return [u, v, q];
}

function jacobi(a, n) {
  let symbol = 1;
  a = modulo(a, n);
  while (a !== 0n) {
    while (a % 2n === 0n) {
      a /= 2n;
      if (n % 8n === 3n || n % 8n === 5n) symbol = -symbol;
    }
    [a, n] = [n, a];
    if (a % 4n === 3n && n % 4n === 3n) symbol = -symbol;
    a %= n;
  }
  return n === 1n ? symbol : 0;
}

function oddPart(number) {
  let twos = 0;
  while (number % 2n === 0n) {
    number /= 2n;
    twos += 1;
  }
  return [number, twos];
}

function power(base, exponent, n) {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % n;
    if (bit === "1") result = (result * base) % n;
  }
  return result;
}

// Newton's integer square root, from above.
function isSquare(n) {
  let root = 1n << BigInt(Math.ceil(n.toString(2).length / 2));
  for (;;) {
    const next = (root + n / root) / 2n;
    if (next >= root) return root * root === n;
    root = next;
  }
}

function modulo(a, n) {
  const rest = a % n;
  return rest < 0n ? rest + n : rest;
}

async function signIfPrime() {
  const number = numberOf(n);
  if (!isPrime(number)) throw new Error(`${number} is not prime, so it is not signed`);
  await Lit.Actions.ethPersonalSignMessageEcdsa({ message: String(number), publicKey, sigName: "prime" });
  Lit.Actions.setResponse({ response: JSON.stringify({ n: String(number), prime: true }) });
}

signIfPrime();
