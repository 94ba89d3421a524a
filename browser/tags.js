/** What a DICOM says of its film, and what is odd about it. Follows nbs/films/00d_dicom.ipynb. */
import { DAYS_IN_MONTH } from './ages.js';

const OLDEST = 120 * 12; // months: beyond it, and before birth, two dates give no age
const AGE_UNITS = { D: 1 / DAYS_IN_MONTH, W: 7 / DAYS_IN_MONTH, M: 1, Y: 12 }; // months
const SPACINGS = ['PixelSpacing', 'ImagerPixelSpacing', 'NominalScannedPixelSpacing'];
const FILM_MODALITIES = ['CR', 'DX', 'DR', 'RG', 'RF', 'XA', 'OT', 'SC', 'HC', 'XC', 'DF'];
const NOT_HANDS = [
  'CHEST', 'THORAX', 'THORACIC', 'LUNG', 'RIB', 'STERNUM', 'HEART', 'AORTA', 'CORONARYARTERY', 'MEDIASTINUM',
  'DIAPHRAGM', 'TRACHEA', 'BRONCHUS', 'THYMUS', 'BREAST', 'AXILLA', 'ABDOMEN', 'ABD', 'KUB', 'LIVER', 'SPLEEN',
  'PANCREAS', 'GALLBLADDER', 'STOMACH', 'ESOPHAGUS', 'DUODENUM', 'JEJUNUM', 'ILEUM', 'BOWEL', 'COLON', 'RECTUM',
  'KIDNEY', 'ADRENAL', 'URETER', 'URETHRA', 'BLADDER', 'PROSTATE', 'UTERUS', 'OVARY', 'TESTIS', 'SCROTUM', 'PENIS',
  'VAGINA', 'SKULL', 'HEAD', 'BRAIN', 'CEREBELLUM', 'SELLA', 'FACE', 'FACIAL', 'EYE', 'ORBIT', 'EAR', 'MASTOID',
  'SINUS', 'NOSE', 'NASAL', 'CHEEK', 'ZYGOMA', 'MOUTH', 'JAW', 'MAXILLA', 'MANDIBLE', 'TMJ', 'TEETH', 'TOOTH',
  'DENTAL', 'TONGUE', 'PAROTID', 'NECK', 'PHARYNX', 'LARYNX', 'THYROID', 'PARATHYROID', 'CAROTID', 'SPINE', 'CSPINE',
  'TSPINE', 'LSPINE', 'SSPINE', 'CTSPINE', 'TLSPINE', 'LSSPINE', 'CERVICAL', 'LUMBAR', 'VERTEBRA', 'SACRUM', 'SACRAL',
  'COCCYX', 'BACK', 'PELVIS', 'PELVIC', 'ILIUM', 'HIP', 'BUTTOCK', 'FEMUR', 'THIGH', 'KNEE', 'PATELLA', 'LEG', 'CALF',
  'TIBIA', 'TIB', 'FIBULA', 'FIB', 'ANKLE', 'FOOT', 'FEET', 'HEEL', 'CALCANEUS', 'CALCIS', 'TARSAL', 'METATARSAL',
  'TOE', 'LOWEREXTREMITY', 'LOWEREXTREMITIE', 'LOWERLIMB', 'LOWEXM', 'SHOULDER', 'CLAVICLE', 'SCAPULA', 'HUMERUS',
  'UPPERARM', 'ELBOW'];
const MAYBE_HANDS = [
  'HAND', 'WRIST', 'FINGER', 'THUMB', 'PALM', 'CARPUS', 'CARPAL', 'METACARPUS', 'METACARPAL', 'PHALANX', 'PHALANGE',
  'RADIUS', 'ULNA', 'FOREARM', 'ARM', 'EXTREMITY', 'EXTREMITIE', 'EXM', 'LIMB', 'UPPER', 'UP', 'LOWER', 'LOW', 'BONE',
  'AGE', 'SKELETON', 'SKELETAL', 'WHOLE', 'BODY', 'LEFT', 'RIGHT', 'BOTH', 'AP', 'PA', 'LAT', 'LATERAL'];
const PARTS = [...NOT_HANDS, ...MAYBE_HANDS].sort((one, other) => other.length - one.length);
const PART = new RegExp(`(${PARTS.join('|')})S?`, 'g'), ONLY_PARTS = new RegExp(`^(?:(?:${PARTS.join('|')})S?)+$`);

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

/** The known words of what a file says that it shows; null where there is none: others may be of a name. */
function bodyPart(header) {
  const told = header.texts('BodyPartExamined').map(text => text.slice(0, 64)).join(' ').toUpperCase();
  return (told.match(/[A-Z]+/g) ?? []).filter(word => ONLY_PARTS.test(word)).join(' ') || null;
}

/** What a DICOM says of its film, and what is odd about it; the names are those of Python's FilmTags. */
export function filmTags(header) {
  const oneOf = (letters, ...keywords) => (
    keywords.map(keyword => header.text(keyword)).find(text => letters.includes(text)) ?? null);
  const birth = day(header, 'PatientBirthDate'), study = day(header, 'StudyDate');
  const { age, step, notes } = ageOf(header, birth, study);
  return { notes, tags: {
    sex: oneOf(['F', 'M'], 'PatientSex'), age_months: age, age_step: step, birth_date: birth, study_date: study,
    laterality: oneOf(['L', 'R'], 'ImageLaterality', 'Laterality'), spacing_mm: spacingOf(header),
    body_part: bodyPart(header),
    modality: header.texts('Modality').find(text => /^[A-Z]{2}$/.test(text)) ?? null,
  } };
}

/** What the tags say against a radiograph of a hand. */
export function notAHand({ modality: kind, body_part: part }) {
  const notes = kind && !FILM_MODALITIES.includes(kind) ? [`the file is a ${kind}, no radiograph`] : [];
  const isOther = [...(part ?? '').replace(/[^A-Z]/g, '').matchAll(PART)].some(([, word]) => NOT_HANDS.includes(word));
  return isOther ? [...notes, `the file says that it shows ${part}, not a hand`] : notes;
}
