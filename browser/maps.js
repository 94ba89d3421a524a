/**
 * What each place of a picture adds to an answer, drawn over the picture. Follows nbs/02b_maps.ipynb and `explain` in
 * nbs/08_assessment.ipynb.
 */
import { networkInputs } from './reader.js';
import { resizeNumbers } from './resize.js';
import { fixedView } from './views.js';

/** Months that each place adds, the mean of the plain look and its mirror image: Float32Array (places · places). */
async function places(graph, { size, views }, picture, male) {
  const [plain, mirrored] = await ['plain', 'mirror'].filter(view => views.includes(view)).reduce(
    async (found, view) => [...await found, (await graph(networkInputs(fixedView(picture, view, size), male)))[1]], []);
  if (!mirrored) return plain;
  const width = Math.sqrt(plain.length);
  return plain.map((months, place) => {
    const row = Math.floor(place / width), column = place % width;
    return (months + mirrored[row * width + width - 1 - column]) / 2;
  });
}

/**
 * Where the answer comes from, over the picture.
 * @param {function} graph that explains, of the first eye
 * @param {{size: number, views: string[]}} eye
 * @param {{data: Uint8Array, width: number, height: number}} picture square, as `preprocess` makes it
 * @returns {Promise<Float32Array>} (side · side), the largest place is 1; all 0 where nothing points anywhere
 */
export async function heatMap(graph, eye, picture, male) {
  const months = await places(graph, eye, picture, male), width = Math.sqrt(months.length);
  const large = resizeNumbers(months.map(Math.abs), width, width, picture.width, picture.height);
  const most = Math.max(large.reduce((one, other) => Math.max(one, other), 0), 1e-12);
  return large.map(value => value / most);
}
