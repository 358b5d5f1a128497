// Ed25519 verification (RFC 8032) and SHA-512 (FIPS 180-4), in plain integers. Browsers offer their
// own only on https and not in every phone; what is verified here is public, so that it need not
// take the same time for every number.

const bits = (count) => (1n << count) - 1n;
const WORD = bits(64n);

function root(number, degree) {
  let low = 0n;
  let high = 1n << 100n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** degree <= number) low = middle;
    else high = middle - 1n;
  }
  return low;
}

const PRIMES = [];
for (let number = 2n; PRIMES.length < 80; number++) {
  if (PRIMES.every((prime) => number % prime)) PRIMES.push(number);
}
const START = PRIMES.slice(0, 8).map((prime) => root(prime << 128n, 2n) & WORD);
const ROUND = PRIMES.map((prime) => root(prime << 192n, 3n) & WORD);
const turned = (word, by) => ((word >> by) | (word << (64n - by))) & WORD;

export function sha512(message) {
  const length = (message.length + 17 + 127) & ~127;
  const padded = new Uint8Array(length);
  padded.set(message);
  padded[message.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(length - 8, BigInt(message.length) * 8n);
  const view = new DataView(padded.buffer);
  let state = START;
  for (let block = 0; block < length; block += 128) {
    const w = [];
    for (let i = 0; i < 16; i++) w.push(view.getBigUint64(block + 8 * i));
    for (let i = 16; i < 80; i++) {
      const s0 = turned(w[i - 15], 1n) ^ turned(w[i - 15], 8n) ^ (w[i - 15] >> 7n);
      const s1 = turned(w[i - 2], 19n) ^ turned(w[i - 2], 61n) ^ (w[i - 2] >> 6n);
      w.push((w[i - 16] + s0 + w[i - 7] + s1) & WORD);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 80; i++) {
      const s1 = turned(e, 14n) ^ turned(e, 18n) ^ turned(e, 41n);
      const one = h + s1 + ((e & f) ^ (~e & WORD & g)) + ROUND[i] + w[i];
      const s0 = turned(a, 28n) ^ turned(a, 34n) ^ turned(a, 39n);
      const two = s0 + ((a & b) ^ (a & c) ^ (b & c));
      [a, b, c, d, e, f, g, h] = [(one + two) & WORD, a, b, c, (d + one) & WORD, e, f, g];
    }
    state = [a, b, c, d, e, f, g, h].map((word, i) => (word + state[i]) & WORD);
  }
  const out = new DataView(new ArrayBuffer(64));
  state.forEach((word, i) => out.setBigUint64(8 * i, word));
  return new Uint8Array(out.buffer);
}

// ---------------------------------------------------------------- the curve

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const within = (number) => ((number % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (let square = within(base); exponent; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

const inverse = (number) => power(number, P - 2n);
const D = within(-121665n * inverse(121666n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);
const ZERO = [0n, 1n, 1n, 0n];

function plus([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = within((y1 - x1) * (y2 - x2));
  const b = within((y1 + x1) * (y2 + x2));
  const c = within(2n * t1 * t2 * D);
  const d = within(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [within(e * f), within(g * h), within(f * g), within(e * h)];
}

function times(point, number) {
  let result = ZERO;
  for (let doubled = point; number; number >>= 1n) {
    if (number & 1n) result = plus(result, doubled);
    doubled = plus(doubled, doubled);
  }
  return result;
}

function little(bytes) {
  let number = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) number = (number << 8n) | BigInt(bytes[i]);
  return number;
}

/** The point that 32 bytes stand for; null if they stand for none. */
function decoded(bytes) {
  const whole = little(bytes);
  const y = whole & bits(255n);
  if (y >= P) return null;
  const square = within((y * y - 1n) * inverse(D * y * y + 1n));
  let x = power(square, (P + 3n) / 8n);
  if ((x * x - square) % P) x = (x * ROOT_OF_MINUS_ONE) % P;
  if ((x * x - square) % P) return null;
  const odd = whole >> 255n;
  if (!x && odd) return null;
  if ((x & 1n) !== odd) x = P - x;
  return [x, y, 1n, (x * y) % P];
}

function encoded([x, y, z]) {
  const scale = inverse(z);
  const whole = ((y * scale) % P) | (((x * scale) % P & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, (_, i) => Number((whole >> BigInt(8 * i)) & 255n));
}

const BASE = decoded(Uint8Array.from({ length: 32 }, (_, i) => (i ? 0x66 : 0x58)));

/** Whether a signature of 64 bytes is that of a message by a public key of 32. */
export function verified(key, signature, message) {
  const point = decoded(key);
  const scalar = little(signature.slice(32));
  if (signature.length !== 64 || !point || scalar >= ORDER) return false;
  const hashed = sha512(Uint8Array.from([...signature.slice(0, 32), ...key, ...message]));
  const [x, y, z, t] = times(point, little(hashed) % ORDER);
  const found = encoded(plus(times(BASE, scalar), [P - x, y, z, P - t]));
  return found.every((byte, i) => byte === signature[i]);
}
