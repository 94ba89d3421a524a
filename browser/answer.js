/**
 * What stands beside the number: the correction of a mean error, and an interval with a promise. Both were fitted in
 * Python and come in the card. Follows nbs/05_answer.ipynb.
 */
import { interpolate } from './basics.js';

/** Months; no label is older than 228. */
export const KNOTS = Array.from({ length: 20 }, (_, knot) => 12 * knot);
const OLDEST = KNOTS.at(-1);

/** A predicted age corrected, months, at least 0. `correction` as in the card. */
export function corrected(correction, months, male) {
  const beyond = months - Math.min(Math.max(months, KNOTS[0]), OLDEST);
  const shift = male ? correction.boys : correction.girls;
  return Math.max(interpolate(months, KNOTS, correction.months) + beyond + shift, 0);
}

/** The age at which a limit of the predictions, rising with age, reaches the prediction: 0 or 228 where it does not. */
function crossing(edge, predicted) {
  const below = edge.filter(value => value <= predicted).length;
  const after = Math.min(Math.max(below, 1), KNOTS.length - 1), left = edge[after - 1], right = edge[after];
  const share = Math.min(Math.max((predicted - left) / Math.max(right - left, 1e-9), 0), 1);
  return KNOTS[after - 1] + share * (KNOTS[after] - KNOTS[after - 1]);
}

/**
 * The interval of a film.
 * @param interval as in the card
 * @param {number} predicted months
 * @param {number} spread months, standard deviation over the looks
 * @returns {[number, number]} low ≤ predicted ≤ high, months
 */
export function bounds(interval, predicted, spread, male) {
  const { shape, lower, upper } = interval;
  const factor = Math.min(Math.max(1 + shape.spread_gain * (spread - shape.usual_spread), 0.6), 2);
  const middle = KNOTS.map((age, knot) => age + shape.mean[knot] + (male ? shape.sex_shift : -shape.sex_shift));
  const least = middle.map((age, knot) => age + lower * factor * shape.size[knot]);
  const most = middle.map((age, knot) => age + upper * factor * shape.size[knot]);
  for (let knot = KNOTS.length - 2; knot >= 0; knot--) least[knot] = Math.min(least[knot], least[knot + 1]);
  for (let knot = 1; knot < KNOTS.length; knot++) most[knot] = Math.max(most[knot], most[knot - 1]);
  return [Math.min(crossing(most, predicted), predicted), Math.max(crossing(least, predicted), predicted)];
}
