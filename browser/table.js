/**
 * The results as CSV, one row a film.
 * Follows `RESULT_COLUMNS`, `defused` and `write_results` of nbs/apps/00a_results.ipynb.
 */

import { shown } from './basics.js';

export const RESULT_COLUMNS = ['file', 'id', 'status', 'sex', 'bone_age_months', 'bone_age', 'low_months',
  'high_months', 'interval_level', 'chronological_age_months', 'difference_months', 'sd_score', 'determination',
  'sd_table', 'warnings', 'reason', 'site', 'site_applied', 'model', 'model_version', 'film_sha256', 'note'];

const RUNS = /(^|[;,|\t])(?=[\s"']*[=+\-@＝＋－＠])/g; // what a spreadsheet may take for a formula
const defused = text => text.replace(RUNS, "$1'");
const clause = text => shown(text).replaceAll(';', ',').split(/\s+/).filter(Boolean).join(' ');
const quoted = cell => /[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
const stem = path => path.split('/').at(-1).replace(/(?<=.)\.[^.]*$/, '');

/** Python's word for a value of a cell. */
function cell(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'string' ? defused(value) : String(value);
}

/**
 * What the table says of a film.
 * @param {string} path of its file, or the name alone
 * @param {object|null} result as `boneage assess --json` writes it
 * @param {{message: string, reasons: {text: string}[]}|null} problem why there is none
 * @param {string} note for research and education
 * @returns {Object<string, unknown>} by column
 */
export function filmRow(path, result, problem, note) {
  const known = { file: shown(path), id: shown(stem(path)), site_applied: false, note };
  if (problem) {
    const reasons = (problem.reasons ?? []).map(reason => reason.text);
    return { ...known, status: reasons.length ? 'refused' : 'failed', warnings: '',
      reason: clause(reasons.length ? reasons.join(', ') : problem.message) };
  }
  const [low, high] = result.interval_months ?? [], forced = result.refusals.join(', ');
  return { ...result, ...known, site_applied: result.site_applied ?? false, low_months: low, high_months: high,
    status: result.warnings.length ? 'warned' : 'answered', warnings: result.warnings.map(clause).join('; '),
    reason: forced ? `it was answered although ${clause(forced)}` : null };
}

/** The text of a CSV. */
export function toCsv(rows) {
  const lines = rows.map(row => RESULT_COLUMNS.map(column => quoted(cell(row[column]))).join(','));
  return [RESULT_COLUMNS.join(','), ...lines].join('\n') + '\n';
}
