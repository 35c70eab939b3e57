// SHAKE128 and SHAKE256 (FIPS 202), which WebCrypto has not and ML-DSA is made of.

// Section 3.2.5; of each constant the upper and the lower half, as of each lane.
const ROUND_CONSTANTS = [
  [0x00000000, 0x00000001], [0x00000000, 0x00008082], [0x80000000, 0x0000808a], [0x80000000, 0x80008000],
  [0x00000000, 0x0000808b], [0x00000000, 0x80000001], [0x80000000, 0x80008081], [0x80000000, 0x00008009],
  [0x00000000, 0x0000008a], [0x00000000, 0x00000088], [0x00000000, 0x80008009], [0x00000000, 0x8000000a],
  [0x00000000, 0x8000808b], [0x80000000, 0x0000008b], [0x80000000, 0x00008089], [0x80000000, 0x00008003],
  [0x80000000, 0x00008002], [0x80000000, 0x00000080], [0x00000000, 0x0000800a], [0x80000000, 0x8000000a],
  [0x80000000, 0x80008081], [0x80000000, 0x00008080], [0x00000000, 0x80000001], [0x80000000, 0x80008008],
];

// The rotated upper half of a lane; with its halves exchanged, the lower one.
function rotated(upper, lower, by) {
  if (by === 0) return upper;
  if (by === 32) return lower;
  return by < 32 ? (upper << by) | (lower >>> (32 - by)) : (lower << (by - 32)) | (upper >>> (64 - by));
}

// Section 3.2.3: where each lane goes, one after the other, and by how much it is rotated (section 3.2.2).
const MOVES = [];
for (let step = 0, x = 1, y = 0; step < 24; step++) {
  [x, y] = [y, (2 * x + 3 * y) % 5];
  MOVES.push([x + 5 * y, (((step + 1) * (step + 2)) / 2) % 64]);
}

// Keccak-f[1600] (section 3.3) over 25 lanes: lane (x, y) is at x + 5y, its halves in two arrays.
function permute(up, low) {
  const sumUp = new Int32Array(5),
    sumLow = new Int32Array(5);
  for (const [constantUp, constantLow] of ROUND_CONSTANTS) {
    for (let x = 0; x < 5; x++) {
      sumUp[x] = up[x] ^ up[x + 5] ^ up[x + 10] ^ up[x + 15] ^ up[x + 20];
      sumLow[x] = low[x] ^ low[x + 5] ^ low[x + 10] ^ low[x + 15] ^ low[x + 20];
    }
    for (let lane = 0; lane < 25; lane++) {
      const before = (lane + 4) % 5,
        after = (lane + 1) % 5;
      up[lane] ^= sumUp[before] ^ rotated(sumUp[after], sumLow[after], 1);
      low[lane] ^= sumLow[before] ^ rotated(sumLow[after], sumUp[after], 1);
    }
    let [movingUp, movingLow] = [up[1], low[1]];
    for (const [place, by] of MOVES) {
      const nextUp = up[place],
        nextLow = low[place];
      up[place] = rotated(movingUp, movingLow, by);
      low[place] = rotated(movingLow, movingUp, by);
      movingUp = nextUp;
      movingLow = nextLow;
    }
    mixRows(up);
    mixRows(low);
    up[0] ^= constantUp;
    low[0] ^= constantLow;
  }
}

// Section 3.2.4.
function mixRows(half) {
  for (let row = 0; row < 25; row += 5) {
    const [a, b, c, d, e] = [half[row], half[row + 1], half[row + 2], half[row + 3], half[row + 4]];
    half[row] = a ^ (~b & c);
    half[row + 1] = b ^ (~c & d);
    half[row + 2] = c ^ (~d & e);
    half[row + 3] = d ^ (~e & a);
    half[row + 4] = e ^ (~a & b);
  }
}

// Gives as many of the bytes of SHAKE as are asked for, one call after the other. `rate`: 168 for SHAKE128, 136 for
// SHAKE256.
export function shake(rate, data) {
  const up = new Int32Array(25),
    low = new Int32Array(25),
    padded = new Uint8Array(Math.ceil((data.length + 1) / rate) * rate);
  padded.set(data);
  padded[data.length] = 0x1f; // the suffix of SHAKE, and the first bit of the padding (sections 5.1 and 6.2)
  padded[padded.length - 1] |= 0x80;
  const view = new DataView(padded.buffer);
  for (let block = 0; block < padded.length; block += rate) {
    for (let lane = 0; lane < rate / 8; lane++) {
      low[lane] ^= view.getInt32(block + 8 * lane, true);
      up[lane] ^= view.getInt32(block + 8 * lane + 4, true);
    }
    permute(up, low);
  }
  let place = 0;
  return (length) =>
    Uint8Array.from({ length }, () => {
      if (place === rate) {
        permute(up, low);
        place = 0;
      }
      const byte = (place & 4 ? up : low)[place >> 3] >>> (8 * (place & 3));
      place++;
      return byte;
    });
}
