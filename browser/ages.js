/**
 * Ages and dates as people and DICOM write them, in months; what can be read in two ways is refused.
 * Follows nbs/clinic/00_ages.ipynb. A day is its text, '2016-03-09'.
 */
import { FilmProblem, fixed, wholeNumber } from './basics.js';

export const DAYS_IN_MONTH = 30.4375; // 365.25 / 12
export const OLDEST_AGE = 300; // months: nobody older is X-rayed for a bone age
const MAYBE_YEARS = 25; // a number up to here, without a unit, may be years

const UNIT_WORDS = {
  y: ['y', 'yr', 'yrs', 'year', 'years'], m: ['m', 'mo', 'mos', 'month', 'months'],
  w: ['w', 'wk', 'wks', 'week', 'weeks'], d: ['d', 'day', 'days'],
};
const UNITS = new Map(Object.entries(UNIT_WORDS).flatMap(([letter, words]) => words.map(word => [word, letter])));
const UNIT_MONTHS = { y: 12, m: 1, w: 7 / DAYS_IN_MONTH, d: 1 / DAYS_IN_MONTH };
const FOLLOWS = { y: ['m', 11], m: ['d', 30], w: ['d', 6] }; // what may stand behind a unit, and how much at most

// what Python's str.strip takes away
const SPACES = '[\\s\\x1c-\\x1f\\x85]';
const strip = text => text.replace(/\ufeff/g, '\ufdd0').replace(new RegExp(`^${SPACES}+|${SPACES}+$`, 'g'), '');

/** An age as a clinician writes it: years and months, rounded to the month. */
export function ageInWords(months) {
  const whole = wholeNumber(months), years = Math.floor(whole / 12);
  return `${years} y ${whole - 12 * years} m`;
}

/** The parts of an age that states its units, such as [['9', 'y'], ['4', 'm']]; null for anything else. */
function withUnits(text) {
  if (/^[0-9]{1,2};[0-9]{1,2}$/.test(text)) text = `${text.replace(';', 'y')}m`;
  const whole = /^(?:[0-9]+(?:\.[0-9]+)? ?[a-z]+ ?(?:and )?)+$/.test(text) && !text.endsWith('and ');
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?) ?([a-z]+) ?(?:and )?/g)]
    .map(([, number, word]) => [number, UNITS.get(word)]);
  if (!whole || !parts.every(([, unit]) => unit)) return null;
  for (let place = 1; place < parts.length; place++) {
    const [[number, unit], [next, nextUnit]] = [parts[place - 1], parts[place]];
    const [follower, most] = FOLLOWS[unit] ?? [null, 0];
    if ((number + next).includes('.') || nextUnit !== follower || Number(next) > most) return null;
  }
  return parts;
}

/** A text that could be a name, a number of a patient or a date is not repeated. */
function refuseAge(given, problem) {
  const text = String(given), told = /^[0-9.,;:/+ymwd -]{1,12}$/.test(text) && text.replace(/[^0-9]/g, '').length <= 4;
  const shown = !told ? 'given' : typeof given === 'string' ? `'${text}'` : text;
  throw new FilmProblem(`The age ${shown} ${problem}: write 9y4m, 112m or 9.3y.`);
}

/** Amounts and units of an age, such as [[9, 'y'], [4, 'm']]. */
function partsOf(text, unit) {
  if (![null, 'years', 'months'].includes(unit)) {
    throw new FilmProblem(`The unit of an age is 'years' or 'months', not '${unit}'.`);
  }
  const plain = strip(text.replace(/[ \u00a0]+/g, ' ')).toLowerCase();
  if (!plain) refuseAge(text, 'is empty');
  if (plain.includes(',')) {
    refuseAge(text, 'has a comma, which may be a decimal sign or stand between years and months');
  }
  if (/^[0-9]{1,2}\.1[01] ?(y[^\n]*)?$/.test(plain) && unit !== 'months') {
    refuseAge(text, 'may have months or a decimal behind its point');
  }
  if (/^[0-9]+(\.[0-9]+)?$/.test(plain)) {
    if (unit === null && Number(plain) <= MAYBE_YEARS) {
      refuseAge(text, 'may be years or months (a number alone is months, and up to 25 it is asked about)');
    }
    return [[Number(plain), (unit ?? 'months')[0]]];
  }
  const parts = withUnits(plain);
  if (!parts) refuseAge(text, 'cannot be read');
  return parts.map(([number, letter]) => [Number(number), letter]);
}

/**
 * An age as people and DICOM write it, in months; a problem for what has no meaning or two, and over 25 years.
 * @param {string|number} text '9y4m', '9 y 4 m', '9;4', '9.3y', '112m', '112' (months), DICOM's '009Y'
 * @param {'years'|'months'|null} unit what a number alone is; null: months, asked about up to 25
 */
export function parseAge(text, unit = null) {
  if (typeof text !== 'string' && typeof text !== 'number') refuseAge(text, 'is no text and no number');
  const months = partsOf(String(text), unit).reduce((sum, [amount, letter]) => sum + amount * UNIT_MONTHS[letter], 0);
  if (months > OLDEST_AGE) refuseAge(text, `is ${fixed(months, 0)} months, over 25 years; is that right`);
  return months;
}

/** The step in which an age is told, in months: 12 for one in whole years; the true age may be older by up to this. */
export function ageStep(text, unit = null) {
  parseAge(text, unit);
  const [amount, letter] = partsOf(String(text), unit).at(-1);
  return Number.isInteger(amount) ? UNIT_MONTHS[letter] : UNIT_MONTHS[letter] / 10;
}

const daysIn = (year, month) => new Date(Date.UTC(year, month, 0)).getUTCDate();
const dayNumber = ([year, month, day]) => Date.UTC(year, month - 1, day) / 86_400_000;
const asNumbers = day => day.split('-').map(Number);

/** A day, '2016-03-09', as it was given; a problem for any other way of writing, and for days that were not. */
export function parseDate(text) {
  const day = strip(String(text)), isWritten = /^(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}$/.test(day);
  const [year, month, date] = isWritten ? asNumbers(day) : [];
  if (!isWritten || month < 1 || month > 12 || date < 1 || date > daysIn(year, month)) {
    throw new FilmProblem('A date is not a day written as year-month-day: write it like 2016-03-09.');
  }
  return day;
}

/** The same day some months later, or the last day of that month. */
function monthsLater([year, month, day], months) {
  const all = year * 12 + month - 1 + months, thenYear = Math.floor(all / 12), thenMonth = all - 12 * thenYear + 1;
  return [thenYear, thenMonth, Math.min(day, daysIn(thenYear, thenMonth))];
}

/** The age in months on a day; a problem where the child was not born yet, or was over 25. */
export function ageBetween(birth, on) {
  const [born, then] = [asNumbers(parseDate(birth)), asNumbers(parseDate(on))];
  if (dayNumber(born) > dayNumber(then)) {
    throw new FilmProblem('The birth date lies after the date of the film: look whether the two are exchanged.');
  }
  let full = (then[0] - born[0]) * 12 + then[1] - born[1];
  if (dayNumber(monthsLater(born, full)) > dayNumber(then)) full--;
  const months = full + (dayNumber(then) - dayNumber(monthsLater(born, full))) / DAYS_IN_MONTH;
  if (months > OLDEST_AGE) {
    throw new FilmProblem(`From the birth date to the date of the film it is ${fixed(months / 12, 0)} years, over 25; `
      + 'is that right: look at both.');
  }
  return months;
}

const isGiven = value => value !== null && value !== undefined && !Number.isNaN(value)
  && !(typeof value === 'string' && !strip(value));

/**
 * The age on the day of the film in months, null where nothing is known; a problem for half of the dates, or where age
 * and dates disagree. Empty text is nothing.
 */
export function chronologicalAge({ age = null, birthDate = null, studyDate = null } = {}) {
  if (!isGiven(birthDate) || !isGiven(studyDate)) {
    if (isGiven(birthDate)) throw new FilmProblem('A birth date needs the date of the film: give both, or the age.');
    return isGiven(age) ? parseAge(age) : null;
  }
  const months = ageBetween(birthDate, studyDate);
  if (isGiven(age)) {
    const older = months - parseAge(age);
    if (older < -1 || older > Math.max(ageStep(age), 1)) {
      throw new FilmProblem(`The age given and the two dates disagree by ${fixed(Math.abs(older), 0)} months: `
        + 'correct one, or give only one.');
    }
  }
  return months;
}
