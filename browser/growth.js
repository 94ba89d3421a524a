/**
 * Is a bone age early or late for a child's age? SD score, a word that respects the interval, a sentence for the
 * report, and what a chart shows. Follows nbs/clinic/01_growth.ipynb; the standard deviations come in growth.json,
 * which Python writes: `{ name, boys, girls }`, each sex a list of [age, standard deviation] in months.
 */
import { ageInWords } from './ages.js';
import { KNOTS } from './answer.js';
import { FilmProblem, fixed, parseSex } from './basics.js';

export const LIMIT = 2; // standard deviations

const whoOf = sex => (parseSex(sex) === 'M' ? 'boys' : 'girls');
const general = number => String(Number(number.toPrecision(6))); // Python's f'{number:g}' for months

/** The standard deviation in months at an age and sex; a problem outside the table. */
export function sdAt(table, ageMonths, sex) {
  const knots = table[whoOf(sex)], [first, last] = [knots[0][0], knots.at(-1)[0]];
  if (!(first <= ageMonths && ageMonths <= last)) {
    throw new FilmProblem(`There is no SD score at an age of ${fixed(ageMonths, 1)} months: the table ${table.name} `
      + `has ${whoOf(sex)} from ${general(first)} to ${general(last)} months.`);
  }
  const after = knots.findIndex(([age]) => age >= ageMonths);
  const [[left, low], [right, high]] = [knots[Math.max(after - 1, 0)], knots[after]];
  return right === left ? high : low + (high - low) * (ageMonths - left) / (right - left);
}

/** Does an interval end where the scale ends? It then says 'at least'. */
export const isOpen = interval => Boolean(interval) && interval[1] >= KNOTS.at(-1);

/** What an interval [low, high], in months, says beside the limits of an age. */
function determinationOf(interval, ageMonths, sd) {
  if (!interval) return 'indeterminate';
  const [low, least, most] = [interval[0], ageMonths - LIMIT * sd, ageMonths + LIMIT * sd];
  const high = isOpen(interval) ? Infinity : interval[1];
  if (high < least) return 'delayed';
  if (low > most) return 'advanced';
  return least <= low && high <= most ? 'normal' : 'indeterminate';
}

/**
 * A bone age beside the child's age; a problem outside the table and for numbers that are none.
 * @param {number} boneAgeMonths
 * @param {[number, number]|null} intervalMonths of the bone age; without one the word is 'indeterminate'
 * @param {number} ageMonths chronological
 * @param {'F'|'M'} sex
 * @param {{name: string, boys: number[][], girls: number[][]}} table
 * @returns {{chronological_age_months: number, difference_months: number, sd_months: number, sd_score: number,
 *   determination: string, table: string}} difference: bone age − chronological age
 */
export function growthOf(boneAgeMonths, intervalMonths, ageMonths, sex, table) {
  const numbers = [boneAgeMonths, ageMonths, ...(intervalMonths ?? [])];
  if (!numbers.every(number => Number.isFinite(number) && number >= 0)) {
    throw new FilmProblem('A bone age, its interval and the age of a child are months from 0 on: '
      + 'one of them is missing or below.');
  }
  if (intervalMonths && !(intervalMonths[0] - 1e-6 <= boneAgeMonths && boneAgeMonths <= intervalMonths[1] + 1e-6)) {
    throw new FilmProblem('A bone age lies inside its interval: give the interval of this very answer.');
  }
  const sd = sdAt(table, ageMonths, sex), difference = boneAgeMonths - ageMonths;
  return {
    chronological_age_months: ageMonths, difference_months: difference, sd_months: sd, sd_score: difference / sd,
    determination: determinationOf(intervalMonths, ageMonths, sd), table: table.name,
  };
}

// determination → what it says of the interval
const REASONS = {
  delayed: 'the whole interval lies below −2 SD', advanced: 'the whole interval lies above +2 SD',
  normal: 'the whole interval lies within ±2 SD', indeterminate: 'the interval crosses a limit of ±2 SD',
};

/**
 * Growth where the age is told coarsely: at the age that is told, and the lowest and the highest SD score.
 * @param {number} step months that the true age may be more; the others as in `growthOf`
 * @returns {{growth: object, scores: [number, number]}}
 */
export function growthOver(boneAgeMonths, intervalMonths, ageMonths, step, sex, table) {
  const [told, most] = [ageMonths, ageMonths + step].map(
    age => growthOf(boneAgeMonths, intervalMonths, age, sex, table));
  const scores = [Math.min(told.sd_score, most.sd_score), Math.max(told.sd_score, most.sd_score)];
  const isSure = most.determination === told.determination;
  return { growth: isSure ? told : { ...told, determination: 'indeterminate' }, scores };
}

/** Why the determination is what it is. */
export function reasonOf(growth, intervalMonths) {
  if (!intervalMonths) return 'the answer has no interval';
  const atThisAge = determinationOf(intervalMonths, growth.chronological_age_months, growth.sd_months);
  return growth.determination === atThisAge ? REASONS[atThisAge] : 'the age is told too coarsely';
}

/** A number with its sign, a true minus, and no sign before a zero. */
export function signed(number, digits = 1) {
  const text = fixed(Math.abs(number), digits);
  return Number(text) === 0 ? text : (number < 0 ? '−' : '+') + text;
}

/** The determination with its reason. */
export function determined(growth, intervalMonths) {
  return `${growth.determination} (${reasonOf(growth, intervalMonths)})`;
}

/**
 * A sentence or three for a report, in English.
 * @param {number} boneAgeMonths
 * @param {{sex?: 'F'|'M'|null, intervalMonths?: [number, number]|null, intervalLevel?: number|null,
 *   growth?: object|null, reasons?: string[]}} more growth: from `growthOf`; reasons: why the film would have been
 *   refused
 */
export function reportSentence(boneAgeMonths, { sex = null, intervalMonths = null, intervalLevel = null, growth = null,
  reasons = [] } = {}) {
  const level = intervalLevel ? `${fixed(100 * intervalLevel, 0)} % interval` : 'interval';
  const edges = intervalMonths && intervalMonths.map(edge => fixed(edge, 0)).join(' to ');
  const about = `${fixed(boneAgeMonths, 1)} months${edges ? `; ${level} ${edges} months` : ''}`;
  const who = sex ? ` (${parseSex(sex) === 'M' ? 'male' : 'female'})` : '';
  const said = [`Automated estimate of bone age${who}: ${ageInWords(boneAgeMonths)} (${about}).`];
  if (growth) {
    said.push(`Chronological age ${ageInWords(growth.chronological_age_months)} `
      + `(${fixed(growth.chronological_age_months, 1)} months); difference ${signed(growth.difference_months)} `
      + `months, SD score ${signed(growth.sd_score)} (SD ${fixed(growth.sd_months, 1)} months, ${growth.table}).`);
    said.push(`Skeletal maturity: ${determined(growth, intervalMonths)}.`);
  }
  if (reasons.length) said.push(`Answered against the advice of the quality check: ${reasons.join('; ')}.`);
  return said.join(' ');
}

/**
 * What a growth chart shows, in months, without its drawing.
 * @param {{age_months: number, bone_age_months: number, interval_months?: [number, number]|null}[]} points films of
 *   one child
 * @param {'F'|'M'} sex
 * @param {object} table as in `growthOf`
 * @returns {{years: number, who: string, band: number[][], line: number[][], points: object[], words: string}} both
 *   axes go from 0 to `years`; `band`: outline of ±2 SD, [age, bone age]; `words`: for who does not see it
 */
export function chartData(points, sex, table) {
  const numbers = points.flatMap(point => [point.age_months, point.bone_age_months, ...(point.interval_months ?? [])]);
  if (!numbers.every(number => Number.isFinite(number) && number >= 0 && number <= 300)) {
    throw new FilmProblem('A point of a growth chart has an age and a bone age from 0 to 300 months: '
      + 'one of them is missing or outside.');
  }
  const years = 2 * Math.ceil(Math.max(240, ...numbers) / 24), who = whoOf(sex), knots = table[who];
  const upper = knots.map(([age, sd]) => [age, age + LIMIT * sd]);
  const lower = knots.map(([age, sd]) => [age, age - LIMIT * sd]).reverse();
  return {
    years, who, band: [...upper, ...lower], line: [[0, 0], [12 * years, 12 * years]], points,
    words: `Bone age against chronological age of ${points.length} film${points.length === 1 ? '' : 's'}, `
      + `with ±2 SD for ${who}`,
  };
}
