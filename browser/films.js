/** Any film in: bytes of a file, whatever its format, told by its content. Follows nbs/films/00e_film.ipynb. */
import { FilmProblem, sha256 } from './basics.js';
import { isDicom, readDicom } from './dicom.js';
import { greyLevels } from './grey.js';
import { decodedByBrowser, isJpeg, readJpeg } from './jpeg.js';
import { isPng, readPng } from './png.js';

const LARGEST_FILE = 500_000_000; // bytes

/** Do the bytes begin so? */
const begins = (bytes, start, from = 0) => (
  [...start].every((letter, place) => bytes[from + place] === letter.charCodeAt(0)));
const isBmp = bytes => begins(bytes, 'BM');
const isWebp = bytes => begins(bytes, 'RIFF') && begins(bytes, 'WEBP', 8);
const isTiff = bytes => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some(start => begins(bytes, start));

/** The pixels of an image file. */
async function readImage(bytes, name) {
  if (isPng(bytes)) return readPng(bytes, name);
  if (isJpeg(bytes)) return readJpeg(bytes, name);
  if (isBmp(bytes)) return { pixels: await decodedByBrowser(bytes, 'image/bmp', name), notes: [] };
  if (isWebp(bytes)) return { pixels: await decodedByBrowser(bytes, 'image/webp', name), notes: [] };
  if (isTiff(bytes)) throw new FilmProblem(`${name} is a TIFF, which this page does not read: save it as PNG.`);
  throw new FilmProblem(`${name} is not an image that can be read: `
    + 'give a radiograph as PNG, JPEG, BMP, WebP or DICOM.');
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
