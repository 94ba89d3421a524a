/**
 * What the quality gate measures of a film and of the picture that was made of it. Follows
 * nbs/films/04_measures.ipynb. A film is `{ data: Uint8Array, width, height }`; marks are 21 landmarks [x, y].
 */
import { percentiles, turned, wholeNumber } from './basics.js';
import { PREPARATIONS, findPalms, landmarksOf } from './hand.js';
import { betweenMarks } from './polygon.js';
import { shrunk } from './resize.js';

const AROUND = 1.25; // side of the second look's square, as a share of the landmarks' larger extent
const SEARCHED = 320; // pixels: longer side of the film in which a second hand is sought
const [ROOM, ROOM_BEHIND] = [0.5, 1.0]; // of the hand's larger extent: what a strip beside it, or behind it, must have
const BAND_EDGES = [0.7, 1.4, 2.8, 5.6]; // standard deviations of the smoothings, in pixels of a crop of 320
const MEASURED = 1024; // pixels: side of the square of the film in which blocks are sought, in the middle of the hand
const COUNTED = 1024; // pixels: longer side of the film in which grey levels are counted, at most twice as many
const SIDE = 320; // pixels, of the crops that are judged

const distance = ([x, y], [otherX, otherY]) => Math.hypot(x - otherX, y - otherY);
const wristToKnuckle = marks => Math.max(distance(marks[9], marks[0]), 1);
const scaled = (marks, from, to) => marks.map(([x, y]) => [x * to.width / from.width, y * to.height / from.height]);

/** The upright box around landmarks: corners [x, y] and the longer side, in their pixels. */
function boxOf(marks) {
  const [xs, ys] = [0, 1].map(axis => marks.map(mark => mark[axis]));
  const low = [Math.min(...xs), Math.min(...ys)], high = [Math.max(...xs), Math.max(...ys)];
  return { low, high, extent: Math.max(high[0] - low[0], high[1] - low[1]) };
}

/** A palm that brings the landmark network to a hand that was found before: its square is the one around the marks. */
export function palmAround(marks) {
  const { low, high, extent } = boxOf(marks), side = AROUND * extent / 2.6;
  const centre = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2], [x, y] = [centre[0], centre[1] + side / 2];
  const points = [[centre[0], centre[1] + 1], centre, centre, [0, 0], [0, 0], [0, 0], [0, 0]]; // upright
  return { low: [x - side / 2, y - side / 2], high: [x + side / 2, y + side / 2], points, score: 1 };
}

/** The mirror image of a film, left to right. */
function mirrorImage({ data, width, height }) {
  const mirrored = new Uint8Array(data.length);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      mirrored[row * width + column] = data[row * width + width - 1 - column];
    }
  }
  return { data: mirrored, width, height };
}

/**
 * The hand in a crop, found once more in the mirror image.
 * @returns {Promise<{marks: number[][], presence: number}>} marks mirrored back, in pixels of the crop
 */
export async function lookAgain(crop, marks, networks) {
  const side = crop.width, prepared = PREPARATIONS.tinted(mirrorImage(crop));
  const margin = Math.floor((prepared.height - side) / 2);
  const palm = palmAround(marks.map(([x, y]) => [side - x + margin, y + margin]));
  const found = await landmarksOf(networks, prepared, palm);
  return { marks: found.marks.map(([x, y]) => [side + margin - x, y - margin]), presence: found.presence };
}

/** How far the landmark nearest to the film's edge lies inside, in lengths from the wrist to the middle knuckle. */
export function edgeDistance(marks, width, height) {
  const inside = Math.min(...marks.flatMap(([x, y]) => [x, y, width - x, height - y]));
  return inside / wristToKnuckle(marks);
}

/** Whether the thumb's side is left, as on the film of a right hand; `marks` of an upright hand. */
export const isMirrored = marks => marks[5][0] < marks[17][0];

/** The proportions of a hand: 42 numbers, free of place, size, turn and side. */
export function handShape(marks) {
  const [across, down] = [marks[9][0] - marks[0][0], marks[9][1] - marks[0][1]];
  const middle = [0, 1].map(axis => marks.reduce((sum, mark) => sum + mark[axis], 0) / marks.length);
  const centred = marks.map(([x, y]) => [x - middle[0], y - middle[1]]);
  const upright = turned(centred, -Math.atan2(across, -down));
  const side = isMirrored(upright) ? -1 : 1;
  const size = Math.sqrt(upright.reduce((sum, [x, y]) => sum + x * x + y * y, 0) / marks.length);
  return upright.flatMap(([x, y]) => [side * x / size, y / size]);
}

/** Part of a film: from column `left` and row `top` up to, without, `right` and `bottom`. */
function cutOut({ data, width, height }, left, top, right, bottom) {
  const [columns, rows] = [Math.max(Math.min(right, width) - left, 0), Math.max(Math.min(bottom, height) - top, 0)];
  const part = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const start = (top + row) * width + left;
    part.set(data.subarray(start, start + columns), row * columns);
  }
  return { data: part, width: columns, height: rows };
}

/** What lies left, right, above and below the hand, where a hand has room. */
export function stripsBeside(film, marks) {
  const { low, high, extent } = boxOf(marks), gap = 0.05 * extent, { width, height } = film;
  const [left, top] = low.map(edge => Math.trunc(Math.max(edge - gap, 0)));
  const [right, bottom] = high.map(edge => Math.trunc(Math.max(edge + gap, 0)));
  const length = wristToKnuckle(marks);
  const behind = [0, 1].map(axis => (marks[0][axis] - marks[9][axis]) / length);
  const beside = [
    [[0, 0, left, height], [-1, 0]], [[right, 0, width, height], [1, 0]],
    [[0, 0, width, top], [0, -1]], [[0, bottom, width, height], [0, 1]],
  ];
  return beside.map(([edges, side]) => {
    const room = behind[0] * side[0] + behind[1] * side[1] > 0.7 ? ROOM_BEHIND : ROOM;
    return { strip: cutOut(film, ...edges), least: Math.max(24, extent * room) };
  }).filter(({ strip, least }) => Math.min(strip.width, strip.height) >= least).map(({ strip }) => strip);
}

/** A film at the size in which a second hand is sought: longer side at most 320 pixels. */
export function asSearched(film) {
  const [shorter, longer] = [Math.min(film.width, film.height), Math.max(film.width, film.height)];
  return shrunk(film, Math.max(1, wholeNumber(SEARCHED * shorter / longer)));
}

/** The presence of another hand beside the one found, 0 to 1; 0 where there is no room. `film`: bright bone. */
export async function secondHand(film, marks, networks) {
  const small = asSearched(film);
  let best = 0;
  for (const strip of stripsBeside(small, scaled(marks, film, small))) {
    const prepared = PREPARATIONS.tinted(strip);
    const [palm] = await findPalms(networks, prepared, 0.3);
    if (palm) best = Math.max(best, (await landmarksOf(networks, prepared, palm)).presence);
  }
  return best;
}

/** The weights of OpenCV's Gaussian, an odd number of them that add up to 1. */
function bell(deviation) {
  const reach = (wholeNumber(8 * deviation + 1) | 1) >> 1;
  const falling = (_, place) => Math.exp(-((place - reach) ** 2) / (2 * deviation ** 2));
  const raw = Array.from({ length: 2 * reach + 1 }, falling);
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return Float32Array.from(raw, weight => weight / total);
}

/** A Gaussian along the rows, mirrored at the edges without repeating the last pixel: Float32Array in and out. */
const alongRows = (values, width, height, deviation) => filtered(values, width, height, 1, width, bell(deviation));

/** The same along the columns. */
const alongColumns = (values, width, height, deviation) => filtered(values, height, width, width, 1, bell(deviation));

/** OpenCV's Gaussian of floats. */
const smoothed = (values, width, height, deviation) =>
  alongColumns(alongRows(values, width, height, deviation), width, height, deviation);

/** One direction of it: `lines` of `length` values, a value every `step`, a line every `jump`. */
function filtered(values, length, lines, step, jump, weights) {
  const reach = weights.length >> 1;
  const result = new Float32Array(values.length), line = new Float64Array(length + 2 * reach);
  const period = 2 * (length - 1);
  for (let number = 0; number < lines; number++) {
    const start = number * jump;
    for (let place = -reach; place < length + reach; place++) {
      const folded = ((place % period) + period) % period;
      line[place + reach] = values[start + step * (folded < length ? folded : period - folded)];
    }
    for (let place = 0; place < length; place++) {
      let sum = 0;
      for (let weight = 0; weight < weights.length; weight++) sum += weights[weight] * line[place + weight];
      result[start + step * place] = sum;
    }
  }
  return result;
}

/** How far two pictures are apart where `inside` is set: root mean square, 0 where it is nowhere. */
function differenceOf(one, other, inside) {
  let [pixels, sum] = [0, 0];
  for (let place = 0; place < inside.length; place++) {
    if (!inside[place]) continue;
    pixels++;
    sum += (one[place] - other[place]) ** 2;
  }
  return pixels ? Math.sqrt(sum / pixels) : 0;
}

/**
 * How much detail of each fineness there is: logarithms of grey levels, one for each of four bands.
 * @param {{data: Uint8Array, width: number, height: number}} crop
 * @param {Uint8Array} inside (height · width): where to measure
 */
export function bandsOf(crop, inside) {
  const grey = Float32Array.from(crop.data);
  let finer = grey;
  return BAND_EDGES.map(deviation => {
    const smooth = smoothed(grey, crop.width, crop.height, deviation);
    const size = differenceOf(finer, smooth, inside);
    finer = smooth;
    return Math.log(size + 0.05);
  });
}

/** How much detail there is along an upright hand, against that across it: a logarithm, 0 where both are alike. */
export function lengthwiseOf(crop, inside) {
  const grey = Float32Array.from(crop.data);
  const [along, across] = [alongColumns, alongRows].map(
    way => differenceOf(grey, way(grey, crop.width, crop.height, BAND_EDGES[1]), inside) + 0.05);
  return Math.log(along / across);
}

/** Mean difference of each pixel of a line to the next line: of columns (`step` 1) or rows (`step` width). */
function stepsBetween({ data }, lines, length, start, step, jump) {
  return Array.from({ length: lines - 1 }, (_, line) => {
    let sum = 0;
    for (let place = 0; place < length; place++) {
      const here = start + line * step + place * jump;
      sum += Math.abs(data[here] - data[here + step]);
    }
    return sum / length;
  });
}

const meanOf = values => values.reduce((sum, value) => sum + value, 0) / values.length;

/** How much more neighbours differ across the borders of JPEG blocks (8 × 8 pixels) than within; 1 without blocks. */
export function blockiness(film, marks) {
  const { low, high } = boxOf(marks), most = [film.width, film.height];
  const [[left, right], [top, bottom]] = [0, 1].map(axis => {
    const [first, last] = [Math.floor(low[axis]), Math.ceil(high[axis])], middle = Math.floor((first + last) / 2);
    const from = Math.max(first, middle - MEASURED / 2, 0), to = Math.max(Math.min(last, middle + MEASURED / 2), 0);
    return [from, Math.min(to, most[axis])];
  });
  const [columns, rows] = [right - left, bottom - top];
  if (Math.min(columns, rows) <= 16) return 1;
  const start = top * film.width + left;
  const ratios = [stepsBetween(film, columns, rows, start, 1, film.width),
    stepsBetween(film, rows, columns, start, film.width, 1)].map(steps => {
    const borders = Array.from({ length: 8 }, (_, first) => {
      const [on, off] = [true, false].map(border => meanOf(steps.filter((_, line) => (line % 8 === first) === border)));
      return on / Math.max(off, 0.05);
    });
    return Math.max(...borders);
  });
  return Math.sqrt(ratios[0] * ratios[1]);
}

/** Range of grey levels in the hand, and the share of burnt-out pixels. */
function greysOf(small, inside) {
  const [dark, bright] = percentiles(small.data, [2, 99.5], inside);
  if (Number.isNaN(dark)) return { greys: 0, burnt: 0 };
  let [pixels, burnt] = [0, 0];
  for (let place = 0; place < inside.length; place++) {
    if (!inside[place]) continue;
    pixels++;
    if (small.data[place] >= 254) burnt++;
  }
  return { greys: bright - dark, burnt: burnt / pixels };
}

/** How many grey levels there are between the landmarks, 0 to 256. */
export function greyCount(film, marks) {
  const step = Math.max(1, Math.floor(Math.max(film.width, film.height) / COUNTED));
  const [width, height] = [Math.ceil(film.width / step), Math.ceil(film.height / step)];
  const inside = betweenMarks(marks.map(([x, y]) => [x / step, y / step]), width, height), seen = new Set();
  for (let place = 0; place < inside.length; place++) {
    if (inside[place]) seen.add(film.data[Math.floor(place / width) * step * film.width + (place % width) * step]);
  }
  return seen.size;
}

/**
 * What is judged.
 * @param {{data: Uint8Array, width: number, height: number}} film as it was read
 * @param {{image: object, record: object}} made what `preprocess` made of it
 * @param {object} networks for the second looks
 * @returns {Promise<{values: Object<string, number>, shape: number[]|null}>} numbers by name; the hand's shape (42),
 *   null without a hand
 */
export async function measure(film, made, networks) {
  const { record, image } = made;
  if (record.method === 'none') return { values: { presence: 0 }, shape: null };
  const marks = record.landmarks, [[a, b, c], [d, e, f]] = record.matrix;
  const inCrop = marks.map(([x, y]) => [a * x + b * y + c, d * x + e * y + f]);
  const again = await lookAgain(image, inCrop, networks);
  const found = asSearched(film);
  const small = record.inverted ? { ...found, data: found.data.map(level => 255 - level) } : found;
  const inSmall = scaled(marks, film, small);
  const pixels = SIDE / Math.sqrt(Math.abs(a * e - b * d)), hull = betweenMarks(inCrop, image.width, image.height);
  const apart = inCrop.reduce((sum, mark, place) => sum + distance(mark, again.marks[place]), 0) / inCrop.length;
  const values = {
    presence: record.presence, second_look: again.presence, apart: apart / wristToKnuckle(inCrop), angle: record.angle,
    edge: edgeDistance(marks, record.width, record.height), second_hand: await secondHand(small, inSmall, networks),
    mirrored: Number(isMirrored(inCrop)), pixels, ...greysOf(small, betweenMarks(inSmall, small.width, small.height)),
    levels: greyCount(film, marks), lengthwise: lengthwiseOf(image, hull),
    blocks: (blockiness(film, marks) - 1) * Math.min(1, SIDE / pixels), // as large as the crop shows them
  };
  bandsOf(image, hull).forEach((size, number) => {
    values[`band${number}`] = size;
  });
  return { values, shape: handShape(inCrop) };
}
