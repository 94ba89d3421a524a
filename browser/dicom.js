/**
 * A hand's DICOM file becomes the same grey picture as any other film, with the few of its tags that an answer needs.
 * Follows nbs/films/00d_dicom.ipynb; of the compressed kinds it reads only JPEG Baseline, which the browser decodes.
 */
import { FilmProblem, damaged, wholeNumber } from './basics.js';
import { readElements } from './elements.js';
import { checkSize, greyLevels, greyRange } from './grey.js';
import { checkJpeg, decodedByBrowser } from './jpeg.js';
import { resizeLinear } from './resize.js';
import { filmTags, notAHand } from './tags.js';

export { isDicom } from './elements.js';

const LEAST_SHOWN = 0.02; // share of the pixels between black and white that a window must leave
const NO_WINDOW = "the file's own window shows nothing and was left out";
const MUCH_MORE = [0.01, 512]; // of the pixel data, and bytes: files are filled up to whole blocks
const AFTER_PIXELS = [0x7fe0, 0x7fe1, 0xfffa, 0xfffc]; // groups: private pixels, signatures, padding
const UNPROCESSED = "the film is the detector's own (for processing), not as it is looked at";
const UNCOMPRESSED = ['', '1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.2'];
const JPEG_BASELINE = '1.2.840.10008.1.2.4.50';
const COMPRESSIONS = {
  '1.2.840.10008.1.2.4.51': 'JPEG Extended', '1.2.840.10008.1.2.4.57': 'JPEG Lossless',
  '1.2.840.10008.1.2.4.70': 'JPEG Lossless', '1.2.840.10008.1.2.4.80': 'JPEG-LS Lossless',
  '1.2.840.10008.1.2.4.81': 'JPEG-LS Near Lossless', '1.2.840.10008.1.2.4.90': 'JPEG 2000 Lossless',
  '1.2.840.10008.1.2.4.91': 'JPEG 2000', '1.2.840.10008.1.2.4.201': 'HTJ2K Lossless',
  '1.2.840.10008.1.2.4.202': 'HTJ2K Lossless', '1.2.840.10008.1.2.4.203': 'HTJ2K',
  '1.2.840.10008.1.2.5': 'RLE Lossless',
};

/** Refuse what is no single picture of a usual kind, before a pixel is read. */
function checkHeader(header, name) {
  if (header.has('DirectoryRecordSequence')) {
    throw new FilmProblem(`${name} is only the index of a DICOM folder: give the image itself.`);
  }
  if (!header.has('PixelData')) {
    throw new FilmProblem(`${name} is a DICOM file without a picture: give the image of the hand.`);
  }
  const frames = header.number('NumberOfFrames', 1);
  if (frames > 1) throw new FilmProblem(`${name} holds ${frames} frames: save the frame with the hand as one image.`);
  checkSize(header.number('Columns', 0), header.number('Rows', 0), name);
  const samples = header.number('SamplesPerPixel', 1), bits = header.number('BitsAllocated', 0);
  const stored = header.number('BitsStored', 0), high = header.number('HighBit', stored - 1);
  const isUsual = [1, 3].includes(samples) && [8, 16, 32].includes(bits);
  if (!isUsual || !(0 < stored && stored <= high + 1 && high + 1 <= bits)) {
    throw new FilmProblem(`${name} holds ${samples} × ${stored} of ${bits} bits a pixel, which no film has: `
      + 'save it again.');
  }
  if (![...UNCOMPRESSED, JPEG_BASELINE].includes(header.syntax)) {
    const kind = COMPRESSIONS[header.syntax] ?? 'a compression that no film has';
    throw new FilmProblem(`${name} is compressed as ${kind}, which this page does not read: save it uncompressed.`);
  }
}

/** Notes on pixel data that are not compressed; a problem where they do not fit header and file. */
function fitting(header, size, name) {
  const { length } = header.element('PixelData').bytes, more = length - size - size % 2, rest = header.after;
  if (length < size) throw damaged(name, 'it has fewer pixels than its header tells of');
  if (more > Math.max(MUCH_MORE[0] * size, MUCH_MORE[1])) {
    throw damaged(name, 'it has more pixels than its header tells of');
  }
  if (rest.some(byte => byte)) {
    const group = header.little ? rest[0] | rest[1] << 8 : rest[0] << 8 | rest[1];
    if (!AFTER_PIXELS.includes(group)) throw damaged(name, 'after its pixels comes what is no DICOM');
  }
  return more > 0 ? [`the file has ${more} bytes more than its picture`] : [];
}

/** The numbers as they are stored, of the used bits alone; a Uint8Array where 8 bits without sign are allocated. */
function storedNumbers(header, count) {
  const { bytes, vr } = header.element('PixelData'), bits = header.number('BitsAllocated'), { little } = header;
  const used = header.number('BitsStored'), above = header.number('HighBit', used - 1) + 1 - used;
  const signed = header.number('PixelRepresentation', 0) === 1, unused = 32 - above - used;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), swapped = !little && vr === 'OW' ? 1 : 0;
  const read = { 8: place => bytes[place ^ swapped], 16: place => view.getUint16(2 * place, little),
    32: place => view.getInt32(4 * place, little) }[bits];
  const stored = new (bits === 8 && !signed ? Uint8Array : signed || bits < 32 ? Int32Array : Float64Array)(count);
  for (let place = 0; place < count; place++) {
    const moved = read(place) << unused;
    stored[place] = signed ? moved >> 32 - used : moved >>> 32 - used;
  }
  return stored;
}

/** A lookup table of a DICOM as a function; null where there is none. Entries of an item of a LUT sequence. */
function lookup(item) {
  const [told, first, bits] = item.numbers('LUTDescriptor'), count = told & 0xffff, element = item.element('LUTData');
  let entries = item.numbers('LUTData');
  const isRaw = ['OW', 'OB', 'UN', ''].includes(element?.vr);
  const isBytes = isRaw && element.bytes.length < 2 * (count || 65536) && bits <= 8;
  if (isBytes) entries = [...element.bytes];
  entries = entries.slice(0, count || 65536);
  if (!entries.length || !entries.every(Number.isFinite)) throw new RangeError('an empty table');
  const look = value => entries[Math.min(Math.max(wholeNumber(value) - first, 0), entries.length - 1)];
  return { look, low: entries.reduce((a, b) => Math.min(a, b)), high: entries.reduce((a, b) => Math.max(a, b)) };
}

/** What a stored value means. */
function modality(header) {
  const item = header.item('ModalityLUTSequence');
  if (item) return lookup(item).look;
  const slope = header.number('RescaleSlope', 1) || 1, intercept = header.number('RescaleIntercept', 0);
  return stored => stored * slope + intercept;
}

/** What is to be seen of a value, 0 (black) to 1 (white); null without a window or table. */
function window(header) {
  const item = header.item('VOILUTSequence');
  if (item) {
    const { look, low, high } = lookup(item);
    return value => (high > low ? (look(value) - low) / (high - low) : 0);
  }
  const [center, width] = [header.number('WindowCenter'), header.number('WindowWidth')];
  const kind = header.text('VOILUTFunction') || 'LINEAR';
  if (center === null || width === null || width < (kind === 'LINEAR' ? 1 : 1e-9)) return null;
  if (kind === 'SIGMOID') {
    return value => 1 / (1 + Math.exp(Math.min(Math.max(-4 * (value - center) / width, -700), 700)));
  }
  const [middle, range] = kind === 'LINEAR_EXACT' ? [center, width] : [center - 0.5, width - 1];
  return value => Math.min(Math.max((value - middle) / Math.max(range, 1e-9) + 0.5, 0), 1);
}

/** What a number that was written with other bits is among the stored ones, and how many of their ranges it is away. */
function asStored(header, value) {
  const values = 2 ** header.number('BitsStored'), lowest = header.number('PixelRepresentation', 0) ? -values / 2 : 0;
  const away = Math.floor((Math.trunc(value) - lowest) / values);
  return { stored: Math.trunc(value) - away * values, away };
}

/** Is a stored value one with which the film is only filled up? Null without padding. */
function padding(header, stored) {
  const told = header.number('PixelPaddingValue');
  if (told === null) return null;
  const { stored: value, away } = asStored(header, told);
  const limit = asStored(header, header.number('PixelPaddingRangeLimit', told));
  const other = limit.away === away ? limit.stored : value; // else it is no range of stored values
  const [low, high] = [Math.min(value, other), Math.max(value, other)];
  const isPadding = number => number >= low && number <= high;
  return stored.some(isPadding) && !stored.every(isPadding) ? isPadding : null;
}

/** What a radiologist sees of stored values: grey levels, bright bone; and notes. */
function greyOf(header, stored) {
  const mean = modality(header), isPadding = padding(header, stored);
  const seen = isPadding ? stored.filter(number => !isPadding(number)) : stored;
  const known = new Map();
  const levelsBy = level => {
    known.clear();
    return Uint8Array.from(stored, number => {
      let found = known.get(number);
      if (found === undefined) known.set(number, found = level(number));
      return found;
    });
  };
  const look = window(header), notes = [];
  let levels = look && levelsBy(number => wholeNumber(255 * look(mean(number))));
  if (levels) {
    let between = 0;
    levels.forEach((level, place) => {
      if (level > 0 && level < 255 && !isPadding?.(stored[place])) between++;
    });
    if (between / seen.length < LEAST_SHOWN) {
      levels = null;
      notes.push(NO_WINDOW);
    }
  }
  if (!levels) {
    const levelsAlready = stored instanceof Uint8Array && stored.every(number => mean(number) === number);
    const [dark, bright] = levelsAlready ? [0, 255] : greyRange(Float32Array.from(seen, mean));
    const share = value => Math.min(Math.max((value - dark) / Math.max(bright - dark, 1e-30), 0), 1);
    levels = levelsBy(number => wholeNumber(255 * share(mean(number))));
  }
  if (header.text('PhotometricInterpretation') === 'MONOCHROME1') levels = levels.map(level => 255 - level);
  if (isPadding) stored.forEach((number, place) => { if (isPadding(number)) levels[place] = 0; });
  return { levels, notes };
}

/** Make pixels square where the file says that they are not: a hand must not come out too short. */
function madeSquare(film, header, spacing, name) {
  const [rise, run] = spacing ?? header.numbers('PixelAspectRatio'), ratio = rise > 0 && run > 0 ? rise / run : 1;
  if (!(ratio > 0.1 && ratio < 10) || Math.abs(Math.log(ratio)) < 0.02) return { film, spacing, notes: [] };
  const { width, height } = film, side = spacing && Math.min(...spacing); // only ever more pixels
  const size = ratio > 1 ? [width, wholeNumber(height * ratio)] : [wholeNumber(width / ratio), height];
  checkSize(...size, name);
  const notes = ['its pixels are not square and were made so'];
  return { film: resizeLinear(film, ...size), spacing: side && [side, side], notes };
}

/** Grey, bright bone, and notes: of pixels as they are stored, or as the browser decodes them. */
async function pixelsOf(header, name) {
  const width = header.number('Columns'), height = header.number('Rows');
  const samples = header.number('SamplesPerPixel', 1);
  if (header.syntax === JPEG_BASELINE) {
    const frame = new Uint8Array(await new Blob(header.element('PixelData').fragments).arrayBuffer());
    const { data, ...size } = await decodedByBrowser(frame, 'image/jpeg', name, 'none');
    if (size.width !== width || size.height !== height) {
      throw damaged(name, 'its compressed data do not fit its header');
    }
    const green = Uint8Array.from({ length: width * height }, (_, place) => data[4 * place + 1]); // or the only one
    const damage = checkJpeg(frame, { data: green, width, height }, 8, name);
    if (samples > 1) {
      const { film, notes } = greyLevels({ data, ...size }, name);
      return { film, notes: [...damage, ...notes] };
    }
    const { levels, notes } = greyOf(header, green);
    return { film: { data: levels, width, height }, notes: [...damage, ...notes] };
  }
  const count = width * height * samples, notes = fitting(header, count * header.number('BitsAllocated') / 8, name);
  const stored = storedNumbers(header, count), kind = header.text('PhotometricInterpretation');
  if (samples === 1 && kind !== 'PALETTE COLOR') {
    const { levels, notes: more } = greyOf(header, stored);
    return { film: { data: levels, width, height }, notes: [...notes, ...more] };
  }
  if (kind !== 'RGB') {
    throw new FilmProblem(`${name} holds colours of a kind that this page does not read: save it as grey.`);
  }
  const planes = header.number('PlanarConfiguration', 0) === 1, area = width * height;
  const data = planes ? stored.map((_, place) => stored[place % 3 * area + Math.floor(place / 3)]) : stored;
  const { film, notes: more } = greyLevels({ data, width, height, channels: 3 }, name);
  return { film, notes: [...notes, ...more] };
}

/**
 * The film in a DICOM file.
 * @param {Uint8Array} bytes of the file
 * @returns {Promise<{data: Uint8Array, width: number, height: number, notes: string[], tags: object}>} bright bone
 */
export async function readDicom(bytes, name) {
  try {
    const header = await readElements(bytes, name);
    checkHeader(header, name);
    const { film: levels, notes } = await pixelsOf(header, name), { tags, notes: odd } = filmTags(header);
    const { film, spacing, notes: square } = madeSquare(levels, header, tags.spacing_mm, name);
    const raw = header.text('PresentationIntentType') === 'FOR PROCESSING' ? [UNPROCESSED] : [];
    const all = [...notes, ...square, ...odd, ...notAHand(tags), ...raw];
    return { ...film, notes: all, tags: { ...tags, spacing_mm: spacing } };
  } catch (error) {
    if (error instanceof FilmProblem) throw error;
    throw new FilmProblem(`${name} is a DICOM file that cannot be read (${error.name}): `
      + 'it may be damaged, copy it again.');
  }
}
