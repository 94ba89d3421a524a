/**
 * What every module leans on: problems in one sentence, numbers rounded and printed as Python does, the sex.
 * Follows nbs/00_basics.ipynb; rounding follows Python's `round` and `format`.
 */

/** A film that gets no answer; the message is one sentence that says what, which file and what to do. */
export class FilmProblem extends Error {
  /**
   * @param {string} message the sentence that Python says
   * @param {{reasons?: {code: string, text: string}[], needs?: string}} more why a film is refused; what is missing
   */
  constructor(message, more = {}) {
    super(message);
    this.name = 'FilmProblem';
    Object.assign(this, { reasons: [], needs: null }, more);
  }
}

/** The problem of a file whose end is missing. */
export const cutShort = (name, why = null) => new FilmProblem(
  `${name} cannot be decoded${why ? ` (${why})` : ''}: it may be cut short, copy it again.`);

/** The problem of a film of which much may be wrong. */
export const damaged = (name, why) => new FilmProblem(
  `${name} is damaged (${why}): copy it again from where it came.`);

/** The problem of a file that is no film; the page reads other kinds than Python. */
export const unreadable = name => new FilmProblem(
  `${name} is not an image that can be read: give a radiograph as PNG, JPEG, BMP, WebP or DICOM.`);

/** Python's f'{number:.{digits}f}': the nearest decimal, a tie to the even digit (toFixed takes a tie upwards). */
export function fixed(number, digits) {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? 'nan' : number > 0 ? 'inf' : '-inf';
  const size = Math.abs(number), sign = number < 0 || Object.is(number, -0) ? '-' : '';
  const up = size.toFixed(digits), exact = size.toFixed(Math.min(100, digits + 40));
  const rest = exact.slice(exact.indexOf('.') + 1 + digits);
  const isTie = /^50*$/.test(rest), isOdd = Number(up.at(-1)) % 2 === 1;
  if (!isTie || !isOdd) return sign + up;
  return sign + (digits ? exact.slice(0, exact.indexOf('.') + 1 + digits) : exact.slice(0, exact.indexOf('.')));
}

/** Python's round(number, digits). */
export function rounded(number, digits) {
  return Number(fixed(number, digits));
}

/** NumPy's round(number, digits) of float64. */
export const roundedAsNumPy = (number, digits) => wholeNumber(number * 10 ** digits) / 10 ** digits;

/** Python's round(number): a tie goes to the even number. */
export function wholeNumber(number) {
  const below = Math.floor(number), rest = number - below;
  if (rest === 0.5) return below % 2 === 0 ? below : below + 1;
  return Math.round(number);
}

/**
 * NumPy's percentiles of grey levels, interpolated linearly.
 * @param {Uint8Array} values grey levels
 * @param {number[]} shares percentiles from 0 to 100
 * @param {Uint8Array=} inside same length; where to look: everywhere if not given
 * @returns {number[]} one grey level for each share; NaN where nothing is inside
 */
export function percentiles(values, shares, inside) {
  const counts = new Array(256).fill(0);
  for (let place = 0; place < values.length; place++) if (!inside || inside[place]) counts[values[place]]++;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const at = rank => {
    let level = 0, seen = counts[0];
    while (seen <= rank) seen += counts[++level];
    return level;
  };
  return shares.map(share => {
    if (!total) return NaN;
    const place = (total - 1) * (share / 100), below = Math.floor(place), part = place - below;
    const low = at(below), high = at(Math.min(below + 1, total - 1));
    return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
  });
}

const SEX_WORDS = { f: 'F', female: 'F', girl: 'F', m: 'M', male: 'M', boy: 'M' };

/** 'F' or 'M'; a problem for anything else, also for nothing. */
export function parseSex(sex) {
  const word = String(sex ?? 'None').trim().toLowerCase();
  if (Object.hasOwn(SEX_WORDS, word)) return SEX_WORDS[word];
  const told = sex === null || sex === undefined ? 'None' : `'${sex}'`;
  throw new FilmProblem(`The sex must be 'F' or 'M', not ${told}: it changes the answer and is never guessed.`,
    { needs: 'sex' });
}

/** Points [x, y], n of them, turned clockwise about (0, 0): rows times the matrix of `rotation` in Python. */
export function turned(points, radians) {
  const cosine = Math.cos(radians), sine = Math.sin(radians);
  return points.map(([x, y]) => [x * cosine - y * sine, x * sine + y * cosine]);
}

/** The median of grey levels, as NumPy takes it. */
export const median = (values, inside) => percentiles(values, [50], inside)[0];

/** NumPy's interp: `values` at rising `knots`, flat beyond their ends. */
export function interpolate(at, knots, values) {
  const last = knots.length - 1;
  if (at <= knots[0]) return values[0];
  if (at >= knots[last]) return values[last];
  let place = 0;
  while (knots[place + 1] <= at) place++;
  const slope = (values[place + 1] - values[place]) / (knots[place + 1] - knots[place]);
  return slope * (at - knots[place]) + values[place];
}

/** Mean and standard deviation (of all, not of a sample) of numbers. */
export function meanAndSpread(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, spread: Math.sqrt(squares / values.length) };
}

/** A name as it can be printed: escapes for what cannot be. */
export function shown(name) {
  return String(name).replace(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, letter => {
    const code = letter.codePointAt(0), short = { 9: '\\t', 10: '\\n', 13: '\\r' }[code];
    if (short) return short;
    const [sign, digits] = code < 0x100 ? ['x', 2] : code < 0x10000 ? ['u', 4] : ['U', 8];
    return `\\${sign}${code.toString(16).padStart(digits, '0')}`;
  });
}

/** SHA-256 of bytes as 64 hexadecimal digits; null on a page that came neither by https nor from this machine. */
export async function sha256(bytes) {
  if (!globalThis.crypto?.subtle) return null;
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('');
}
