/**
 * Reads a PNG exactly: a browser's canvas would change 16 bits and what has an alpha channel. Gives the pixels that
 * Pillow gives in nbs/films/00b_radiograph.ipynb.
 */
import { FilmProblem, cutShort, unreadable } from './basics.js';
import { checkSize } from './grey.js';
import { turnOf, turnedAsTold } from './turn.js';

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];
const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }; // by colour type
const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] }; // bits, by colour type
// first column and row, steps across and down, of the seven parts of an interlaced picture
const PASSES = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];

const LONGEST_WORDS = 2 ** 20; // bytes, of a text in the file

export const isPng = bytes => SIGNATURE.every((byte, place) => bytes[place] === byte);

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? 0xedb88320 ^ (byte >>> 1) : byte >>> 1;
  return byte;
});

function crc32(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = CRC_TABLE[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

/** The chunks `{ kind, data, intact }` up to the end. */
function chunksOf(bytes, name) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), chunks = [];
  for (let place = 8; place + 8 <= bytes.length;) {
    const length = view.getUint32(place), kind = String.fromCharCode(...bytes.subarray(place + 4, place + 8));
    const end = place + 8 + length, data = bytes.subarray(place + 8, end), isWhole = end + 4 <= bytes.length;
    const intact = isWhole && crc32(bytes.subarray(place + 4, end)) === view.getUint32(end);
    if (!intact && kind !== 'IDAT' && kind !== 'IEND') {
      if (chunks.some(one => one.kind === 'IDAT') && /^[a-z]/.test(kind)) break; // words behind the pixels
      throw chunks.length ? cutShort(name, 'a part of it is broken') : unreadable(name);
    }
    chunks.push({ kind, data, intact });
    if (kind === 'IEND') break;
    place += 12 + length;
  }
  return chunks;
}

/** What a stream unpacks to, up to `most` bytes, and whether an error ended it. */
async function unpacked(stream, format, most) {
  const reader = stream.pipeThrough(new DecompressionStream(format)).getReader(), found = [];
  let length = 0, isBroken = false;
  try {
    for (let part; length < most && !(part = await reader.read()).done; length += part.value.length) {
      found.push(part.value);
    }
  } catch {
    isBroken = true; // what came before it counts
  }
  reader.cancel().catch(() => {});
  const result = new Uint8Array(length);
  found.reduce((place, part) => (result.set(part, place), place + part.length), 0);
  return { result: result.subarray(0, Math.min(length, most)), isBroken };
}

/**
 * Inflate packed parts.
 * @param {Uint8Array[]} parts
 * @param {number} most bytes to unpack: the rest is left
 * @returns {Promise<Uint8Array>} fewer bytes where the data end or break before
 */
export const inflated = async (parts, most) => (await unpacked(new Blob(parts).stream(), 'deflate', most)).result;

const STEP = 1024; // bytes

/**
 * Inflate data without a checksum, behind which a byte may stand that fills up, as in DICOM. Browsers take it for an
 * error, and with it goes what was not read yet: so they get little at a time, and near the end byte by byte.
 * @param {Uint8Array} bytes
 * @param {number} most as for `inflated`
 */
export async function inflatedRaw(bytes, most) {
  let place = 0, fineFrom = Infinity;
  const dripping = () => new ReadableStream({
    pull(controller) {
      if (place >= bytes.length) return controller.close();
      controller.enqueue(bytes.subarray(place, place += place < fineFrom ? STEP : 1));
    },
  }, { highWaterMark: 0 });
  const { result, isBroken } = await unpacked(dripping(), 'deflate-raw', most);
  if (!isBroken) return result;
  [fineFrom, place] = [Math.max(place - 4 * STEP, 0), 0];
  return (await unpacked(dripping(), 'deflate-raw', most)).result;
}

/** Undo the filters of `height` rows of `stride` bytes, in place; gives them without their first bytes. */
function unfiltered(raw, height, stride, back, name) {
  const rows = new Uint8Array(height * stride);
  for (let y = 0; y < height; y++) {
    const from = y * (stride + 1), filter = raw[from], start = y * stride, above = start - stride;
    if (filter > 4) throw cutShort(name, 'broken data stream');
    for (let x = 0; x < stride; x++) {
      const left = x >= back ? rows[start + x - back] : 0, up = y ? rows[above + x] : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = up;
      else if (filter === 3) guess = (left + up) >> 1;
      else if (filter === 4) {
        const corner = y && x >= back ? rows[above + x - back] : 0, sum = left + up - corner;
        const [a, b, c] = [Math.abs(sum - left), Math.abs(sum - up), Math.abs(sum - corner)];
        guess = a <= b && a <= c ? left : b <= c ? up : corner;
      }
      rows[start + x] = raw[from + 1 + x] + guess;
    }
  }
  return rows;
}

/** The samples of a row of bytes, one a number; sub-byte samples as they are. */
function samplesOf(rows, width, height, channels, depth, stride) {
  if (depth === 8) return rows;
  const samples = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  const each = width * channels, mask = (1 << depth) - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < each; x++) {
      const start = y * stride;
      if (depth === 16) samples[y * each + x] = rows[start + 2 * x] << 8 | rows[start + 2 * x + 1];
      else samples[y * each + x] = rows[start + (x * depth >> 3)] >> 8 - depth - (x * depth & 7) & mask;
    }
  }
  return samples;
}

/** All samples of a picture, interlaced or not. */
function assembled(raw, { width, height, depth, channels, interlaced }, name) {
  const strideOf = columns => Math.ceil(columns * channels * depth / 8), back = Math.max(1, channels * depth >> 3);
  if (!interlaced) {
    const stride = strideOf(width);
    return samplesOf(unfiltered(raw, height, stride, back, name), width, height, channels, depth, stride);
  }
  const all = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  let place = 0;
  for (const [left, top, across, down] of PASSES) {
    const columns = Math.ceil((width - left) / across), rows = Math.ceil((height - top) / down);
    const stride = strideOf(columns);
    if (columns <= 0 || rows <= 0) continue;
    const part = unfiltered(raw.subarray(place, place + rows * (stride + 1)), rows, stride, back, name);
    const samples = samplesOf(part, columns, rows, channels, depth, stride);
    place += rows * (stride + 1);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        for (let channel = 0; channel < channels; channel++) {
          all[((top + y * down) * width + left + x * across) * channels + channel]
            = samples[(y * columns + x) * channels + channel];
        }
      }
    }
  }
  return all;
}

/** Bytes of all rows with their filters, before they are packed. */
function rawLength({ width, height, depth, channels, interlaced }) {
  const length = (columns, rows) => (
    columns > 0 && rows > 0 ? rows * (1 + Math.ceil(columns * channels * depth / 8)) : 0);
  if (!interlaced) return length(width, height);
  return PASSES.reduce((sum, [left, top, across, down]) => (
    sum + length(Math.ceil((width - left) / across), Math.ceil((height - top) / down))), 0);
}

/** Palette and low bits resolved, as Pillow does. */
function resolved(samples, header, palette, alphas) {
  const { width, height, depth, type, channels } = header;
  if (type === 3) {
    const wide = alphas ? 4 : 3, data = new Uint8Array(width * height * wide);
    samples.forEach((index, place) => {
      for (let channel = 0; channel < 3; channel++) data[place * wide + channel] = palette[3 * index + channel] ?? 0;
      if (alphas) data[place * wide + 3] = alphas[index] ?? 255;
    });
    return { data, width, height, channels: wide };
  }
  if (depth < 8) return { data: samples.map(value => value * 255 / ((1 << depth) - 1)), width, height, channels };
  if (depth === 16 && type === 4) { // read as colours, by Pillow and OpenCV as well
    const data = new Uint16Array(width * height * 4);
    data.forEach((_, place) => { data[place] = samples[2 * (place >> 2) + (place % 4 === 3 ? 1 : 0)]; });
    return { data, width, height, channels: 4 };
  }
  return { data: samples, width, height, channels };
}

/** The words of a chunk, if they have one of the keywords: bytes, unpacked. */
async function wordsOf({ kind, data }, keywords, name) {
  const end = data.indexOf(0), keyword = String.fromCharCode(...data.subarray(0, Math.min(end, 80)));
  if (end < 0 || !keywords.includes(keyword)) return null;
  const rest = data.subarray(end + 1);
  if (kind === 'tEXt') return rest;
  const isPacked = kind === 'zTXt' || rest[0] !== 0, language = rest.indexOf(0, 2);
  const words = kind === 'zTXt' ? rest.subarray(1) : rest.subarray(rest.indexOf(0, language + 1) + 1);
  if (!isPacked) return words;
  const unpackedWords = await inflated([words], LONGEST_WORDS + 1);
  if (unpackedWords.length > LONGEST_WORDS) throw cutShort(name, 'the words in it are too long');
  return unpackedWords;
}

/** EXIF that was written as words: hexadecimal digits below three lines. */
function asExif(words) {
  const digits = new TextDecoder('latin1').decode(words).split('\n').slice(3).join('').replace(/\s/g, '');
  return Uint8Array.from(digits.match(/../g) ?? [], pair => parseInt(pair, 16));
}

/** How a PNG says that it is turned. */
async function pngTurn(chunks, name) {
  const texts = chunks.filter(({ kind }) => ['tEXt', 'zTXt', 'iTXt'].includes(kind));
  const last = async (...keywords) => {
    const found = await Promise.all(texts.map(chunk => wordsOf(chunk, keywords, name)));
    return found.filter(Boolean).at(-1) ?? null;
  };
  const exif = chunks.findLast(({ kind }) => kind === 'eXIf')?.data ?? await last('exif');
  const profile = exif ? null : await last('Raw profile type exif');
  return turnOf(profile ? asExif(profile) : exif, await last('XML:com.adobe.xmp', 'xmp'));
}

/**
 * The pixels of a PNG.
 * @param {Uint8Array} bytes of the file
 * @param {string} name what to call the film in a problem
 * @returns {Promise<{pixels: {data, width: number, height: number, channels: number}, notes: string[]}>}
 */
export async function readPng(bytes, name) {
  const chunks = chunksOf(bytes, name), [first] = chunks;
  const one = kind => chunks.find(chunk => chunk.kind === kind)?.data;
  if (first?.kind !== 'IHDR' || first.data.length !== 13) throw unreadable(name);
  const view = new DataView(first.data.buffer, first.data.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, type, , , interlaced] = first.data.subarray(8);
  if (!DEPTHS[type]?.includes(depth)) throw unreadable(name);
  const header = { width, height, depth, type, channels: CHANNELS[type], interlaced };
  checkSize(width, height, name);
  const frames = one('acTL') && new DataView(one('acTL').buffer, one('acTL').byteOffset).getUint32(0);
  if (frames > 1) throw new FilmProblem(`${name} holds ${frames} frames: save the frame with the hand as one image.`);
  const packed = chunks.filter(chunk => chunk.kind === 'IDAT'), length = rawLength(header);
  if (!packed.length) throw unreadable(name);
  const raw = await inflated(packed.map(chunk => chunk.data), length);
  if (raw.length < length) throw cutShort(name, 'OSError: image file is truncated');
  const pixels = resolved(assembled(raw, header, name), header, one('PLTE') ?? [], one('tRNS'));
  const damaged = packed.some(chunk => !chunk.intact);
  return {
    pixels: turnedAsTold(pixels, await pngTurn(chunks, name)),
    notes: damaged ? ['the file is slightly damaged (a checksum is wrong, the pixels fit together)'] : [],
  };
}
