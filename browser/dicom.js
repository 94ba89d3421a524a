import { FilmProblem } from './basics.js';
export const isDicom = bytes => bytes[128] === 68 && bytes[129] === 73 && bytes[130] === 67 && bytes[131] === 77;
export async function readDicom(bytes, name) { throw new FilmProblem(`${name} is a DICOM file.`); }
