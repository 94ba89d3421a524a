/**
 * Pages to print, one A4 page a film: an answer, or why there is none.
 * Follows `report_page` and `refusal_page` of nbs/clinic/02_page.ipynb; without names, and blurred outside the box,
 * unless names are asked for.
 */

import { fixed, shown } from './basics.js';
import { growthChart } from './chart.js';
import { html } from './dom.js';
import { gaussianBlur } from './filters.js';
import { greyCanvas, heatCanvas, heatScale, printedFilm } from './pictures.js';
import { answerRows, measuredOn, otherWarnings, sentenceOf } from './report.js';

const MOST_LINES = 4, LONGEST_LINE = 150; // of warnings or reasons
const LIMITS_ON_PAGE = 3, LONGEST_LIMIT = 215;

const clip = (text, most) => text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;

/** Warnings or reasons as far as there is room for them on a page. */
function fewLines(lines, most = MOST_LINES, longest = LONGEST_LINE) {
  const kept = lines.map(line => clip(line, longest));
  if (kept.length <= most) return kept;
  return [...kept.slice(0, most - 1), `and ${kept.length - most + 1} more, on the screen`];
}

const section = (kind, title, ...content) => html('section', { class: kind }, title && html('h2', {}, title), content);
const bullets = lines => html('ul', {}, lines.map(line => html('li', {}, line)));
const figure = (picture, caption, extra = null) => html('figure', {}, html('div', { class: 'picture' }, picture, extra),
  html('figcaption', {}, caption));

function figures(film, page, keepNames) {
  const { film: shown, hand, picture, hand_found: found } = film.result;
  const blurred = keepNames ? '' : found ? '; blurred outside it' : ', blurred';
  const what = found ? 'The film with the box of the crop' : 'The film';
  const isHidden = !found && !keepNames; // nothing tells what is hand and what is writing
  const drawn = [
    figure(printedFilm(shown, found ? hand : null, !keepNames), `${what}${blurred}`),
    isHidden ? figure(greyCanvas(gaussianBlur(picture, picture.height / 40)), 'What the network saw, blurred')
      : figure(greyCanvas(picture), 'What the network saw')];
  if (film.heat && !isHidden) {
    const ends = html('div', { class: 'ends' }, ['1', '0.5', '0'].map(end => html('span', {}, end)));
    drawn.push(figure(heatCanvas(picture, film.heat, page.heat_colours),
      'What moves the answer: 0 nothing, 1 the most of all places', [heatScale(page.heat_colours), ends]));
  }
  return section('figures', null, drawn);
}

function answerParts(film, page, growthTable, keepNames) {
  const { result } = film, forced = fewLines(result.refusals), warnings = fewLines(otherWarnings(result));
  const rows = answerRows(result).map(([name, value, remark]) => html('tr', {}, html('th', { scope: 'row' }, name),
    html('td', {}, value), html('td', { class: 'quiet' }, remark)));
  const limits = [...page.limits_of_use, ...page.limits.slice(0, forced.length ? 1 : LIMITS_ON_PAGE)];
  return [
    forced.length && section('notes', 'Answered against the quality check', bullets(forced)),
    section('answer', null,
      html('div', {}, html('h2', {}, 'Bone age'), html('p', { class: 'big' }, result.bone_age),
        html('p', {}, `${fixed(result.bone_age_months, 1)} months, ${page.sexes[result.sex]}`),
        html('p', { class: 'sentence' }, sentenceOf(result, fewLines(result.refusals, 2, 60)))),
      html('div', { class: 'rows' }, html('table', {}, html('tbody', {}, rows)))),
    warnings.length && section('notes', 'Warnings', bullets(warnings)),
    figures(film, page, keepNames),
    section('columns', null,
      result.growth && html('div', {}, html('h2', {}, 'Growth chart'), growthChart(result, growthTable),
        html('p', { class: 'quiet' }, `SD: ${result.growth.table}`)),
      html('div', {}, html('h2', {}, 'Measured on'), bullets(measuredOn(result, page)), html('h2', {}, 'Limits of use'),
        bullets(limits.map(line => clip(line, LONGEST_LIMIT)))))];
}

/** A problem's sentence without the name of the film, which stands at its beginning. */
function unnamed(message, name) {
  const known = [name, shown(name)].find(one => message.startsWith(one));
  return known ? `The film${message.slice(known.length)}` : message;
}

function refusalParts(film, page, keepNames) {
  const { problem, name } = film, reasons = problem.reasons?.length ? problem.reasons.map(reason => reason.text)
    : [keepNames ? problem.message : unnamed(problem.message, name)];
  return [
    section('answer', null, html('div', {}, html('h2', {}, 'Bone age'), html('p', { class: 'big none' }, 'No answer'),
      html('p', {}, problem.reasons?.length ? 'The film was refused by the quality check.'
        : 'The film could not be used.'))),
    section('notes', 'Why there is no answer', bullets(fewLines(reasons))),
    problem.film && section('figures', null, figure(printedFilm(problem.film, null, !keepNames),
      `The film as it was read${keepNames ? '' : ', blurred'}`)),
    section('columns', null, html('div', {}, html('h2', {}, 'What can be answered'),
      bullets(page.limits_of_use.slice(0, 1))))];
}

/**
 * A page.
 * @param {object} film with a result or a problem
 * @param {object} page words and measured errors, page.json
 * @param {object} growthTable growth.json
 * @param {{keepNames: boolean, day: string}} how keepNames: with the file's name, not blurred
 * @returns {HTMLElement}
 */
export function sheetOf(film, page, growthTable, { keepNames, day }) {
  const { result, problem } = film, hash = result?.film_sha256;
  const isCrowded = result && (result.refusals.length || otherWarnings(result).length > 1);
  const weights = `${page.model}, edition ${page.edition}, boneage ${page.version}`;
  return html('article', { class: isCrowded ? 'sheet tight' : 'sheet' },
    html('header', {}, html('h1', {}, 'Bone age report'),
      html('div', { class: 'quiet' }, 'automated estimate from a radiograph of the hand')),
    html('p', { class: 'caution' }, page.note), keepNames && html('p', { class: 'identifier' }, clip(film.name, 120)),
    problem ? refusalParts(film, page, keepNames) : answerParts(film, page, growthTable, keepNames),
    html('footer', {}, html('span', {}, weights + (hash ? ` · film ${hash.slice(0, 12)}` : '')),
      html('span', {}, `Made on ${day}`)));
}
