/**
 * Says whether a film may be answered: an answer, an answer with warnings, or no answer, with the reason and what to do
 * about it. Follows nbs/films/04a_quality.ipynb; limits and their sentences come in gate.json, which Python
 * writes.
 */
import { FilmProblem } from './basics.js';
import { measure } from './measures.js';

/** The logarithm of the odds of a share, −11.5 to 11.5. */
export function logOdds(share) {
  const kept = Math.min(Math.max(share, 1e-5), 1 - 1e-5);
  return Math.log(kept / (1 - kept));
}

/** Several measures as one number: higher is worse. `line`: `{ names, centre, scale, weights }` of gate.json. */
export function along(line, values) {
  return line.names.reduce((sum, name, place) => {
    const far = (values[name] - line.centre[place]) / line.scale[place];
    return sum + Math.min(Math.max(far, -30), 30) * line.weights[place];
  }, 0);
}

/** What the softness rests on: the sizes of the bands, their products, and the range of greys. */
export function detailOf(values) {
  const bands = Object.keys(values).filter(name => /^band[0-9]$/.test(name));
  const detail = Object.fromEntries(bands.map(name => [name, values[name]]));
  for (const one of bands) for (const other of bands) detail[`${one}·${other}`] = values[one] * values[other];
  return { ...detail, greys: Math.log(Math.max(values.greys, 1)) };
}

/** How far a hand's proportions (42 numbers) are from those of the training films; 1 for a usual hand. */
export function oddness(gate, shape) {
  const squares = gate.shape_axes.map((axis, number) => {
    const far = axis.reduce((sum, part, place) => sum + part * (shape[place] - gate.shape_mean[place]), 0);
    return (far / gate.shape_sizes[number]) ** 2;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** What the limits are compared with; higher is worse. `values` from `measure`. */
export function scoresOf(gate, values, shape) {
  return {
    second_hand: values.second_hand, cut_off: -values.edge,
    doubt: along(gate.doubt, { presence: logOdds(values.presence), second_look: logOdds(values.second_look) }),
    proportions: oddness(gate, shape), few_pixels: -values.pixels, soft: along(gate.softness, detailOf(values)),
    grain: values.band0 - values.band2, burnt: values.burnt, flat: -values.greys,
    few_greys: -values.levels, blocks: values.blocks, moved: -values.lengthwise, lines: values.lengthwise,
    sharpened: values.band2 - values.band3,
  };
}

/** What was put right, and what may be a mistake without harm. `laterality`: 'L' or 'R' where the file says so. */
function notesOn(record, values, laterality) {
  const found = [], angle = Math.abs(record.angle);
  const note = (name, says) => found.push({ name, says, refuses: false });
  if (record.inverted) note('inverted', 'the film shows dark bone: it was inverted first');
  if (angle > 135) note('turned', 'the hand was upside down: it was turned upright');
  else if (angle > 45) note('turned', 'the hand lay on its side: it was turned upright');
  if (laterality === 'R') note('right_hand', 'the file names a right hand: it was read like a left one');
  else if (values.mirrored && laterality !== 'L') {
    note('right_hand', 'the thumb lies as in a right hand or a mirrored film: check that it is the left hand');
  }
  return found;
}

/** The limits that a film is beyond, those that refuse first. */
function beyondLimits(gate, scores) {
  const found = [];
  for (const [name, [warning, refusal]] of Object.entries(gate.clauses)) {
    if (refusal && scores[name] > gate.refuses[name]) found.push({ name, says: refusal, refuses: true });
    else if (scores[name] > gate.warns[name]) found.push({ name, says: warning, refuses: false });
  }
  return [...found.filter(one => one.refuses), ...found.filter(one => !one.refuses)];
}

const verdictOf = (findings, measures) => ({
  findings, measures, refusals: findings.filter(one => one.refuses).map(one => one.says),
  warnings: findings.filter(one => !one.refuses).map(one => one.says),
});

/**
 * Whether a film may be answered; a problem where `made` belongs to another film.
 * @param {{data: Uint8Array, width: number, height: number}} film as it was read
 * @param {{image: object, record: object}} made what `preprocess` made of it, by the default pipeline
 * @param {{gate: object, networks: object, laterality?: 'L'|'R'|null}} means gate: what gate.json holds
 * @returns {Promise<{findings: {name: string, says: string, refuses: boolean}[], measures: Object<string, number>,
 *   refusals: string[], warnings: string[]}>}
 */
export async function judge(film, made, { gate, networks, laterality = null }) {
  const { record } = made;
  if (record.width !== film.width || record.height !== film.height) {
    throw new FilmProblem(`A crop of a film of ${record.width} × ${record.height} pixels does not belong to one `
      + `of ${film.width} × ${film.height}: preprocess the film itself.`);
  }
  const { values, shape } = await measure(film, made, networks);
  if (!shape) return verdictOf([{ ...gate.no_hand, refuses: true }], values);
  const scores = scoresOf(gate, values, shape);
  const findings = [...beyondLimits(gate, scores), ...notesOn(record, values, laterality)];
  return verdictOf(findings, { ...values, ...scores });
}

/** The problem to throw for a film that is refused: its sentence, and each reason with its code. */
export function refusedFilm(name, verdict) {
  const reasons = verdict.findings.filter(one => one.refuses).map(one => ({ code: one.name, text: one.says }));
  return new FilmProblem(`${name} is not answered: ${verdict.refusals.join('; ')}.`, { reasons });
}
