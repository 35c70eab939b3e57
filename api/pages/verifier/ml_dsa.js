// Verification of ML-DSA-44 (FIPS 204, algorithms 3 and 8) for browsers whose WebCrypto has it not. It handles
// nothing that is secret, and no checkpoint is believed for it alone.
import { join, same } from "./bytes.js";
import { shake } from "./keccak.js";

// FIPS 204 table 1; section 2.5 for the root of unity.
const Q = 8380417,
  ROOT = 1753,
  D = 13,
  TAU = 39,
  GAMMA_1 = 2 ** 17,
  GAMMA_2 = (Q - 1) / 88,
  BETA = 78,
  OMEGA = 80;
const ROWS = 4, // both k and l
  N = 256;
export const ML_DSA_44_KEY_BYTES = 1312; // table 2
export const ML_DSA_44_SIGNATURE_BYTES = 2420;
const CHALLENGE_BYTES = 32,
  T1_BITS = 10,
  Z_BITS = 18,
  W1_BITS = 6;
const rows = [...Array(ROWS).keys()];
const shake256 = (length, ...parts) => shake(136, join(...parts))(length);
const modulo = (value) => ((value % Q) + Q) % Q;

// A public key, spread out once for all its signatures.
export function spreadOut(key) {
  const seed = key.subarray(0, 32);
  return {
    hash: shake256(64, key),
    matrix: rows.map((r) => rows.map((s) => rejected(seed, s, r))),
    ts: unpacked(key.subarray(32), T1_BITS).map((row) => transformed(row.map((value) => value * 2 ** D))),
  };
}

// Whether the signature is of this key over the message, with an empty context.
export function isSignedByMlDsa44(key, signature, message) {
  if (signature.length !== ML_DSA_44_SIGNATURE_BYTES) return false;
  const challenge = signature.subarray(0, CHALLENGE_BYTES);
  const z = unpacked(signature.subarray(CHALLENGE_BYTES), Z_BITS).map((row) => row.map((value) => GAMMA_1 - value));
  const hint = readHint(signature.subarray(ML_DSA_44_SIGNATURE_BYTES - OMEGA - ROWS));
  if (hint === null || z.flat().some((value) => Math.abs(value) >= GAMMA_1 - BETA)) return false;
  const w = commitment(key, z, sampleInBall(challenge));
  const w1 = w.map((row, place) => row.map((value, at) => useHint(hint[place].has(at), value)));
  const message64 = shake256(64, key.hash, [0, 0], message);
  return same(shake256(CHALLENGE_BYTES, message64, ...w1.map((row) => packed(row, W1_BITS))), challenge);
}

// A z - c t1 2^d, as polynomials.
function commitment({ matrix, ts }, z, c) {
  const zs = z.map(transformed),
    cs = transformed(c);
  return rows.map((r) => {
    const sum = cs.map((value, at) => -((value * ts[r][at]) % Q));
    for (const s of rows) for (let at = 0; at < N; at++) sum[at] += (matrix[r][s][at] * zs[s][at]) % Q;
    return restored(sum);
  });
}

// --- bits: integers of some width, least significant bits first, in rows of 256 ---

function unpacked(data, width) {
  const bit = (place) => (data[place >> 3] >> (place & 7)) & 1;
  const value = (place) => {
    let number = 0;
    for (let at = width - 1; at >= 0; at--) number = 2 * number + bit(place + at);
    return number;
  };
  return rows.map((row) => Array.from({ length: N }, (_, at) => value((row * N + at) * width)));
}

function packed(values, width) {
  const data = new Uint8Array((values.length * width) / 8);
  values.forEach((value, place) => {
    for (let at = 0; at < width; at++) {
      const bit = place * width + at;
      data[bit >> 3] |= ((value >> at) & 1) << (bit & 7);
    }
  });
  return data;
}

// Algorithm 21: the places of each row, in their order, then where each row ends; null if it is not so written.
function readHint(data) {
  const hint = [];
  let place = 0;
  for (const row of rows) {
    const end = data[OMEGA + row];
    if (end < place || end > OMEGA) return null;
    const places = [...data.subarray(place, end)];
    if (places.some((item, at) => at > 0 && item <= places[at - 1])) return null;
    hint.push(new Set(places));
    place = end;
  }
  return data.subarray(place, OMEGA).some((byte) => byte !== 0) ? null : hint;
}

// Algorithms 36 and 40: the high part of a coefficient, moved by one where the hint says so.
function useHint(isHinted, value) {
  const positive = modulo(value);
  let low = positive % (2 * GAMMA_2);
  if (low > GAMMA_2) low -= 2 * GAMMA_2;
  let high = (positive - low) / (2 * GAMMA_2);
  if (positive - low === Q - 1) [high, low] = [0, low - 1];
  const parts = (Q - 1) / (2 * GAMMA_2);
  return isHinted ? (high + (low > 0 ? 1 : parts - 1)) % parts : high;
}

// --- sampling ---

// Algorithm 29: 39 coefficients of 1 or -1, all others zero.
function sampleInBall(seed) {
  const bytes = shake(136, seed),
    signs = bytes(8),
    c = Array(N).fill(0);
  for (let at = N - TAU; at < N; at++) {
    let [place] = bytes(1);
    while (place > at) [place] = bytes(1);
    const sign = at + TAU - N;
    c[at] = c[place];
    c[place] = (signs[sign >> 3] >> (sign & 7)) & 1 ? -1 : 1;
  }
  return c;
}

// Algorithm 30: one polynomial of the matrix A, already transformed.
function rejected(seed, s, r) {
  const bytes = shake(168, join(seed, [s, r])),
    polynomial = [];
  while (polynomial.length < N) {
    const [low, middle, high] = bytes(3);
    const value = ((high & 0x7f) << 16) | (middle << 8) | low;
    if (value < Q) polynomial.push(value);
  }
  return polynomial;
}

// --- the number-theoretic transform (algorithms 41 and 42); products stay below 2^53 ---

const reversedBits = (at) => parseInt(at.toString(2).padStart(8, "0").split("").reverse().join(""), 2);
const POWERS = [1];
for (let at = 1; at < N; at++) POWERS.push((POWERS[at - 1] * ROOT) % Q);
const ZETAS = POWERS.map((_, at) => POWERS[reversedBits(at)]);

function transformed(polynomial) {
  const w = polynomial.map(modulo);
  let at = 0;
  for (let length = N / 2; length >= 1; length /= 2)
    for (let start = 0; start < N; start += 2 * length) {
      const zeta = ZETAS[++at];
      for (let j = start; j < start + length; j++) {
        const product = (zeta * w[j + length]) % Q;
        w[j + length] = modulo(w[j] - product);
        w[j] = (w[j] + product) % Q;
      }
    }
  return w;
}

function restored(polynomial) {
  const w = polynomial.map(modulo);
  let at = N;
  for (let length = 1; length < N; length *= 2)
    for (let start = 0; start < N; start += 2 * length) {
      const zeta = Q - ZETAS[--at];
      for (let j = start; j < start + length; j++) {
        const before = w[j];
        w[j] = (before + w[j + length]) % Q;
        w[j + length] = (zeta * modulo(before - w[j + length])) % Q;
      }
    }
  const scale = 8347681; // 256 to the power of -1, modulo Q
  return w.map((value) => (value * scale) % Q);
}
