/**
 * Pixels of any kind become one grey film of 8 bits. Follows nbs/films/00_grey.ipynb. Pixels
 * are `{ data, width, height, channels }` with 1 to 4 channels, alpha last, as Uint8Array, Uint16Array or another array
 * of whole numbers.
 */
import { FilmProblem, wholeNumber } from './basics.js';

const SMALLEST_SIDE = 64; // pixels
const LARGEST_AREA = 100_000_000; // pixels
const LARGEST_ASPECT = 10; // longer side by shorter side
const FEW_VALUES = 20; // at most one in so many of the distinct values can be far off
const RARE = 0.1; // per cent of the pixels on each side that say nothing about the range
const HEADROOM = 0.5; // how far the range may go beyond them, as a share of the distance between the two percentiles
const SAMPLE = 1_000_000; // pixels, or a little less, that are looked at to find gaps and percentiles
const LARGEST_COLOUR_SPREAD = 12; // grey levels: mean difference between the channels
const LARGEST_TONE_SCATTER = 3; // grey levels: how far colours of the same grey level lie apart
const TONED = 'the film is toned: its grey levels were taken';
const IN_ALPHA = 'the picture was in the alpha channel';

/** Refuse a size that no film of a hand has. */
export function checkSize(width, height, name) {
  if (width * height > LARGEST_AREA) {
    throw new FilmProblem(`${name} has more than ${LARGEST_AREA / 1_000_000} megapixels: save it at a smaller size.`);
  }
  if (Math.min(width, height) < SMALLEST_SIDE) {
    throw new FilmProblem(`${name} is ${width} × ${height} pixels, too small to show bone: `
      + `give an image of at least ${SMALLEST_SIDE} pixels a side.`);
  }
  if (Math.max(width, height) > LARGEST_ASPECT * Math.min(width, height)) {
    throw new FilmProblem(`${name} is ${width} × ${height} pixels, too long and narrow for a hand: `
      + 'cut the film out of it.');
  }
}

/** Smallest and largest number. */
function ends(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Middles of the gaps wider than all on their other side, less the few there that may be far off too. */
function farOff(values) {
  const few = Math.floor(values.length / FEW_VALUES), last = values.length - 1;
  const middle = gap => (values[gap] + values[gap + 1]) / 2, gap = place => values[place + 1] - values[place];
  let [lowest, highest] = [-Infinity, Infinity];
  for (let place = 0; place < few; place++) {
    if (gap(place) > values[last - few] - values[place + 1]) lowest = middle(place);
  }
  for (let place = last - 1; place >= last - few; place--) {
    if (gap(place) > values[place] - values[few]) highest = middle(place);
  }
  return [lowest, highest];
}

/** A percentile of sorted numbers, as NumPy interpolates it. */
function ofSorted(sorted, percent) {
  const place = (sorted.length - 1) * (percent / 100), below = Math.floor(place), part = place - below;
  const low = sorted[below], high = sorted[Math.min(below + 1, sorted.length - 1)];
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

/** The darkest and the brightest value that a film uses: its smallest and largest, unless they are far off or rare. */
export function greyRange(values) {
  let [darkest, brightest] = ends(values);
  const step = Math.ceil(values.length / SAMPLE);
  let sample = new Float64Array(Math.ceil(values.length / step));
  for (let place = 0; place < sample.length; place++) sample[place] = values[place * step];
  sample.sort();
  const distinct = [...new Set([darkest, ...sample, brightest])].sort((one, other) => one - other);
  const [lowest, highest] = farOff(distinct);
  if (lowest > -Infinity || highest < Infinity) {
    const near = value => value > lowest && value < highest;
    sample = sample.filter(near);
    [darkest, brightest] = ends(values.filter(near));
  }
  const low = ofSorted(sample, RARE), high = ofSorted(sample, 100 - RARE), room = HEADROOM * (high - low);
  return room ? [Math.max(darkest, low - room), Math.min(brightest, high + room)] : [darkest, brightest];
}

/** Grey levels for whole numbers of more than 8 bits. */
function toEightBits(pixels) {
  if (pixels.data instanceof Uint8Array || pixels.data instanceof Uint8ClampedArray) return pixels;
  const [low, high] = greyRange(pixels.data), data = new Uint8Array(pixels.data.length);
  if (high > low) {
    const scale = Math.fround(255 / (high - low));
    pixels.data.forEach((value, place) => {
      const above = Math.fround(Math.min(Math.max(value, low), high) - low);
      data[place] = wholeNumber(Math.fround(above * scale));
    });
  }
  return { ...pixels, data };
}

/** How far colours of the same grey level lie apart, in grey levels: the larger of red and of blue, both less green. */
function toneScatter(colours) {
  const count = colours.length / 3, levels = new Uint8Array(count), counts = new Float64Array(256);
  for (let place = 0; place < count; place++) {
    const [red, green, blue] = [0, 1, 2].map(channel => colours[3 * place + channel]);
    levels[place] = Math.floor((299 * red + 587 * green + 114 * blue + 500) / 1000);
    counts[levels[place]]++;
  }
  const scatter = channel => {
    const usual = new Float64Array(256);
    let total = 0, apart = 0;
    const tint = place => colours[3 * place + channel] - colours[3 * place + 1];
    for (let place = 0; place < count; place++) {
      usual[levels[place]] += tint(place);
      total += tint(place);
    }
    usual.forEach((sum, level) => {
      usual[level] = Math.sign(sum) === Math.sign(total) ? sum / Math.max(counts[level], 1) : 0;
    });
    for (let place = 0; place < count; place++) apart += Math.abs(tint(place) - usual[levels[place]]);
    return apart / count;
  };
  return Math.max(scatter(0), scatter(2));
}

/** The grey of a film saved as RGB; a problem for colour. */
function oneChannel({ data, width, height }, name) {
  const step = Math.ceil(Math.sqrt(width * height / SAMPLE)), sample = [];
  let apart = 0;
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const place = 3 * (y * width + x), [red, green, blue] = [data[place], data[place + 1], data[place + 2]];
      sample.push(red, green, blue);
      apart += Math.max(red, green, blue) - Math.min(red, green, blue);
    }
  }
  const spread = apart / (sample.length / 3);
  if (spread > LARGEST_COLOUR_SPREAD && toneScatter(sample) > LARGEST_TONE_SCATTER) {
    throw new FilmProblem(`${name} is a colour picture, not a radiograph: give the grey X-ray film of a hand.`);
  }
  const grey = new Uint8Array(width * height); // as OpenCV weighs the colours
  for (let place = 0; place < grey.length; place++) {
    grey[place] = (9798 * data[3 * place] + 19235 * data[3 * place + 1] + 3735 * data[3 * place + 2] + 16384) >> 15;
  }
  return { film: { data: grey, width, height }, notes: spread > LARGEST_COLOUR_SPREAD ? [TONED] : [] };
}

/** Some of the channels of pixels. */
function chosen({ data, width, height, channels }, wanted) {
  const picked = new data.constructor(width * height * wanted.length);
  for (let place = 0, target = 0; place < data.length; place += channels) {
    for (const channel of wanted) picked[target++] = data[place + channel];
  }
  return { data: picked, width, height, channels: wanted.length };
}

/** The colours, or the alpha channel where they are flat. */
function withoutAlpha(pixels) {
  const { data, channels } = pixels, alpha = channels - 1;
  const colours = Array.from({ length: alpha }, (_, channel) => channel);
  const flat = (channel, counts) => {
    let first;
    for (let place = 0; place < data.length; place += channels) {
      if (!counts(place)) continue;
      first ??= data[place + channel];
      if (data[place + channel] !== first) return false;
    }
    return true;
  };
  const isSeen = place => data[place + alpha] > 0;
  if (flat(alpha, () => true) || !colours.every(channel => flat(channel, isSeen))) {
    return { pixels: chosen(pixels, colours), notes: [] };
  }
  return { pixels: chosen(pixels, [alpha]), notes: [IN_ALPHA] };
}

/**
 * One 8-bit channel.
 * @param {{data, width: number, height: number, channels: number}} pixels
 * @returns {{film: {data: Uint8Array, width: number, height: number}, notes: string[]}} what was put right
 */
export function greyLevels(pixels, name) {
  checkSize(pixels.width, pixels.height, name);
  const { pixels: opaque, notes } = pixels.channels % 2 ? { pixels, notes: [] } : withoutAlpha(pixels);
  const { data, width, height, channels } = toEightBits(opaque);
  if (channels === 3) return oneChannel({ data, width, height }, name);
  return { film: { data: Uint8Array.from(data), width, height }, notes };
}
