/** How a file says that its picture is turned or mirrored: by EXIF, or where that is silent by XMP (as in Pillow). */

const ORIENTATION = 0x0112;
// of a number, by its type; Pillow takes a byte for a letter
const READERS = { 3: 'getUint16', 4: 'getUint32', 6: 'getInt8', 8: 'getInt16', 9: 'getInt32' };

const latin = bytes => new TextDecoder('latin1').decode(bytes);

/** EXIF's orientation, 1 to 8 where it is a usual one; null where there is none. */
function exifTurn(exif) {
  const bytes = exif.subarray(/^(Exif\0\0){0,2}/.exec(latin(exif.subarray(0, 12)))[0].length);
  if (bytes.length < 14) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), little = view.getUint16(0) === 0x4949;
  const start = view.getUint32(4, little);
  let turn = null;
  if (start + 2 > bytes.length) return null;
  for (let entry = 0; entry < view.getUint16(start, little); entry++) {
    const place = start + 2 + 12 * entry;
    if (place + 12 > bytes.length) break;
    if (view.getUint16(place, little) !== ORIENTATION) continue;
    const reader = READERS[view.getUint16(place + 2, little)], isOne = view.getUint32(place + 4, little) === 1;
    turn = reader && isOne ? view[reader](place + 8, little) : 1;
  }
  return turn;
}

/**
 * How a picture is to be turned.
 * @param {Uint8Array|null|undefined} exif
 * @param {Uint8Array|null|undefined} xmp
 * @returns {number} 2 to 8 as EXIF numbers them; 1, or any other number, for as it is
 */
export function turnOf(exif, xmp) {
  const told = xmp && /tiff:Orientation(?:="|>)([0-9])/.exec(latin(xmp));
  return (exif && exifTurn(exif)) ?? (told ? Number(told[1]) : 1);
}

/** Pixels turned and mirrored as a file says. */
export function turnedAsTold(pixels, turn) {
  if (!(turn > 1 && turn < 9)) return pixels;
  const { data, width, height, channels } = pixels, swapped = turn > 4;
  const [columns, rows] = swapped ? [height, width] : [width, height], result = new data.constructor(data.length);
  const upsideDown = [3, 4, 7, 8].includes(turn), mirrored = [2, 3, 6, 7].includes(turn);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const [u, v] = [mirrored ? columns - 1 - x : x, upsideDown ? rows - 1 - y : y];
      const [column, row] = swapped ? [v, u] : [u, v];
      for (let channel = 0; channel < channels; channel++) {
        result[(y * columns + x) * channels + channel] = data[(row * width + column) * channels + channel];
      }
    }
  }
  return { ...pixels, data: result, width: columns, height: rows };
}
