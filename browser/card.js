/** One film on the screen: its sex and age, the answer or why there is none, pictures, growth chart, warnings. */

import { fixed } from './basics.js';
import { growthChart } from './chart.js';
import { html } from './dom.js';
import { filmCanvas, greyCanvas, heatCanvas, heatScale } from './pictures.js';
import { answerRows, otherWarnings, sentenceOf } from './report.js';

const STATUS_WORDS = { waiting: 'waits', reading: 'is being read', sex: 'needs the sex', answered: 'answered',
  warned: 'answered with warnings', forced: 'answered against the quality check', refused: 'not answered',
  failed: 'could not be used' };
const SEXES = [['F', 'female'], ['M', 'male']];

const whyNot = problem => problem.needs === 'sex' ? 'sex' : problem.reasons?.length ? 'refused' : 'failed';

/** Is a film still to be read, or to be read again? What stands on its card then is of before. */
export const isUnsettled = film => film.waits || film.isRead;

/** The word for what has become of a film: a key of STATUS_WORDS. */
export function statusOf(film) {
  if (isUnsettled(film)) return film.isRead ? 'reading' : 'waiting';
  if (film.problem) return whyNot(film.problem);
  return film.result.refusals.length ? 'forced' : film.result.warnings.length ? 'warned' : 'answered';
}

const list = (title, lines, kind) => html('section', { class: `notes ${kind}` }, html('h4', {}, title),
  html('ul', {}, lines.map(line => html('li', {}, line))));

/** Letters for a name in front of a sentence: "it was inverted" begins with a capital on its own line. */
const sentence = text => text.charAt(0).toUpperCase() + text.slice(1);

function sexChoice(film, actions) {
  const choose = event => actions.setSex(film, event.target.value);
  const labels = SEXES.map(([value, word]) => html('label', { title: word },
    html('input', { type: 'radio', name: `sex-${film.id}`, value, onchange: choose }), html('span', {}, word)));
  return html('fieldset', { class: 'segments' }, html('legend', { class: 'unseen' }, `Sex, ${film.name}`), labels);
}

function ageField(film, actions) {
  const hint = html('span', { id: `age-problem-${film.id}`, class: 'problem', role: 'alert' });
  const input = html('input', { id: `age-${film.id}`, type: 'text', size: 8, placeholder: '9y4m', autocomplete: 'off',
    'aria-label': `Age, ${film.name}`, 'aria-describedby': hint.id,
    onchange: () => actions.setAge(film, input.value) });
  return { element: html('div', { class: 'age' }, html('label', { for: input.id }, 'Age'), input), input, hint };
}

function figure(picture, caption, actions, extra = []) {
  const look = html('button', { type: 'button', class: 'look', 'aria-label': `${caption}: show it large`,
    onclick: () => actions.enlarge(picture, caption) }, picture);
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', caption);
  return html('figure', {}, html('div', { class: 'picture' }, look, extra), html('figcaption', {}, caption));
}

function scale(colours) {
  return html('div', { class: 'scale', 'aria-hidden': 'true' }, heatScale(colours),
    html('div', {}, html('span', {}, '1'), html('span', {}, '0.5'), html('span', {}, '0')));
}

/** What the network saw, with the map over it where that was asked for. */
function seen(film, actions) {
  const { result, heat } = film;
  const button = html('button', { type: 'button', class: 'quiet-button map', 'aria-pressed': String(Boolean(heat)),
    disabled: film.mapWaits, onclick: () => heat ? actions.hideMap(film) : actions.showMap(film) },
  film.mapWaits ?? (heat ? 'Hide the heat map' : 'Show the heat map'));
  const drawn = heat
    ? figure(heatCanvas(result.picture, heat, actions.page.heat_colours),
      'What moves the answer: 0 nothing, 1 the most of all places', actions, scale(actions.page.heat_colours))
    : figure(greyCanvas(result.picture), 'What the network saw', actions);
  drawn.append(button);
  if (film.mapProblem) drawn.append(html('p', { class: 'problem', role: 'alert' }, film.mapProblem));
  return drawn;
}

function wholeFilm(shown, hand, actions) {
  const caption = hand ? `The film with the box of the crop${hand.landmarks ? ' and 21 landmarks' : ''}`
    : 'The film as it was read';
  return figure(filmCanvas(shown, hand), caption, actions);
}

function numbers(result, actions) {
  const rows = answerRows(result).map(([name, value, remark]) => html('tr', {}, html('th', { scope: 'row' }, name),
    html('td', {}, value, remark && html('span', { class: 'remark' }, remark))));
  return html('div', { class: 'numbers' }, html('h4', {}, 'Bone age'), html('p', { class: 'big' }, result.bone_age),
    html('p', { class: 'quiet' }, `${fixed(result.bone_age_months, 1)} months, ${actions.page.sexes[result.sex]}`),
    html('table', {}, html('tbody', {}, rows)));
}

function reportSentence(film, actions) {
  const said = sentenceOf(film.result);
  return html('section', { class: 'said' }, html('p', {}, said), html('div', { class: 'actions' },
    html('button', { type: 'button', class: 'quiet-button settled', title: 'Copy the sentence',
      onclick: event => actions.copy(said, event.currentTarget) }, 'Copy'),
    html('button', { type: 'button', class: 'quiet-button settled', title: 'A page of this film',
      onclick: () => actions.print(film) }, 'Print page')));
}

function growth(film, actions) {
  const { result } = film;
  const drawn = result.growth
    ? [growthChart(result, actions.growthTable),
    html('p', { class: 'quiet' }, `SD: ${result.growth.table}`)]
    : [html('p', { class: 'quiet' }, 'With the child’s age there is an SD score, and the film stands on the chart.'),
      html('button', { type: 'button', class: 'quiet-button', onclick: () => actions.askAge(film) }, 'Give the age')];
  return html('div', { class: result.growth ? 'growth' : 'growth none' }, html('h4', {}, 'Growth chart'), drawn);
}

function answered(film, actions) {
  const { result } = film, warnings = otherWarnings(result).map(sentence);
  return [
    result.refusals.length && list('Answered against the quality check', result.refusals.map(sentence), 'refusal'),
    html('div', { class: 'answer' }, numbers(result, actions),
      html('div', { class: 'figures' }, wholeFilm(result.film, result.hand, actions), seen(film, actions)),
      growth(film, actions)),
    warnings.length && list('Warnings', warnings, 'warning'), reportSentence(film, actions)];
}

function notAnswered(film, actions) {
  const { problem } = film, reasons = (problem.reasons ?? []).map(reason => sentence(reason.text));
  const force = html('button', { type: 'button', onclick: () => actions.force(film) }, 'Answer all the same');
  const told = {
    refused: () => [list('Why there is no answer', reasons, 'refusal'), force,
      html('p', { class: 'quiet' }, 'The answer may be far off then, and every page and table says so.')],
    sex: () => html('p', {}, 'Choose the sex above: it changes the answer and is never guessed.'),
    failed: () => html('p', { class: 'problem' }, problem.message) }[whyNot(problem)]();
  return html('div', { class: 'no-answer' }, problem.film && wholeFilm(problem.film, problem.hand, actions),
    html('div', {}, told));
}

/** Draw the film once at the size of a stamp. */
function thumbnail(shown) {
  const full = greyCanvas(shown), side = 96, share = side / Math.max(full.width, full.height);
  const small = html('canvas', { 'aria-hidden': 'true' });
  small.width = Math.max(Math.round(full.width * share), 1);
  small.height = Math.max(Math.round(full.height * share), 1);
  const context = small.getContext('2d');
  context.imageSmoothingQuality = 'high';
  context.drawImage(full, 0, 0, small.width, small.height);
  return small;
}

/**
 * The card of a film.
 * @param {object} film what is known of it; the card follows it at every `update`
 * @param {object} actions what its buttons do, and `page` (page.json) and `growthTable` (growth.json)
 * @returns {{element: HTMLElement, update: () => void, tellMap: (words: string) => void, focusAge: () => void,
 *   focusTitle: () => void}} tellMap: on the button of the map, while that is loaded
 */
export function filmCard(film, actions) {
  const thumb = html('span', { class: 'thumb' }), status = html('span', { class: 'status' });
  const short = html('p', { class: 'short' });
  const body = html('div', { class: 'body', id: `body-${film.id}` });
  const toggle = html('button', { type: 'button', class: 'toggle', 'aria-controls': body.id,
    onclick: () => actions.toggle(film) }, thumb,
  html('span', { class: 'name' }, html('span', { class: 'file', title: film.name }, film.name), status));
  const sexes = sexChoice(film, actions), age = ageField(film, actions);
  const remove = html('button', { type: 'button', class: 'remove', title: 'Remove', 'aria-label': `Remove ${film.name}`,
    onclick: () => actions.remove(film) }, '×');
  const element = html('li', { class: 'item' }, html('div', { class: 'head' }, html('h3', {}, toggle), short,
    sexes, age.element, remove, age.hint), body);

  function update() {
    const state = statusOf(film), isBusy = isUnsettled(film);
    const { result, problem } = film, shown = result?.film ?? problem?.film;
    element.dataset.status = state;
    status.textContent = STATUS_WORDS[state];
    if (shown && !thumb.firstChild) thumb.append(thumbnail(shown));
    short.replaceChildren(...(result && !problem ? [html('strong', {}, result.bone_age)] : []));
    for (const input of sexes.querySelectorAll('input')) {
      input.checked = input.value === (film.sex ?? film.sexOfAll ?? result?.sex);
    }
    if (document.activeElement !== age.input) age.input.value = film.age;
    age.hint.textContent = film.ageProblem ?? '';
    age.input.setAttribute('aria-invalid', String(Boolean(film.ageProblem)));
    toggle.setAttribute('aria-expanded', String(film.isOpen));
    body.hidden = !film.isOpen;
    const parts = result ? answered(film, actions) : problem ? [notAnswered(film, actions)]
      : [html('p', { class: 'quiet' }, 'A moment …')];
    body.setAttribute('aria-busy', String(isBusy));
    // what stands there stays until its answer comes: a button pressed meanwhile is not taken away
    if (!body.hidden && !(isBusy && body.childElementCount)) body.replaceChildren(...parts.filter(Boolean));
    for (const button of body.querySelectorAll('.settled')) button.disabled = isBusy; // nor does it leave the page
  }
  const tellMap = words => body.querySelector('.map')?.replaceChildren(words);
  return { element, update, tellMap, focusAge: () => age.input.focus(), focusTitle: () => toggle.focus() };
}
