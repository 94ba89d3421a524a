/** Reads what the browser decodes: JPEG, BMP and WebP. In Node, where nothing decodes them, it says so. */
import { FilmProblem } from './basics.js';
import { checkSize } from './grey.js';

export const isJpeg = bytes => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;

/**
 * The pixels that the browser sees, turned as EXIF says, without colour management.
 * @param {Uint8Array} bytes of the file
 * @param {string} type of it, such as 'image/jpeg'
 * @returns {Promise<{data: Uint8ClampedArray, width: number, height: number, channels: 4}>}
 */
export async function decodedByBrowser(bytes, type, name) {
  if (!globalThis.createImageBitmap) throw new FilmProblem(`${name} can only be read in a browser: save it as PNG.`);
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes], { type }),
      { colorSpaceConversion: 'none', premultiplyAlpha: 'none', imageOrientation: 'from-image' });
  } catch {
    throw new FilmProblem(`${name} cannot be decoded: it may be cut short, copy it again.`);
  }
  const { width, height } = bitmap;
  checkSize(width, height, name);
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { data: context.getImageData(0, 0, width, height).data, width, height, channels: 4 };
}

/** The pixels of a JPEG, and notes. */
export async function readJpeg(bytes, name) {
  return { pixels: await decodedByBrowser(bytes, 'image/jpeg', name), notes: [] };
}
