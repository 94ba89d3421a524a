/** The looks at a picture whose answers are averaged. Follows fixed_view in nbs/films/02_changes.ipynb. */
import { resizeArea, resizeLinear, rotationMatrix, warpAffine } from './resize.js';

/** Name → whether mirrored, and how much larger the hand is shown. */
const FIXED_VIEWS = {
  plain: [false, 1], mirror: [true, 1], closer: [false, 1.07], 'closer-mirror': [true, 1.07],
  wider: [false, 0.93], 'wider-mirror': [true, 0.93],
};

/** The mirror image of a grey picture, left to right. */
export function mirrorImage({ data, width, height }) {
  const mirrored = data.slice();
  for (let row = 0; row < height; row++) mirrored.subarray(row * width, (row + 1) * width).reverse();
  return { data: mirrored, width, height };
}

/** A square picture at a size, averaged where it shrinks. */
function shrinkTo(square, size) {
  if (square.height === size) return square;
  return square.height > size ? resizeArea(square, size, size) : resizeLinear(square, size, size);
}

/**
 * One look at a picture.
 * @param {{data: Uint8Array, width: number, height: number}} image square, as `preprocess` makes it
 * @param {string} name of the look
 * @param {number} size side of the look in pixels
 */
export function fixedView(image, name, size) {
  if (!Object.hasOwn(FIXED_VIEWS, name)) {
    throw new Error(`There is no view '${name}': choose from ${Object.keys(FIXED_VIEWS).join(', ')}.`);
  }
  const [mirror, zoom] = FIXED_VIEWS[name], view = shrinkTo(mirror ? mirrorImage(image) : image, size);
  if (zoom === 1) return view;
  return warpAffine(view, rotationMatrix([(size - 1) / 2, (size - 1) / 2], 0, zoom), size, size);
}
