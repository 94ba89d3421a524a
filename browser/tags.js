/** What a DICOM says of its film, and what is odd about it. Follows nbs/films/00d_dicom.ipynb. */
import { DAYS_IN_MONTH } from './ages.js';

const OLDEST = 120 * 12; // months: beyond it, and before birth, two dates give no age
const AGE_UNITS = { D: 1 / DAYS_IN_MONTH, W: 7 / DAYS_IN_MONTH, M: 1, Y: 12 }; // months
const SPACINGS = ['PixelSpacing', 'ImagerPixelSpacing', 'NominalScannedPixelSpacing'];
const FILM_MODALITIES = ['CR', 'DX', 'DR', 'RG', 'RF', 'XA', 'OT', 'SC', 'HC', 'XC', 'DF'];
const NOT_HANDS = ['CHEST', 'THORAX', 'LUNG', 'RIB', 'HEART', 'ABDOMEN', 'SKULL', 'HEAD', 'BRAIN', 'FACE', 'ORBIT',
  'SINUS', 'NOSE', 'JAW', 'MANDIBLE', 'TEETH', 'DENTAL', 'NECK', 'SPINE', 'SACRUM', 'COCCYX', 'PELVIS', 'HIP', 'FEMUR',
  'THIGH', 'KNEE', 'PATELLA', 'LEG', 'TIBIA', 'FIBULA', 'ANKLE', 'FOOT', 'FEET', 'HEEL', 'CALCANEUS', 'TOE', 'SHOULDER',
  'CLAVICLE', 'SCAPULA', 'HUMERUS', 'ELBOW', 'BREAST', 'LIVER', 'KIDNEY', 'PROSTATE', 'UTERUS', 'STERNUM'];

/** A date as DICOM writes it, in days since 1970; null for none. */
function day(header, keyword) {
  const found = /^(\d{4})[.-]?(\d\d)[.-]?(\d\d)$/.exec(header.text(keyword));
  if (!found) return null;
  const [year, month, date] = found.slice(1).map(Number), when = new Date(0);
  when.setUTCFullYear(year, month - 1, date);
  return year && when.getUTCMonth() === month - 1 && when.getUTCDate() === date ? Math.round(when / 864e5) : null;
}

/** Age in months, the step in which it is told (12: whole years, 0: from dates), and notes. */
function ageOf(header, birth, study) {
  const written = /^(\d{1,3})([DWMY])$/.exec(header.text('PatientAge'));
  const step = written && AGE_UNITS[written[2]], told = written && Number(written[1]) * step;
  if (birth === null || study === null) return { age: told, step, notes: [] };
  const age = (study - birth) / DAYS_IN_MONTH;
  if (!(age >= 0 && age < OLDEST)) {
    return { age: told, step, notes: ['the dates of birth and of the study give no age'] };
  }
  const doubt = written && Math.abs(age - told - step / 2) > 1.5 * step + 1;
  return { age, step: 0, notes: doubt ? ['the age that the file tells is not that of its dates'] : [] };
}

/** Distance of rows and of columns in mm; null where the file does not say it. */
function spacingOf(header) {
  for (const keyword of SPACINGS) {
    const [row, column, ...more] = header.numbers(keyword);
    if (!more.length && row > 0.001 && row < 10 && column > 0.001 && column < 10) return [row, column];
  }
  return null;
}

/** What a DICOM says of its film, and what is odd about it; the names are those of Python's FilmTags. */
export function filmTags(header) {
  const code = keyword => (/^[A-Z0-9_ ]{1,16}$/.test(header.text(keyword)) ? header.text(keyword) : null);
  const oneOf = (letters, ...keywords) => (
    keywords.map(keyword => header.text(keyword)).find(text => letters.includes(text)) ?? null);
  const birth = day(header, 'PatientBirthDate'), study = day(header, 'StudyDate');
  const { age, step, notes } = ageOf(header, birth, study);
  return { notes, tags: {
    sex: oneOf(['F', 'M'], 'PatientSex'), age_months: age, age_step: step, birth_date: birth, study_date: study,
    laterality: oneOf(['L', 'R'], 'ImageLaterality', 'Laterality'), spacing_mm: spacingOf(header),
    body_part: code('BodyPartExamined'), modality: code('Modality'),
  } };
}

/** What the tags say against a radiograph of a hand. */
export function notAHand({ modality: kind, body_part: part }) {
  const notes = kind && !FILM_MODALITIES.includes(kind) ? [`the file is a ${kind}, no radiograph`] : [];
  const isOther = (part ?? '').split(/[ _]/).some(
    word => word.endsWith('SPINE') || NOT_HANDS.some(other => word.startsWith(other)));
  return isOther ? [...notes, `the file says that it shows ${part}, not a hand`] : notes;
}
