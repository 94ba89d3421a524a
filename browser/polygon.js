/**
 * The inside of a convex polygon, pixel for pixel as OpenCV's convexHull and fillConvexPoly give it (8-connected edges,
 * no shift). Follows between_marks in nbs/02_preprocessing.ipynb and opencv/modules/imgproc/src/drawing.cpp.
 */
import { wholeNumber } from './basics.js';

const ONE = 65536; // OpenCV's fixed-point unit along a row

/** The corners of the convex hull of whole points [x, y], without those on its sides. */
export function convexHull(points) {
  const sorted = [...points].sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  const turn = (a, b, c) => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  const half = list => {
    const chain = [];
    for (const point of list) {
      while (chain.length > 1 && turn(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
      const last = chain.at(-1);
      if (!last || last[0] !== point[0] || last[1] !== point[1]) chain.push(point);
    }
    return chain;
  };
  const [below, above] = [half(sorted), half(sorted.reverse())];
  return below.length < 2 ? below : [...below.slice(0, -1), ...above.slice(0, -1)];
}

/** The part of a line inside a picture, as whole points; null where it misses. */
function clipped([x1, y1], [x2, y2], width, height) {
  const [right, bottom] = [width - 1, height - 1];
  const beside = x => (x < 0 ? 1 : x > right ? 2 : 0), beyond = y => (y < 0 ? 4 : y > bottom ? 8 : 0);
  let [first, second] = [beside(x1) + beyond(y1), beside(x2) + beyond(y2)];
  if ((first & second) === 0 && (first | second) !== 0) {
    if (first & 12) {
      const edge = first < 8 ? 0 : bottom;
      x1 += Math.trunc((edge - y1) * (x2 - x1) / (y2 - y1));
      y1 = edge;
      first = beside(x1);
    }
    if (second & 12) {
      const edge = second < 8 ? 0 : bottom;
      x2 += Math.trunc((edge - y2) * (x2 - x1) / (y2 - y1));
      y2 = edge;
      second = beside(x2);
    }
    if ((first & second) === 0 && (first | second) !== 0) {
      if (first) {
        const edge = first === 1 ? 0 : right;
        y1 += Math.trunc((edge - x1) * (y2 - y1) / (x2 - x1));
        x1 = edge;
        first = 0;
      }
      if (second) {
        const edge = second === 1 ? 0 : right;
        y2 += Math.trunc((edge - x2) * (y2 - y1) / (x2 - x1));
        x2 = edge;
        second = 0;
      }
    }
  }
  return (first | second) === 0 ? [[x1, y1], [x2, y2]] : null;
}

/** Mark the pixels of a line. */
function drawLine(mask, width, height, from, to) {
  const inside = clipped(from, to, width, height);
  if (!inside) return;
  let [[x, y], [endX, endY]] = inside;
  if (endX < x) [x, y, endX, endY] = [endX, endY, x, y];
  const across = endX - x, down = Math.abs(endY - y), step = endY < y ? -1 : 1;
  const isSteep = down > across, long = isSteep ? down : across, short = isSteep ? across : down;
  let error = long - 2 * short;
  for (let count = 0; count <= long; count++) {
    mask[y * width + x] = 1;
    const isTurn = error < 0;
    error += isTurn ? 2 * (long - short) : -2 * short;
    if (isSteep || isTurn) y += step;
    if (!isSteep || isTurn) x += 1;
  }
}

/** Mark the pixels of a convex polygon with whole corners [x, y]; `mask`: Uint8Array (height · width). */
export function fillConvex(mask, width, height, corners) {
  const count = corners.length, ys = corners.map(([, y]) => y), xs = corners.map(([x]) => x);
  corners.forEach((corner, place) => drawLine(mask, width, height, corners.at(place - 1), corner));
  const top = Math.min(...ys), bottom = Math.min(Math.max(...ys), height - 1);
  if (count < 3 || Math.max(...xs) < 0 || bottom < 0 || Math.min(...xs) >= width || top >= height) return;
  const first = ys.indexOf(top);
  const sides = [1, count - 1].map(step => ({ at: first, step, x: -ONE, slope: 0, until: top }));
  let left = count;
  for (let y = top; y <= bottom; y++) {
    for (const side of sides) {
      if (y < side.until) continue;
      let from = side.at, to = (from + side.step) % count;
      for (; left-- > 0; from = to, to = (to + side.step) % count) {
        if (ys[to] <= y) continue;
        const [start, end, rows] = [xs[from] * ONE, xs[to] * ONE, ys[to] - y];
        const slope = Math.trunc(((end - start) * 2 + rows) / (2 * rows));
        Object.assign(side, { until: ys[to], slope, x: start, at: to });
        break;
      }
    }
    if (y >= 0) {
      const [low, high] = sides[0].x > sides[1].x ? [sides[1].x, sides[0].x] : [sides[0].x, sides[1].x];
      const begin = Math.max(Math.floor((low + ONE / 2) / ONE), 0);
      const end = Math.min(Math.floor((high + ONE / 2) / ONE), width - 1);
      if (begin <= end) mask.fill(1, y * width + begin, y * width + end + 1);
    }
    for (const side of sides) side.x += side.slope;
  }
}

/**
 * The convex hull of landmarks.
 * @param {number[][]} marks [x, y] in pixels
 * @param {number} width of the picture
 * @param {number} height of the picture
 * @returns {Uint8Array} (height · width): 1 inside, 0 outside
 */
export function betweenMarks(marks, width, height) {
  const mask = new Uint8Array(width * height);
  fillConvex(mask, width, height, convexHull(marks.map(mark => mark.map(wholeNumber))));
  return mask;
}
