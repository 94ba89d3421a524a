/** Answers pictures: networks, their looks, and what was fitted to their answers. Follows nbs/05a_reader.ipynb. */
import { meanAndSpread } from './basics.js';
import { bounds, corrected } from './answer.js';
import { fixedView } from './views.js';

/** What a network is given: `image` (size · size) grey 0–255 and, where the sex is taken, `male` 1 for a boy. */
export function networkInputs(view, male) {
  const image = Float32Array.from(view.data);
  return male === null ? { image } : { image, male: Float32Array.of(male ? 1 : 0) };
}

/**
 * The bone age of a picture.
 * @param {{graph: function, size: number, views: string[]}[]} eyes networks that answer together
 * @param card page's card: correction, interval
 * @param {{data: Uint8Array, width: number, height: number}} picture as `preprocess` makes it
 * @param {boolean|null} male null for a network without the sex
 * @returns {Promise<{months: number, spread: number, interval: [number, number]|null, looks: object[]}>} months, and
 *   what each network says to each look: `{ eye, view, months }`
 */
export async function answer(eyes, card, picture, male) {
  const looks = [];
  for (const [eye, { graph, size, views }] of eyes.entries()) {
    for (const view of views) {
      const [[months]] = await graph(networkInputs(fixedView(picture, view, size), male));
      looks.push({ eye, view, months });
    }
  }
  const { mean, spread } = meanAndSpread(looks.map(look => look.months));
  let months = Math.max(mean, 0), interval = null; // no age is below birth
  if (male !== null) {
    if (card.correction) months = corrected(card.correction, months, male);
    if (card.interval) interval = bounds(card.interval, months, spread, male);
  }
  return { months, spread, interval, looks };
}
