/** Python's answers, which `boneage.apps.browser_tables.write_vectors` wrote into the folder BONEAGE_VECTORS. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const VECTORS = process.env.BONEAGE_VECTORS;

/** A file of vectors, or of the page's tables; null where there are none. */
export const vectorsOf = name => (VECTORS ? JSON.parse(readFileSync(join(VECTORS, name), 'utf8')) : null);

/** The bytes of a file among the vectors. */
export const fileOf = name => new Uint8Array(readFileSync(join(VECTORS, name)));

/** What a call gives, or the sentence of its problem, as the vectors have it. */
export function said(call) {
  try {
    return { value: call() };
  } catch (problem) {
    if (problem.name !== 'FilmProblem') throw problem;
    return { problem: problem.message };
  }
}

/** The largest difference between two values; Infinity where they differ in anything but numbers. */
export function differenceOf(one, other) {
  if (typeof one === 'number' && typeof other === 'number') return Math.abs(one - other);
  if (one === null || other === null || typeof one !== 'object' || typeof other !== 'object') {
    return one === other ? 0 : Infinity;
  }
  const [names, others] = [Object.keys(one), Object.keys(other)];
  if (names.length !== others.length) return Infinity;
  const apart = name => (Object.hasOwn(other, name) ? differenceOf(one[name], other[name]) : Infinity);
  return Math.max(0, ...names.map(apart));
}

/** A picture that Python wrote as raw bytes. */
export const rawOf = ({ file, ...size }) => ({ data: fileOf(file), ...size });
