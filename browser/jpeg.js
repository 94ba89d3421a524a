/**
 * Reads what the browser decodes: JPEG, BMP and WebP. In Node, where nothing decodes them, it says so. What damage
 * leaves in a JPEG follows nbs/films/00a_damage.ipynb.
 */
import { FilmProblem, cutShort, damaged, fixed } from './basics.js';
import { checkSize } from './grey.js';
import { SHORT, jpegComplaint } from './jpegdata.js';
import { turnOf, turnedAsTold } from './turn.js';

const SEAM_CLIP = 24; // grey levels: one pixel counts for no more
const SEAM_LEAST = 3; // grey levels; clean films stay below
const SEAM_STEPS = 1.25; // steps of brightness; what rounding makes stays below
const SEAM_BLOCKS = 3; // blocks on each side that must say something
const MISFIT = 5; // grey levels: a whole row of blocks apart from the next by so much more than usual
const FLAT_END = 0.02; // share of the height
const EXIF = 'Exif\0\0', XMP = 'http://ns.adobe.com/xap/1.0/\0'; // how segments begin

export const isJpeg = bytes => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

/** Some browsers give other pixels than were drawn, lest the machine be known by them: no film can be read so. */
function checkCanvas(name) {
  const context = new OffscreenCanvas(16, 16).getContext('2d', { willReadFrequently: true });
  const drawn = context.createImageData(16, 16);
  drawn.data.forEach((_, place) => { drawn.data[place] = place % 4 === 3 ? 255 : 37 * place % 256; });
  context.putImageData(drawn, 0, 0);
  const { data } = context.getImageData(0, 0, 16, 16);
  if (data.every((level, place) => level === drawn.data[place])) return;
  throw new FilmProblem(`${name} cannot be read here: this browser changes the pixels of pictures, to protect against `
    + 'fingerprinting. Allow this page its canvas, or give the film as PNG or as DICOM without JPEG.');
}

/**
 * The pixels that the browser sees, without colour management.
 * @param {Uint8Array} bytes of the file
 * @param {string} type of it, such as 'image/jpeg'
 * @param {'from-image'|'none'} imageOrientation whether they are turned as EXIF says
 * @returns {Promise<{data: Uint8ClampedArray, width: number, height: number, channels: 4}>}
 */
export async function decodedByBrowser(bytes, type, name, imageOrientation = 'from-image') {
  if (!globalThis.createImageBitmap) throw new FilmProblem(`${name} can only be read in a browser: save it as PNG.`);
  checkCanvas(name);
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes], { type }),
      { colorSpaceConversion: 'none', premultiplyAlpha: 'none', imageOrientation });
  } catch {
    throw cutShort(name);
  }
  const { width, height } = bitmap;
  checkSize(width, height, name);
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 };
}

/** What stands before the pixels of a JPEG: segments `{ kind, start, end, data }`. */
function segmentsOf(bytes) {
  const found = [];
  for (let place = 2; place + 4 <= bytes.length && bytes[place] === 0xff && bytes[place + 1] !== 0xda;) {
    if (bytes[place + 1] === 0xff) { // a byte that fills up
      place++;
      continue;
    }
    const end = place + 2 + (bytes[place + 2] << 8 | bytes[place + 3]);
    found.push({ kind: bytes[place + 1], start: place, end, data: bytes.subarray(place + 4, end) });
    place = end;
  }
  return found;
}

/** Size, and rows of a block: 16 where colour has half the resolution; null where a JPEG does not say it. */
function frameOf(segments) {
  const isFrame = ({ kind }) => kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind);
  const data = segments.find(isFrame)?.data;
  if (!data || data.length < 6 + 3 * data[5]) return null;
  const factors = Array.from({ length: data[5] }, (_, layer) => data[7 + 3 * layer] & 15);
  const block = factors.length > 1 ? 8 * Math.max(...factors) : 8;
  return { height: data[1] << 8 | data[2], width: data[3] << 8 | data[4], block };
}

/** The mean step between two rows of blocks, left and right of the end of each block. */
function stepsFromLeft({ data, width }, row, block) {
  const sums = [], counts = [];
  let sum = 0, count = 0;
  for (let x = 0; x < width; x++) {
    const [above, upper, lower, below] = [-2, -1, 0, 1].map(at => data[(row + at) * width + x]);
    if (upper !== lower || upper !== 0 && upper !== 255) {
      sum += Math.min(Math.max(3 * (lower - upper) + above - below, -2 * SEAM_CLIP), 2 * SEAM_CLIP) / 2;
      count++;
    }
    if (x % block === block - 1 || x === width - 1) {
      sums.push(sum);
      counts.push(count);
    }
  }
  const mean = (total, number) => (number >= SEAM_BLOCKS * block ? total / number : 0);
  return {
    left: sums.map((total, place) => mean(total, counts[place])),
    right: sums.map((total, place) => mean(sum - total, count - counts[place])),
  };
}

/** How fine a JPEG stores the brightness of its blocks, in grey levels; 0 where it does not say. */
export function brightnessStep(bytes) {
  for (let place = 2; place + 7 <= bytes.length && bytes[place] === 0xff;) {
    const kind = bytes[place + 1];
    if (kind === 0xdb) return (bytes[place + 4] >> 4 ? bytes[place + 5] << 8 | bytes[place + 6] : bytes[place + 5]) / 8;
    place += kind === 0xff ? 1 : 2 + (bytes[place + 2] << 8 | bytes[place + 3]);
  }
  return 0;
}

/**
 * The clearest seam of a wrong brightness in a JPEG.
 * @param {{data: Uint8Array, width: number, height: number}} grey as decoded, not turned
 * @param {number} block pixels: 8, or 16 where colour has half the resolution
 * @param {number} step grey levels, as `brightnessStep` tells
 * @returns {number} grey levels that it is high; 0 without one
 */
export function seam(grey, block = 8, step = 0) {
  if (grey.height < 4 * block) return 0;
  let best = { clear: -Infinity, high: 0 }, last = null;
  for (let row = block; row < grey.height - 1; row += block) {
    const next = stepsFromLeft(grey, row, block);
    for (let place = 0; last && place < next.left.length; place++) {
      const here = next.left[place], before = last.right[place];
      const high = Math.sign(here) === Math.sign(before) ? Math.min(Math.abs(here), Math.abs(before)) : 0;
      const clear = high - 2 * Math.max(Math.abs(last.left[place]), Math.abs(next.right[place]));
      if (clear > best.clear) best = { clear, high };
    }
    last = next;
  }
  return best.clear >= Math.max(SEAM_LEAST, SEAM_STEPS * step) ? best.high : 0;
}

/** How much more than usual, in grey levels, two rows of blocks are apart; a row may change over at any block. */
function misfit({ data, width, height }, block) {
  if (height < 4 * block) return 0;
  const wholes = [];
  let last = null, most = -Infinity;
  for (let row = block; row < height - 1; row += block) {
    const apart = new Float64Array(width);
    for (let x = 0, sum = 0; x < width; x++) {
      const [above, upper, lower, below] = [-2, -1, 0, 1].map(at => data[(row + at) * width + x]);
      const isSilent = upper === lower && (upper === 0 || upper === 255);
      if (!isSilent) sum += Math.min(Math.abs(3 * (lower - upper) + above - below), 2 * SEAM_CLIP) / 2;
      apart[x] = sum;
    }
    if (last) apart.forEach((sum, x) => { most = Math.max(most, sum + last[width - 1] - last[x]); });
    wholes.push(apart[width - 1]);
    last = apart;
  }
  wholes.sort((one, other) => one - other);
  const middle = wholes.length >> 1;
  const usual = wholes.length % 2 ? wholes[middle] : (wholes[middle - 1] + wholes[middle]) / 2;
  return (most - usual) / width;
}

/** Share of the height at the end whose blocks are all flat: what a decoder fills in. */
function flatEnd({ data, width, height }) {
  const isFlat = row => {
    for (let x = 0; x + 8 <= width; x += 8) {
      for (let step = 1; step < 8; step++) if (data[row * width + x + step] !== data[row * width + x]) return false;
    }
    return true;
  };
  let rows = 0;
  while (rows < height && isFlat(height - 1 - rows)) rows++;
  return rows / height;
}

/** Grey of decoded pixels, as Pillow weighs the colours. */
function lightness({ data, width, height }) {
  const grey = new Uint8Array(width * height);
  for (let place = 0; place < grey.length; place++) {
    grey[place] = (19595 * data[4 * place] + 38470 * data[4 * place + 1] + 7471 * data[4 * place + 2] + 32768) >> 16;
  }
  return { data: grey, width, height };
}

/** Does libjpeg complain of nothing but zeros before the end? */
function isFilledUp(bytes, complaint) {
  const told = /^Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9$/.exec(complaint);
  let end = bytes.length - 2;
  while (end > 0 && !(bytes[end] === 0xff && bytes[end + 1] === 0xd9)) end--;
  const more = told ? bytes.subarray(Math.max(0, end - Number(told[1])), Math.max(0, end)) : null;
  return more !== null && more.every(byte => byte === 0);
}

/**
 * What is wrong with JPEG data that were decoded, as notes; a problem where they are cut short, which not every browser
 * says, or where much of the film may be wrong.
 * @param {Uint8Array} bytes of the JPEG
 * @param {{data: Uint8Array, width: number, height: number}} grey as decoded, not turned
 * @param {number} block pixels: 8, or 16 where colour has half the resolution
 */
export function checkJpeg(bytes, grey, block, name) {
  const complaint = jpegComplaint(bytes);
  if (complaint === SHORT) throw cutShort(name);
  if (complaint && !isFilledUp(bytes, complaint) && (misfit(grey, block) > MISFIT || flatEnd(grey) > FLAT_END)) {
    throw damaged(name, complaint);
  }
  const high = seam(grey, block, brightnessStep(bytes));
  if (high) throw damaged(name, `its brightness jumps by ${fixed(high, 0)} grey levels in a seam`);
  return complaint ? [`the file is slightly damaged (${complaint})`] : [];
}

/** The segments that begin so. */
const beginning = (segments, start) => segments.filter(({ kind, data }) => (
  kind === 0xe1 && [...start].every((letter, place) => data[place] === letter.charCodeAt(0))));

/** How a JPEG says that it is turned. */
export function jpegTurn(bytes) {
  const segments = segmentsOf(bytes), [exif] = beginning(segments, EXIF), xmp = beginning(segments, XMP).at(-1);
  return turnOf(exif?.data, xmp?.data);
}

/** A JPEG without EXIF, which a browser might heed. */
function withoutExif(bytes, segments) {
  const parts = [];
  let place = 0;
  for (const { start, end } of beginning(segments, EXIF)) {
    parts.push(bytes.subarray(place, start));
    place = end;
  }
  return new Blob([...parts, bytes.subarray(place)]);
}

/** The pixels of a JPEG, and notes; a problem where much of it may be wrong. */
export async function readJpeg(bytes, name) {
  const segments = segmentsOf(bytes), frame = frameOf(segments);
  if (frame) checkSize(frame.width, frame.height, name);
  const plain = withoutExif(bytes, segments); // decoded without its orientation: seams lie between rows of blocks
  const pixels = await decodedByBrowser(plain, 'image/jpeg', name), grey = lightness(pixels), block = frame?.block ?? 8;
  const notes = checkJpeg(bytes, grey, block, name);
  return { pixels: turnedAsTold(pixels, jpegTurn(bytes)), notes };
}
