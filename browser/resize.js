/**
 * Resizing and warping, bit for bit as OpenCV 4.11 does on bytes. Pictures are `{ data: Uint8Array, width, height }`,
 * grey, or with `channels: 3`. What Python does by cv2.resize, cv2.warpAffine and cv2.warpPerspective.
 */
import { wholeNumber } from './basics.js';

/** Bytes of a pixel. */
const channelsOf = picture => picture.channels ?? 1;

/** A picture of one size. */
export function picture(width, height, channels = 1) {
  return { data: new Uint8Array(width * height * channels), width, height, channels };
}

/** Which source pixels make a target pixel, and with which weights: OpenCV's table for averaging over areas. */
function areaTable(from, to, scale) {
  const rows = [];
  for (let target = 0; target < to; target++) {
    const start = target * scale, end = start + scale, width = Math.min(scale, from - start), row = [];
    const last = Math.min(Math.floor(end), from - 1), first = Math.min(Math.ceil(start), last);
    if (first - start > 1e-3) row.push([first - 1, Math.fround((first - start) / width)]);
    for (let place = first; place < last; place++) row.push([place, Math.fround(1 / width)]);
    if (end - last > 1e-3) row.push([last, Math.fround(Math.min(Math.min(end - last, 1), width) / width)]);
    rows.push(row);
  }
  return rows;
}

/** Averages over whole numbers of pixels. */
function resizeWhole(source, width, height, across, down) {
  const result = picture(width, height, channelsOf(source)), { channels } = result, row = source.width * channels;
  const scale = Math.fround(1 / (across * down)), four = across === 2 && down === 2;
  for (let y = 0, target = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++, target++) {
        let sum = 0, count = 0;
        for (let v = y * down; v < Math.min((y + 1) * down, source.height); v++) {
          for (let u = x * across; u < Math.min((x + 1) * across, source.width); u++, count++) {
            sum += source.data[v * row + u * channels + channel];
          }
        }
        if (count < across * down) result.data[target] = wholeNumber(Math.fround(sum / count));
        else result.data[target] = four ? (sum + 2) >> 2 : wholeNumber(Math.fround(sum * scale));
      }
    }
  }
  return result;
}

/**
 * Shrink, averaging over areas (INTER_AREA).
 * @param {number} width of the result in pixels
 * @param {number} height of the result in pixels
 * @param {number} scaleX pixels of the source for one of the result; as OpenCV, 1 / fx where a factor was given
 * @param {number} scaleY the same downwards
 */
export function resizeArea(source, width, height, scaleX = source.width / width, scaleY = source.height / height) {
  const across = wholeNumber(scaleX), down = wholeNumber(scaleY);
  if (Math.abs(scaleX - across) < 2.3e-16 && Math.abs(scaleY - down) < 2.3e-16) {
    return resizeWhole(source, width, height, across, down);
  }
  const result = picture(width, height, channelsOf(source)), { channels } = result, row = width * channels;
  const columns = areaTable(source.width, width, scaleX), rows = areaTable(source.height, height, scaleY);
  const line = new Float32Array(row), sum = new Float32Array(row);
  for (let y = 0; y < height; y++) {
    sum.fill(0);
    for (const [from, weight] of rows[y]) {
      line.fill(0);
      const start = from * source.width * channels;
      for (let x = 0; x < width; x++) {
        for (const [place, share] of columns[x]) {
          for (let channel = 0; channel < channels; channel++) {
            line[x * channels + channel] += Math.fround(source.data[start + place * channels + channel] * share);
          }
        }
      }
      for (let place = 0; place < row; place++) sum[place] += Math.fround(weight * line[place]);
    }
    for (let place = 0; place < row; place++) result.data[y * row + place] = wholeNumber(sum[place]);
  }
  return result;
}

/** Shrink by a factor below 1, as cv2.resize with fx and fy and INTER_AREA. */
export function shrinkBy(source, factor) {
  const [width, height] = [source.width, source.height].map(side => wholeNumber(side * factor));
  return resizeArea(source, width, height, 1 / factor, 1 / factor);
}

/** A film saved at a lower resolution: the shorter side gets at most `side` pixels. */
export function shrunk(film, side) {
  const factor = Math.min(1, side / Math.min(film.width, film.height));
  return factor < 1 ? shrinkBy(film, factor) : film;
}

/** Left neighbours, and the weights of left and right ones in 2048ths, for linear interpolation on bytes. */
function linearTable(from, to, clamp) {
  const scale = 1 / (to / from), [places, lefts, rights] = [0, 1, 2].map(() => new Int32Array(to));
  for (let target = 0; target < to; target++) {
    let place = Math.fround((target + 0.5) * scale - 0.5), left = Math.floor(place);
    place = Math.fround(place - left);
    if (clamp && left < 0) [left, place] = [0, 0]; // columns alone: OpenCV blends a border row with itself
    if (clamp && left >= from - 1) [left, place] = [from - 1, 0];
    places[target] = left;
    lefts[target] = wholeNumber(Math.fround(1 - place) * 2048);
    rights[target] = wholeNumber(place * 2048);
  }
  return { places, lefts, rights };
}

/** Enlarge a grey picture (INTER_LINEAR). */
export function resizeLinear(source, width, height) {
  const result = picture(width, height), columns = linearTable(source.width, width, true);
  const rows = linearTable(source.height, height, false), last = source.width - 1;
  const line = (y, into) => {
    const start = y * source.width;
    for (let x = 0; x < width; x++) {
      const left = columns.places[x], right = Math.min(left + 1, last);
      into[x] = source.data[start + left] * columns.lefts[x] + source.data[start + right] * columns.rights[x];
    }
    return into;
  };
  const upper = new Int32Array(width), lower = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    const top = rows.places[y];
    line(Math.max(top, 0), upper);
    line(Math.min(top + 1, source.height - 1), lower);
    for (let x = 0; x < width; x++) {
      const above = (rows.lefts[y] * (upper[x] >> 4)) >> 16, below = (rows.rights[y] * (lower[x] >> 4)) >> 16;
      result.data[y * width + x] = Math.min(255, Math.max(0, (above + below + 2) >> 2));
    }
  }
  return result;
}

/** Linear interpolation of plain numbers: `values` (height × width) at another size. */
export function resizeNumbers(values, fromWidth, fromHeight, width, height) {
  const result = new Float32Array(width * height);
  const at = (target, from, to) => {
    const place = Math.min(Math.max((target + 0.5) * from / to - 0.5, 0), from - 1), low = Math.floor(place);
    return [low, Math.min(low + 1, from - 1), place - low];
  };
  for (let y = 0; y < height; y++) {
    const [top, bottom, down] = at(y, fromHeight, height);
    for (let x = 0; x < width; x++) {
      const [left, right, across] = at(x, fromWidth, width);
      const row = place => values[place * fromWidth + left] * (1 - across) + values[place * fromWidth + right] * across;
      result[y * width + x] = row(top) * (1 - down) + row(bottom) * down;
    }
  }
  return result;
}

/** The matrix (2 × 3, row by row) of a turn by degrees, counter-clockwise, and a zoom about a point. */
export function rotationMatrix([x, y], degrees, scale) {
  const turn = degrees * Math.PI / 180, along = Math.cos(turn) * scale, across = Math.sin(turn) * scale;
  const [cx, cy] = [Math.fround(x), Math.fround(y)];
  return [along, across, (1 - along) * cx - across * cy, -across, along, across * cx + (1 - along) * cy];
}

/** The matrix (2 × 3) that goes back. */
export function invertedAffine(m) {
  let d = m[0] * m[4] - m[1] * m[3];
  d = d !== 0 ? 1 / d : 0;
  const a = m[4] * d, b = m[1] * -d, c = m[3] * -d, e = m[0] * d;
  return [a, b, -a * m[2] - b * m[5], c, e, -c * m[2] - e * m[5]];
}

/** A pixel between four others at a place in 32nds of pixels; black, or the nearest pixel, outside. */
function blend(source, channels, x, y, target, place, replicate) {
  const { data, width, height } = source;
  let left = x >> 5, top = y >> 5, right = left + 1, bottom = top + 1;
  const dx = x & 31, dy = y & 31;
  if (replicate) {
    left = Math.min(Math.max(left, 0), width - 1);
    right = Math.min(Math.max(right, 0), width - 1);
    top = Math.min(Math.max(top, 0), height - 1);
    bottom = Math.min(Math.max(bottom, 0), height - 1);
  } else if (left < -1 || top < -1 || left >= width || top >= height) return;
  const hasLeft = left >= 0, hasRight = right < width, hasTop = top >= 0, hasBottom = bottom < height;
  for (let channel = 0; channel < channels; channel++) {
    const a = hasTop && hasLeft ? data[(top * width + left) * channels + channel] : 0;
    const b = hasTop && hasRight ? data[(top * width + right) * channels + channel] : 0;
    const c = hasBottom && hasLeft ? data[(bottom * width + left) * channels + channel] : 0;
    const d = hasBottom && hasRight ? data[(bottom * width + right) * channels + channel] : 0;
    target[place + channel] = ((32 - dy) * ((32 - dx) * a + dx * b) + dy * ((32 - dx) * c + dx * d) + 512) >> 10;
  }
}

/**
 * What lies under a square after an affine map; black outside.
 * @param matrix 2 × 3, row by row, from source to result
 * @param {boolean} nearest the nearest pixel instead of a blend of four
 */
export function warpAffine(source, matrix, width, height, nearest = false) {
  const m = invertedAffine(matrix), result = picture(width, height, channelsOf(source)), { channels } = result;
  const half = nearest ? 512 : 16, across = new Int32Array(width), down = new Int32Array(width);
  for (let x = 0; x < width; x++) [across[x], down[x]] = [wholeNumber(m[0] * x * 1024), wholeNumber(m[3] * x * 1024)];
  for (let y = 0; y < height; y++) {
    const startX = wholeNumber((m[1] * y + m[2]) * 1024) + half, startY = wholeNumber((m[4] * y + m[5]) * 1024) + half;
    for (let x = 0; x < width; x++) {
      const u = startX + across[x], v = startY + down[x], place = (y * width + x) * channels;
      if (!nearest) blend(source, channels, u >> 5, v >> 5, result.data, place, false);
      else if (u >= 0 && v >= 0 && u >> 10 < source.width && v >> 10 < source.height) {
        result.data[place] = source.data[(v >> 10) * source.width + (u >> 10)];
      }
    }
  }
  return result;
}

/** The linear equations `rows` · x = `right`, solved as OpenCV does, so that ties of rounding fall alike. */
function solved(rows, right) {
  const count = right.length;
  for (let i = 0; i < count; i++) {
    let best = i;
    for (let j = i + 1; j < count; j++) if (Math.abs(rows[j][i]) > Math.abs(rows[best][i])) best = j;
    [rows[i], rows[best]] = [rows[best], rows[i]];
    [right[i], right[best]] = [right[best], right[i]];
    const d = -1 / rows[i][i];
    for (let j = i + 1; j < count; j++) {
      const factor = rows[j][i] * d;
      for (let k = i + 1; k < count; k++) rows[j][k] += factor * rows[i][k];
      right[j] += factor * right[i];
    }
  }
  for (let i = count - 1; i >= 0; i--) {
    for (let k = i + 1; k < count; k++) right[i] -= rows[i][k] * right[k];
    right[i] /= rows[i][i];
  }
  return right;
}

/** The perspective map (3 × 3, row by row) that brings four corners to four others; float32, as OpenCV takes them. */
export function perspective(from, to) {
  const f = Math.fround, upper = [], lower = [];
  from.forEach(([x, y], corner) => {
    const [u, v] = to[corner], [a, b] = [f(x), f(y)];
    upper.push([a, b, 1, 0, 0, 0, f(-a * u), f(-b * u)]);
    lower.push([0, 0, 0, a, b, 1, f(-a * v), f(-b * v)]);
  });
  return [...solved([...upper, ...lower], [...to.map(([u]) => u), ...to.map(([, v]) => v)]), 1];
}

/** The 3 × 3 matrix that goes back. */
function inverted([a, b, c, d, e, f, g, h, i]) {
  const whole = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g), s = 1 / whole;
  return [(e * i - f * h) * s, (c * h - b * i) * s, (b * f - c * e) * s,
    (f * g - d * i) * s, (a * i - c * g) * s, (c * d - a * f) * s,
    (d * h - e * g) * s, (b * g - a * h) * s, (a * e - b * d) * s];
}

/**
 * A quadrangle brought to a rectangle.
 * @param matrix 3 × 3, row by row, from source to result
 * @param {boolean} replicate repeat the border outside the source instead of black
 */
export function warpPerspective(source, matrix, width, height, replicate) {
  const m = inverted(matrix), result = picture(width, height, channelsOf(source)), { channels } = result;
  // OpenCV works in blocks, and its sums begin anew in each
  const block = Math.min(Math.floor(1024 / Math.min(16, height)), width);
  for (let y = 0; y < height; y++) {
    for (let start = 0; start < width; start += block) {
      const x0 = m[0] * start + m[1] * y + m[2], y0 = m[3] * start + m[4] * y + m[5];
      const w0 = m[6] * start + m[7] * y + m[8];
      for (let step = 0; step < Math.min(block, width - start); step++) {
        let w = w0 + m[6] * step;
        w = w ? 32 / w : 0;
        const u = wholeNumber((x0 + m[0] * step) * w), v = wholeNumber((y0 + m[3] * step) * w);
        blend(source, channels, u, v, result.data, (y * width + start + step) * channels, replicate);
      }
    }
  }
  return result;
}
