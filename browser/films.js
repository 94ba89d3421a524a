/** Any film in: bytes of a file, whatever its format, told by its content. Follows nbs/films/00e_film.ipynb. */
import { FilmProblem, cutShort, sha256, unreadable } from './basics.js';
import { isDicom, readDicom } from './dicom.js';
import { greyLevels } from './grey.js';
import { decodedByBrowser, isJpeg, readJpeg } from './jpeg.js';
import { isPng, readPng } from './png.js';
import { turnOf } from './turn.js';

const LARGEST_FILE = 500_000_000; // bytes
const UNSEEN = 'a WebP tells nothing of damage inside it: give the original where there is one';

/** Do the bytes begin so? */
const begins = (bytes, start, from = 0) => (
  [...start].every((letter, place) => bytes[from + place] === letter.charCodeAt(0)));
const isBmp = bytes => begins(bytes, 'BM');
const isWebp = bytes => begins(bytes, 'RIFF') && begins(bytes, 'WEBP', 8);
const isTiff = bytes => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some(start => begins(bytes, start));

const viewOf = bytes => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The part of a WebP that is called so; null without one. */
function webpPart(bytes, kind) {
  for (let place = 12; place + 8 <= bytes.length;) {
    const length = viewOf(bytes).getUint32(place + 4, true), start = place + 8;
    if (begins(bytes, kind, place)) return bytes.subarray(start, start + length);
    place = start + length + length % 2;
  }
  return null;
}

/** A WebP as the browser decodes it, which may not say that it is cut short or holds several frames. */
async function checkedWebp(bytes, name) {
  if (bytes.length < 30 || viewOf(bytes).getUint32(4, true) + 8 > bytes.length) throw cutShort(name);
  if (begins(bytes, 'VP8X', 12) && bytes[20] & 2) {
    throw new FilmProblem(`${name} holds several frames: save the frame with the hand as one image.`);
  }
  const turn = turnOf(webpPart(bytes, 'EXIF'), webpPart(bytes, 'XMP '));
  if (turn > 1 && turn < 9) { // not every browser turns it
    throw new FilmProblem(`${name} says that it is turned, which this page does not heed in a WebP: save it as PNG.`);
  }
  return { pixels: await decodedByBrowser(bytes, 'image/webp', name), notes: [UNSEEN] };
}

/** A BMP as the browser decodes it, which may not say that it is cut short. */
async function checkedBmp(bytes, name) {
  if (bytes.length < 54) throw cutShort(name);
  const view = viewOf(bytes), [width, height] = [18, 22].map(place => Math.abs(view.getInt32(place, true)));
  const row = Math.floor((width * view.getUint16(28, true) + 31) / 32) * 4;
  const isPlain = [0, 3].includes(view.getUint32(30, true)); // not packed
  if (isPlain && view.getUint32(10, true) + row * height > bytes.length) throw cutShort(name);
  return { pixels: await decodedByBrowser(bytes, 'image/bmp', name), notes: [] };
}

/** The pixels of an image file. */
async function readImage(bytes, name) {
  if (isPng(bytes)) return readPng(bytes, name);
  if (isJpeg(bytes)) return readJpeg(bytes, name);
  if (isBmp(bytes)) return checkedBmp(bytes, name);
  if (isWebp(bytes)) return checkedWebp(bytes, name);
  if (isTiff(bytes)) throw new FilmProblem(`${name} is a TIFF, which this page does not read: save it as PNG.`);
  throw unreadable(name);
}

/**
 * The film in a file.
 * @param {Uint8Array} bytes
 * @param {string} name what to call it
 * @returns {Promise<{data: Uint8Array, width: number, height: number, name: string, notes: string[],
 *   sha256: string|null, tags: object|null}>} grey; what was put right; what a DICOM says
 */
export async function readFilm(bytes, name) {
  if (!bytes.length) throw new FilmProblem(`${name} is empty (0 bytes): copy the file again.`);
  if (bytes.length > LARGEST_FILE) {
    throw new FilmProblem(`${name} has more than ${LARGEST_FILE / 1_000_000} MB: save it at a smaller size.`);
  }
  const hash = await sha256(bytes);
  if (isDicom(bytes)) return { ...await readDicom(bytes, name), name, sha256: hash };
  const { pixels, notes } = await readImage(bytes, name), { film, notes: further } = greyLevels(pixels, name);
  return { ...film, name, notes: [...notes, ...further], sha256: hash, tags: null };
}
