/** The elements of a DICOM file, as far as a film needs them. */
import { FilmProblem } from './basics.js';
import { inflatedRaw } from './png.js';

const LONG_LENGTHS = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV']);
const UNDEFINED = 0xffffffff, ITEM = 0xfffee000, ITEM_END = 0xfffee00d, SEQUENCE_END = 0xfffee0dd;
const DEFLATED = '1.2.840.10008.1.2.1.99', BIG_ENDIAN = '1.2.840.10008.1.2.2';
const LARGEST_UNPACKED = 500_000_000; // bytes
const DEEPEST = 20; // sequences in each other

/** Keyword → tag. */
export const TAGS = {
  TransferSyntaxUID: 0x00020010, DirectoryRecordSequence: 0x00041220, StudyDate: 0x00080020, Modality: 0x00080060,
  PresentationIntentType: 0x00080068, PatientBirthDate: 0x00100030, PatientSex: 0x00100040, PatientAge: 0x00101010,
  BodyPartExamined: 0x00180015, ImagerPixelSpacing: 0x00181164, NominalScannedPixelSpacing: 0x00182010,
  Laterality: 0x00200060, ImageLaterality: 0x00200062, SamplesPerPixel: 0x00280002,
  PhotometricInterpretation: 0x00280004, PlanarConfiguration: 0x00280006, NumberOfFrames: 0x00280008, Rows: 0x00280010,
  Columns: 0x00280011, PixelSpacing: 0x00280030, PixelAspectRatio: 0x00280034, BitsAllocated: 0x00280100,
  BitsStored: 0x00280101, HighBit: 0x00280102, PixelRepresentation: 0x00280103, PixelPaddingValue: 0x00280120,
  PixelPaddingRangeLimit: 0x00280121, WindowCenter: 0x00281050, WindowWidth: 0x00281051,
  RescaleIntercept: 0x00281052, RescaleSlope: 0x00281053,
  VOILUTFunction: 0x00281056, LUTDescriptor: 0x00283002, LUTData: 0x00283006, ModalityLUTSequence: 0x00283000,
  VOILUTSequence: 0x00283010, PixelData: 0x7fe00010,
};
const KNOWN = new Set(Object.values(TAGS));
const SEQUENCES = new Set([TAGS.DirectoryRecordSequence, TAGS.ModalityLUTSequence, TAGS.VOILUTSequence]);
const SHORTS = new Set(['SamplesPerPixel', 'PlanarConfiguration', 'Rows', 'Columns', 'BitsAllocated', 'BitsStored',
  'HighBit', 'PixelRepresentation', 'LUTDescriptor', 'LUTData', 'PixelPaddingValue', 'PixelPaddingRangeLimit'
].map(name => TAGS[name]));

/** Reads a file from front to back. */
class Reading {
  constructor(bytes, place, little, implicit) {
    Object.assign(this, { bytes, place, little, implicit });
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done() { return this.place + 8 > this.bytes.length; }

  tagAt(place) {
    return this.view.getUint16(place, this.little) * 0x10000 + this.view.getUint16(place + 2, this.little);
  }

  lettersAt(place) { return String.fromCharCode(this.bytes[place], this.bytes[place + 1]); }

  /** Do the elements from here on tell their value representations? Some files say otherwise than they do. */
  get isExplicit() { return !this.done && /^[A-Z]{2}$/.test(this.lettersAt(this.place + 4)); }

  /** Tag, value representation and length of the next element; the place moves to its value. */
  head() {
    const tag = this.tagAt(this.place), plain = this.implicit || tag >= ITEM && tag <= SEQUENCE_END;
    const vr = plain ? '' : this.lettersAt(this.place + 4), isLong = plain || LONG_LENGTHS.has(vr);
    const at = this.place + (plain ? 4 : isLong ? 8 : 6);
    const length = isLong ? this.view.getUint32(at, this.little) : this.view.getUint16(at, this.little);
    this.place = at + (isLong ? 4 : 2);
    return { tag, vr, length };
  }

  /** Items up to the end of a sequence: elements of each, which may be implicit also where the file is not. */
  items(length, depth) {
    const end = length === UNDEFINED ? Infinity : this.place + length, { implicit } = this, found = [];
    if (depth > DEEPEST) throw new RangeError('too deep');
    while (this.place < end && !this.done) {
      const { tag, length: size } = this.head();
      if (tag === SEQUENCE_END) break;
      if (tag !== ITEM) throw new RangeError('no item');
      this.implicit = implicit || !this.isExplicit;
      found.push(this.elements(size === UNDEFINED ? Infinity : this.place + size, depth + 1));
      this.implicit = implicit;
    }
    return found;
  }

  /** Compressed pixels: the bytes of each fragment, without the table of offsets. */
  fragments() {
    const found = [];
    while (!this.done) {
      const { tag, length } = this.head();
      if (tag !== ITEM) break;
      found.push(this.bytes.subarray(this.place, this.place += length));
    }
    return found.slice(1);
  }

  /** Elements by tag up to a place, or the end of an item. */
  elements(end, depth = 0) {
    const found = new Map();
    while (this.place < end && !this.done) {
      const { tag, vr: told, length } = this.head(), start = this.place;
      if (tag === ITEM_END) break;
      const vr = told === 'UN' && KNOWN.has(tag) ? '' : told; // what is known is read as where nothing is told
      const hidden = length === UNDEFINED && tag !== TAGS.PixelData; // a sequence, also where it is not called one
      if (vr === 'SQ' || hidden || !vr && SEQUENCES.has(tag)) {
        found.set(tag, { vr: 'SQ', items: this.items(length, depth) });
      } else if (length === UNDEFINED) found.set(tag, { vr, fragments: this.fragments(), start });
      else {
        found.set(tag, { vr, start, bytes: this.bytes.subarray(start, start + length) });
        this.place = start + length;
      }
    }
    return found;
  }
}

const SIGNED = ['PixelPaddingValue', 'PixelPaddingRangeLimit', 'LUTDescriptor']; // as the pixels, where no VR is told

/** What a DICOM says, by keyword. */
export class Header {
  constructor(elements, little, syntax, after, whole = null) {
    Object.assign(this, { elements, little, syntax, after, whole: whole ?? this }); // the header that an item is of
  }

  element(keyword) { return this.elements.get(TAGS[keyword]); }

  has(keyword) { return this.elements.has(TAGS[keyword]); }

  /** The texts of an element, without what fills them up; empty where it is missing. */
  texts(keyword) {
    const bytes = this.element(keyword)?.bytes;
    if (!bytes?.length) return [];
    return new TextDecoder('latin1').decode(bytes).split('\\').map(text => text.replace(/[\0 ]+$/, '').trim());
  }

  /** An element as plain text in capitals, empty where it is missing. */
  text(keyword) { return this.texts(keyword).join('\\').toUpperCase().slice(0, 64); }

  /** All numbers of an element, NaN for those that are none. */
  numbers(keyword) {
    const { bytes, vr } = this.element(keyword) ?? {};
    if (!bytes?.length) return [];
    const { little } = this, isSigned = SIGNED.includes(keyword) && this.whole.number('PixelRepresentation') === 1;
    const kind = vr || (!SHORTS.has(TAGS[keyword]) ? 'DS' : isSigned ? 'SS' : 'US');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [size, read] = {
      US: [2, place => view.getUint16(place, little)], SS: [2, place => view.getInt16(place, little)],
      OW: [2, place => view.getUint16(place, little)], UL: [4, place => view.getUint32(place, little)],
      SL: [4, place => view.getInt32(place, little)], FL: [4, place => view.getFloat32(place, little)],
      FD: [8, place => view.getFloat64(place, little)],
    }[kind] ?? [0];
    if (!size) return this.texts(keyword).map(text => (text === '' ? NaN : Number(text)));
    return Array.from({ length: Math.floor(bytes.length / size) }, (_, number) => read(number * size));
  }

  /** The first number of an element; the default where there is none. */
  number(keyword, otherwise = null) {
    const [first] = this.numbers(keyword);
    return Number.isFinite(first) ? first : otherwise;
  }

  /** The first item of a sequence, or null. */
  item(keyword) {
    const [first] = this.element(keyword)?.items ?? [];
    return first ? new Header(first, this.little, this.syntax, null, this.whole) : null;
  }
}

const hasPreamble = bytes => String.fromCharCode(...bytes.subarray(128, 132)) === 'DICM';

/** Does a file begin as DICOM files do, with or without a preamble? */
export function isDicom(bytes) {
  if (hasPreamble(bytes)) return true;
  if (bytes.length < 16) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  for (const little of [true, false]) {
    const group = view.getUint16(0, little), element = view.getUint16(2, little);
    if (group !== 2 && group !== 8 || element > 0x3000) continue;
    if (/^[A-Z]{2}$/.test(String.fromCharCode(bytes[4], bytes[5]))) return true;
    if (little && group === 8 && view.getUint32(4, true) < 1000) return true;
  }
  return false;
}

/** Is a file that does not say so little-endian? Groups of its first elements are small. */
const looksLittle = reading => !reading.isExplicit || reading.view.getUint16(reading.place, true) < 1024;

/**
 * The elements of a DICOM file.
 * @param {Uint8Array} bytes
 * @param {string} name what to call the film in a problem
 * @returns {Promise<Header>}
 * @throws {RangeError} where it breaks off
 */
export async function readElements(bytes, name) {
  const reading = new Reading(bytes, hasPreamble(bytes) ? 132 : 0, true, false);
  const meta = new Map();
  while (!reading.done && reading.view.getUint16(reading.place, true) === 2) {
    const { tag, vr, length } = reading.head();
    meta.set(tag, { vr, bytes: bytes.subarray(reading.place, reading.place += length) });
  }
  const [syntax = ''] = new Header(meta, true).texts('TransferSyntaxUID');
  let body = reading;
  if (syntax === DEFLATED) {
    const unpacked = await inflatedRaw(bytes.subarray(reading.place), LARGEST_UNPACKED + 1);
    if (unpacked.length > LARGEST_UNPACKED) {
      throw new FilmProblem(`${name} unpacks to more than ${LARGEST_UNPACKED / 1e6} MB: save it at a smaller size.`);
    }
    body = new Reading(unpacked, 0, true, false);
  }
  const little = syntax ? syntax !== BIG_ENDIAN : looksLittle(body);
  Object.assign(body, { little, implicit: !body.isExplicit });
  const elements = body.elements(Infinity), pixels = elements.get(TAGS.PixelData);
  const isPlain = pixels?.bytes && syntax !== DEFLATED;
  const after = isPlain ? body.bytes.subarray(pixels.start + pixels.bytes.length) : new Uint8Array();
  return new Header(elements, little, syntax, after);
}
