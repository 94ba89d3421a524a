/**
 * Is the data of a JPEG whole? A browser shows damaged pixels without a word, so the codes are walked through here,
 * without making pixels of them; of the progressive kind it is only said whether it comes to its end.
 */

const EARLY = 'Corrupt JPEG data: premature end of data segment', BAD_CODE = 'Corrupt JPEG data: bad Huffman code';
export const SHORT = 'Premature end of JPEG file';

/** Codes of a Huffman table by their length: the first, the last, and where their values stand. */
function tableOf(data, start) {
  const lengths = data.subarray(start, start + 16), table = { first: [0], last: [-1], place: [0], values: null };
  let code = 0, place = 0;
  for (const count of lengths) {
    table.first.push(code);
    table.place.push(place);
    table.last.push(count ? code + count - 1 : -1);
    code = (code + count) << 1;
    place += count;
  }
  table.values = data.subarray(start + 16, start + 16 + place);
  return table;
}

/** Reads the bits of a scan; zeros where a marker has come. */
class Bits {
  constructor(bytes, place) { Object.assign(this, { bytes, place, left: 0, byte: 0, complaint: '' }); }

  complain(text) { this.complaint ||= text; }

  bit() {
    if (!this.left) {
      this.byte = this.bytes[this.place];
      this.left = 8;
      if (this.place >= this.bytes.length || this.byte === 0xff && this.bytes[this.place + 1] !== 0) {
        this.complain(this.place + 1 >= this.bytes.length ? SHORT : EARLY);
        this.byte = 0;
      } else this.place += this.byte === 0xff ? 2 : 1;
    }
    return this.byte >> --this.left & 1;
  }

  skip(count) { for (let number = 0; number < count; number++) this.bit(); }

  value(table) {
    for (let length = 1, code = this.bit(); length <= 16; length++, code = code << 1 | this.bit()) {
      if (code <= table.last[length]) return table.values[table.place[length] + code - table.first[length]];
    }
    this.complain(BAD_CODE);
    return 0;
  }

  /** The 64 coefficients of a block. */
  block(dc, ac) {
    this.skip(this.value(dc) & 15);
    for (let place = 1; place < 64 && !this.complaint;) {
      const code = this.value(ac), size = code & 15, run = code >> 4;
      if (!size && run < 15) return;
      place += run + 1;
      this.skip(size);
    }
  }

  /** To the next marker, which is given; bytes in between are extraneous. */
  marker() {
    this.left = 0;
    const from = this.place;
    while (this.place + 1 < this.bytes.length && !(this.bytes[this.place] === 0xff && this.bytes[this.place + 1] > 0
      && this.bytes[this.place + 1] < 0xff)) this.place++;
    if (this.place + 1 >= this.bytes.length) this.complain(SHORT);
    const more = this.place - from, kind = this.bytes[this.place + 1];
    if (more) this.complain(`Corrupt JPEG data: ${more} extraneous bytes before marker 0x${(kind ?? 0).toString(16)}`);
    return kind;
  }
}

/** The layers of a picture: sampling, and blocks across and down where a scan holds one alone. */
function layersOf(frame) {
  const [height, width] = [frame[1] << 8 | frame[2], frame[3] << 8 | frame[4]];
  const layers = Array.from({ length: frame[5] }, (_, number) => {
    const [id, sampling] = frame.subarray(6 + 3 * number);
    return { id, across: sampling >> 4, down: sampling & 15 };
  });
  const [widest, highest] = ['across', 'down'].map(way => Math.max(...layers.map(layer => layer[way])));
  for (const layer of layers) {
    layer.columns = Math.ceil(Math.ceil(width * layer.across / widest) / 8);
    layer.rows = Math.ceil(Math.ceil(height * layer.down / highest) / 8);
  }
  return { layers, units: Math.ceil(width / 8 / widest) * Math.ceil(height / 8 / highest) };
}

/** Walk through a scan; the bits, at the marker behind it. */
function walked(bytes, place, scan, { layers, units }, tables, interval) {
  const bits = new Bits(bytes, place), parts = Array.from({ length: scan[0] }, (_, number) => {
    const [id, chosen] = scan.subarray(1 + 2 * number), layer = layers.find(one => one.id === id);
    const blocks = scan[0] > 1 ? layer.across * layer.down : 1;
    return { layer, blocks, dc: tables.get(chosen >> 4), ac: tables.get(16 | chosen & 15) };
  });
  const count = scan[0] > 1 ? units : parts[0].layer.columns * parts[0].layer.rows;
  for (let unit = 0; unit < count && !bits.complaint; unit++) {
    if (interval && unit && unit % interval === 0) {
      if ((bits.marker() & 0xf8) !== 0xd0) bits.complain(EARLY);
      bits.place += 2;
    }
    for (const { blocks, dc, ac } of parts) for (let block = 0; block < blocks; block++) bits.block(dc, ac);
  }
  bits.marker();
  return bits;
}

/** The place of the next marker that is no restart: behind the codes of a scan. */
function behindCodes(bytes, place) {
  const isMarker = kind => kind > 0 && kind < 0xff && (kind & 0xf8) !== 0xd0;
  while (place + 1 < bytes.length && !(bytes[place] === 0xff && isMarker(bytes[place + 1]))) place++;
  return place;
}

/**
 * What libjpeg would say of damaged data: its first complaint, empty where there is none.
 * @param {Uint8Array} bytes of a JPEG
 */
export function jpegComplaint(bytes) {
  const tables = new Map();
  let frame = null, interval = 0, place = 2, isProgressive = false;
  try {
    while (place + 4 <= bytes.length && bytes[place + 1] !== 0xd9) {
      if (bytes[place] === 0xff && bytes[place + 1] === 0xff) { // a byte that fills up
        place++;
        continue;
      }
      const kind = bytes[place + 1], end = place + 2 + (bytes[place + 2] << 8 | bytes[place + 3]);
      const data = bytes.subarray(place + 4, end);
      if (kind === 0xc0 || kind === 0xc1) frame = layersOf(data);
      else if (kind >= 0xc2 && kind <= 0xcf && kind !== 0xc4 && kind !== 0xc8 && kind !== 0xcc) isProgressive = true;
      else if (kind === 0xdd) interval = data[0] << 8 | data[1];
      else if (kind === 0xc4) {
        for (let at = 0; at < data.length;) {
          const table = tableOf(data, at + 1);
          tables.set(data[at], table);
          at += 17 + table.values.length;
        }
      }
      place = end;
      if (kind !== 0xda) continue;
      if (isProgressive) {
        place = behindCodes(bytes, end);
        continue;
      }
      const bits = walked(bytes, end, data, frame, tables, interval);
      if (bits.complaint) return bits.complaint;
      place = bits.place;
    }
  } catch {
    return 'Corrupt JPEG data: its tables do not fit its scan';
  }
  return place + 1 < bytes.length && bytes[place + 1] === 0xd9 ? '' : SHORT;
}
