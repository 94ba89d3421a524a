/**
 * One film in, one bone age out, computed where this runs: in the page's worker, or in Node for tests. No film leaves.
 * Follows nbs/08_assessment.ipynb; the texts are Python's.
 */
import { ageInWords } from './ages.js';
import { KNOTS } from './answer.js';
import { FilmProblem, fixed, parseSex, rounded, sha256, shown } from './basics.js';
import { readFilm } from './films.js';
import { judge, refusedFilm } from './gate.js';
import { growthOf, growthOver, isOpen, signed } from './growth.js';
import { openGraph, startRuntime } from './litert.js';
import { heatMap } from './maps.js';
import { isMirrored } from './measures.js';
import { preprocess } from './preprocess.js';
import { answer } from './reader.js';
import { resizeArea } from './resize.js';

const LARGEST_SHOWN = 1000; // pixels: longer side of the film as the page shows it

/** A file of this site; `tell` is told its bytes as they come. */
async function download(url, tell) {
  const name = url.split('/').at(-1), parts = [];
  let length = 0;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(String(response.status));
    for (let reader = response.body.getReader(), part; !(part = await reader.read()).done;) {
      parts.push(part.value);
      tell(length += part.value.length);
    }
  } catch (error) {
    const why = /^[0-9]+$/.test(error.message) ? error.message : 'no connection';
    throw new FilmProblem(`${name} cannot be loaded (${why}): try again with a connection.`);
  }
  const bytes = new Uint8Array(length);
  parts.reduce((place, part) => (bytes.set(part, place), place + part.length), 0);
  return bytes;
}

/** Progress over several files: `add` names one and gives the function that is told its bytes so far. */
function progressOver(files, progress) {
  const total = files.reduce((sum, file) => sum + file.bytes, 0), loaded = new Map();
  return file => bytes => {
    loaded.set(file.file, Math.min(bytes, file.bytes));
    progress?.([...loaded.values()].reduce((sum, one) => sum + one, 0), total, file.what);
  };
}

/** A network's bytes, checked against the card. */
async function checkedBytes(load, base, file, tell) {
  const bytes = await load(`${base}weights/${file.file}`, tell);
  const found = await sha256(bytes);
  if (found && found !== file.sha256) {
    throw new FilmProblem(`${file.file} is not the file its card describes: load the page again.`);
  }
  return bytes;
}

/** The sex, from the caller or the DICOM file; a problem where the network takes it and nobody says it. */
function sexOf(given, tags, needed) {
  const told = tags?.sex ?? null, said = given ?? told;
  const sex = said !== null || needed ? parseSex(said) : null;
  return { sex, warnings: told && sex !== told ? [`the DICOM file says sex ${told}, and ${sex} was given`] : [] };
}

/** The answer beside the child's age, from the caller or the DICOM file, where it can be had. */
function growthBeside(months, interval, { ageMonths, ageStep }, tags, sex, table) {
  const told = tags?.age_months ?? null, age = ageMonths ?? told, warnings = [];
  if (age === null || sex === null) return { growth: null, warnings };
  const fileStep = tags?.age_step ?? 0, step = ageStep ?? (age === told ? fileStep : 0);
  if (ageMonths !== null && told !== null && Math.abs(ageMonths - told) > Math.max(fileStep, ageStep ?? 0, 1)) {
    warnings.push(`the DICOM file says age ${ageInWords(told)}, and ${ageInWords(ageMonths)} was given`);
  }
  try {
    if (step < 12) return { growth: growthOf(months, interval, age, sex, table), warnings };
    const { growth, scores } = growthOver(months, interval, age, step, sex, table);
    const between = scores.map(score => signed(score)).join(' and ');
    return { growth, warnings: [...warnings,
      `the age is given in whole years: the SD score lies between ${between}`] };
  } catch (error) {
    if (!(error instanceof FilmProblem)) throw error;
    return { growth: null, warnings: [...warnings, `no SD score: ${error.message}`.replace(/\.+$/, '')] };
  }
}

/** What makes an answer less certain than the typical error says, apart from the film's quality. */
function doubtsOf(record, months, interval) {
  const found = [], oldest = KNOTS.at(-1);
  if (record.inverted) found.push('the film shows dark bone: it was inverted first');
  if (months < 24) found.push('few children under two years were among the training films');
  if (months > 216 || isOpen(interval)) {
    found.push(`the scale ends at ${oldest} months, with closed growth plates: `
      + `the bone age is at least ${fixed(interval ? interval[0] : 216, 0)}`);
  }
  return found;
}

/** The film for the screen: grey, at most 1000 pixels; `scale`: its pixels per pixel of the film. */
function shownFilm(film) {
  const scale = Math.min(1, LARGEST_SHOWN / Math.max(film.width, film.height));
  const { data, width, height } = scale < 1
    ? resizeArea(film, Math.round(film.width * scale), Math.round(film.height * scale)) : film;
  return { data, width, height, scale };
}

/** Box and landmarks for the screen, in pixels of the film. */
function shownHand({ record }) {
  const { box, landmarks, matrix: [[a, b, c], [d, e, f]] } = record, found = record.method !== 'none';
  return {
    box: [0, 2, 4, 6].map(place => box.slice(place, place + 2)), landmarks: found ? landmarks : null,
    mirrored: found && isMirrored(landmarks.map(([x, y]) => [a * x + b * y + c, d * x + e * y + f])),
  };
}

/** The part of the result that needs the child's age; empty where that is not known. */
function besideAge(growth) {
  if (!growth) return {};
  return {
    chronological_age_months: rounded(growth.chronological_age_months, 1),
    difference_months: rounded(growth.difference_months, 1), sd_score: rounded(growth.sd_score, 2),
    determination: growth.determination, sd_table: growth.table,
  };
}

/** The keys of `boneage assess --json`. */
function asJson(film, sex, found, verdict, warnings, growth, made, card) {
  const { record } = made, { months, interval } = found;
  return {
    file: film.name, sex: card.sex_input ? sex : null,
    bone_age_months: rounded(months, 1), bone_age: ageInWords(months),
    interval_months: interval && interval.map(edge => rounded(edge, 1)),
    interval_level: interval ? card.interval.level : null, ...besideAge(growth),
    typical_error_months: card.errors.mae ?? null, report_error_months: card.errors.report_mad ?? null,
    site: null, site_applied: false, hand_found: record.method !== 'none', hand_presence: record.presence,
    inverted: record.inverted, box: record.box, refusals: verdict.refusals, warnings: [...new Set(warnings)],
    model: card.name, model_version: `edition ${card.edition}, boneage ${card.version}`, film_sha256: film.sha256,
    note: card.note,
  };
}

/** The tool, once everything is loaded. */
class Tool {
  constructor(card, gate, growth, networks, eyes, loadMap) {
    Object.assign(this, { card, gate, table: growth, networks, eyes, loadMap });
  }

  /**
   * The bone age of one film.
   * @param {Uint8Array} bytes of the file
   * @param {string} name of the file
   * @param {{sex?: 'F'|'M'|null, ageMonths?: number|null, ageStep?: number|null, force?: boolean}} options sex and
   *   age: null for what the DICOM file says; ageStep: months that the true age may be more, see `ageStep`; force:
   *   answer a film that the quality gate refuses
   * @returns {Promise<object>} the keys of `boneage assess --json`, `months` and `interval` before they are rounded,
   *   and `film`, `hand`, `picture`, `looks`, `growth`, `record`, `measures`, `male`
   * @throws {FilmProblem} with Python's sentence; `film` and `hand` where they are known
   */
  async assess(bytes, name, { sex: given = null, ageMonths = null, ageStep = null, force = false } = {}) {
    const { card } = this, film = await readFilm(bytes, shown(name)), { tags } = film;
    const known = { film: shownFilm(film), hand: null };
    try {
      const { sex, warnings: said } = sexOf(given, tags, card.sex_input);
      const made = await preprocess(this.networks, film, card.pipeline, card.picture_size);
      known.hand = made.record.method === 'none' ? null : shownHand(made);
      const verdict = await judge(film, made,
        { gate: this.gate, networks: this.networks, laterality: tags?.laterality ?? null });
      if (verdict.refusals.length && !force) throw refusedFilm(film.name, verdict);
      const male = card.sex_input ? sex === 'M' : null, found = await answer(this.eyes, card, made.image, male);
      const { growth, warnings: more } = growthBeside(
        found.months, found.interval, { ageMonths, ageStep }, tags, sex, this.table);
      const warnings = [...verdict.refusals, ...film.notes, ...said, ...verdict.warnings,
        ...doubtsOf(made.record, found.months, found.interval), ...more];
      return {
        ...asJson(film, sex, found, verdict, warnings, growth, made, card), months: found.months,
        interval: found.interval, film: known.film, hand: shownHand(made), picture: made.image, looks: found.looks,
        growth, record: made.record, measures: verdict.measures, male,
      };
    } catch (error) {
      throw error instanceof FilmProblem ? Object.assign(error, known) : error;
    }
  }

  /** Where the answer of a result comes from: Float32Array as large as its `picture`, 0 to 1. */
  async map({ picture, male }, progress = null) {
    this.mapGraph ??= this.loadMap(progress);
    try {
      return await heatMap(await this.mapGraph, this.eyes[0], picture, male);
    } catch (error) {
      this.mapGraph = null; // the next try loads it again
      throw error;
    }
  }
}

/**
 * Load everything.
 * @param {{base?: string, progress?: function(number, number, string): void, map?: boolean, load?: function,
 *   library?: function, runtime?: string}} options base: address of the folder, with a slash at its end; progress: told
 *   bytes done, bytes in all, and what is being loaded; map: load the graph of the heat map now, not when it is first
 *   asked for; load: how a file is read, `(url, tell) → Promise<Uint8Array>`; library: gives LiteRT.js; runtime: where
 *   its wasm files lie
 * @returns {Promise<Tool>}
 */
export async function openTool({ base = './', progress = null, map = false, load = download,
  library = () => import('./litert/index.js'), runtime = `${base}litert/` } = {}) {
  const json = async name => JSON.parse(new TextDecoder().decode(await load(`${base}${name}`, () => {})));
  const [card, gate, growth] = await Promise.all(['card.json', 'gate.json', 'growth.json'].map(json));
  const told = progressOver([...card.hands, ...card.eyes, ...(map && card.map ? [card.map] : [])], progress);
  const started = library().then(found => startRuntime(found, runtime));
  const graphOf = async (file, tell) => {
    const bytes = await checkedBytes(load, base, file, tell);
    return openGraph(await started, bytes);
  };
  const [palm, landmarks, ...graphs] = await Promise.all(
    [...card.hands, ...card.eyes].map(file => graphOf(file, told(file))));
  const eyes = card.eyes.map(({ size, views }, eye) => ({ graph: graphs[eye], size, views }));
  const loadMap = async tell => {
    if (!card.map) throw new FilmProblem(`${card.name} has no graph that explains its answers.`);
    return graphOf(card.map, progressOver([card.map], tell)(card.map));
  };
  const tool = new Tool(card, gate, growth, { palm, landmarks }, eyes, loadMap);
  if (map && card.map) tool.mapGraph = graphOf(card.map, told(card.map));
  await tool.mapGraph;
  return tool;
}
