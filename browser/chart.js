/**
 * The growth chart: bone age against age with ±2 SD for the sex.
 * Follows `growth_chart` of nbs/clinic/01_growth.ipynb; colours are classes of chart.css.
 */

import { LIMIT, chartData } from './growth.js';
import { svg } from './dom.js';

const WIDTH = 420, HEIGHT = 330; // units of the drawing
const EDGES = { left: 46, right: 14, top: 12, bottom: 40 };

/** From months to the drawing; `years` stand at the end of both axes. */
function frameOf(years) {
  const wide = WIDTH - EDGES.left - EDGES.right, high = HEIGHT - EDGES.top - EDGES.bottom;
  const x = months => EDGES.left + wide * months / 12 / years;
  const y = months => EDGES.top + high * (1 - Math.min(Math.max(months / 12 / years, 0), 1));
  return { years, x, y, at: points => points.map(([age, months]) => `${x(age).toFixed(1)},${y(months).toFixed(1)}`)
    .join(' ') };
}

function words(x, y, text, kind = 'quiet', anchor = 'middle', more = {}) {
  return svg('text', { x: x.toFixed(1), y: y.toFixed(1), class: kind, 'text-anchor': anchor, ...more }, text);
}

function axes(frame) {
  const left = frame.x(0), right = frame.x(12 * frame.years), bottom = frame.y(0), top = frame.y(12 * frame.years);
  const marks = [];
  for (let year = 0; year <= frame.years; year += 2) {
    const x = frame.x(12 * year), y = frame.y(12 * year);
    marks.push(svg('path', { d: `M${x} ${top}V${bottom}M${left} ${y}H${right}`, class: 'grid' }),
      words(x, bottom + 15, String(year)), words(left - 7, y + 4, String(year), 'quiet', 'end'));
  }
  const middle = (top + bottom) / 2;
  return [...marks, words((left + right) / 2, bottom + 33, 'chronological age, years', 'ink'),
    words(14, middle, 'bone age, years', 'ink', 'middle', { transform: `rotate(-90 14 ${middle})` })];
}

function legend(frame, who) {
  const x = frame.x(12 * frame.years) - 118, y = frame.y(0) - 34;
  return [svg('rect', { x, y, width: 18, height: 10, class: 'band' }),
    words(x + 24, y + 9, `±${LIMIT} SD, ${who}`, 'quiet', 'start'),
    svg('path', { d: `M${x} ${y + 21}h18`, class: 'equal' }),
    words(x + 24, y + 25, 'bone age = age', 'quiet', 'start')];
}

function filmMark(frame, point) {
  const x = frame.x(point.age_months), y = frame.y(point.bone_age_months), marks = [];
  if (point.interval_months) {
    const [low, high] = point.interval_months.map(frame.y);
    marks.push(svg('path', { d: `M${x} ${low}V${high}M${x - 4} ${low}h8M${x - 4} ${high}h8`, class: 'whisker' }));
  }
  return [...marks, svg('circle', { cx: x, cy: y, r: 4.5, class: 'film' })];
}

/**
 * @param {object} result of a film whose child's age is known
 * @param {object} table standard deviations, from growth.json
 * @returns {SVGElement}
 */
export function growthChart(result, table) {
  const point = { age_months: result.growth.chronological_age_months, bone_age_months: result.months,
    interval_months: result.interval };
  const { years, who, band, line, words: said } = chartData([point], result.sex, table), frame = frameOf(years);
  return svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart', role: 'img', 'aria-label': said },
    svg('polygon', { points: frame.at(band), class: 'band' }), axes(frame),
    svg('polyline', { points: frame.at(line), class: 'equal' }), legend(frame, who), filmMark(frame, point));
}
