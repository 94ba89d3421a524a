/**
 * The answer in words and rows, for the card on the screen and for the printed page.
 * Follows `answer_rows` and `measured_on` of nbs/clinic/02_page.ipynb; as there, words are made of the months before
 * they are rounded for a table, or the sentence would tell another age than the headline.
 */

import { ageInWords } from './ages.js';
import { fixed } from './basics.js';
import { reasonOf, reportSentence, signed } from './growth.js';

export const perCent = share => `${fixed(100 * share, 0)} %`;

/**
 * The answer as a laboratory prints it.
 * @param {object} result of `Tool.assess`
 * @returns {[string, string, string][]} name, value, remark
 */
export function answerRows(result) {
  const rows = [];
  if (result.interval) {
    const [low, high] = result.interval;
    rows.push([`${perCent(result.interval_level)} interval`, `${fixed(low, 0)} to ${fixed(high, 0)} months`,
      `${ageInWords(low)} to ${ageInWords(high)}`]);
  } else rows.push(['Interval', 'none', 'these weights have no interval']);
  const growth = result.growth;
  if (!growth) return [...rows, ['Chronological age', 'not given', 'so there is no SD score']];
  return [...rows,
    ['Chronological age', `${fixed(growth.chronological_age_months, 1)} months`,
      ageInWords(growth.chronological_age_months)],
    ['Difference', `${signed(growth.difference_months)} months`, ''],
    ['SD score', signed(growth.sd_score), `SD ${fixed(growth.sd_months, 1)} months`],
    ['Determination', growth.determination, reasonOf(growth, result.interval)]];
}

/** The sentence for a report, from a result. */
export function sentenceOf(result, reasons = result.refusals) {
  return reportSentence(result.months, { sex: result.sex, intervalMonths: result.interval,
    intervalLevel: result.interval_level, growth: result.growth, reasons });
}

/** Warnings that are not at the same time reasons to refuse. */
export function otherWarnings(result) {
  return result.warnings.filter(warning => !result.refusals.includes(warning));
}

/** On which films the error was measured, and what it was there and near this answer: sentences of page.json. */
export function measuredOn(result, page) {
  const near = page.near[Math.floor(result.months / page.band_months)];
  return near ? [...page.measured, near] : page.measured;
}
