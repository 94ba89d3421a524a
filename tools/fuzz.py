"""Mutated films of every format, each read in a guarded child process: no crash, hang, traceback or flood of memory.

    python tools/fuzz.py                              5,200 files, two children, some minutes
    python tools/fuzz.py --count 20000 --seed 7       others, and more
    python tools/fuzz.py --kinds dicom                kinds whose name holds this word
    python tools/fuzz.py --keep build/fuzz            also keeps the files that did what none may do

A file is a drawn hand in one of some thirty kinds, damaged: bytes changed, runs overwritten, cut short, parts moved,
doubled or left out, numbers in the header made huge, zero or negative. Header bombs, which claim more pixels than there
are, come with every run. The same seed makes the same files.

A child reads one file after the other by `read_film` and is started anew when it dies, takes longer than 10 seconds or
more than 1.5 GB. Every file ends in one of these ways, and the last line says how many did:

    refused   a sentence (BoneAgeError)          crash     the child was ended by a signal
    noted     read, with a note                  hang      longer than 10 seconds
    read      read, without one                  memory    more than 1.5 GB
                                                 traceback another exception
What was read and lies far from the clean film is counted too: more than 5 grey levels on average, another brightness
and contrast of the whole left aside, which every pipeline takes away. The exit code is 1 where something crashed,
hung, took too much memory or ended in a traceback. Linux; DICOM needs the extra `dicom`.
"""
import argparse
import base64
import io
import json
import os
import random
import resource
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

SECONDS = 10
MEMORY = 1_500_000_000  # bytes
ADDRESS_SPACE = 6_000_000_000  # bytes a child may reserve: where a guard in this file is late, the system is not
FAR = 5  # grey levels
FORBIDDEN = 'crash', 'hang', 'memory', 'traceback'
root = Path(__file__).resolve().parent.parent
# HTJ2K of a slope of 64 × 64 pixels, written by OpenJPH
SLOPE = base64.b64decode(
    '/0//UQApQAAAAABAAAAAQAAAAAAAAAAAAAAAQAAAAEAAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUEBEAB/1wAEyCIkJCQkJCQkJ'
    'CQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAR4AAf+TwAArAP9/2/Zt+0nyAoG0AMAAE8AAE4BIkPwCAnQAkITkAKNU'
    'AMAAFTAABVgiIiIiqnGCdQBIIkGC5MBCAey2AMAAFfAABaYQCAQCgUAg58p6enECeAAiRURERERERP79jGB79jGB7LoAwAAWzAABdECGYRiGYR'
    'iGYRiGYRj5/wp6enp6enpwgn0Ajg6Hw+FwOBwOh8PhcDj+/3hghAe/YhAe/YhAe/YhAeyzAcAALpYAAXbg7u7u7u7u7u7u7u7u7u7u7v6//Ken'
    'p6enp6enp6enp6enp8J1Ab733nvvvffee++9995777333nvv/3/bAAAHv2AAHv2AAHv2AAHv2AAHv2AAHv2AAHv2AAHsswL/2Q==')


# ---- clean films

def films():
    "Two drawn hands: 8 bits, and 12 bits in 16."
    import numpy as np
    from boneage.films.phantom import phantom
    small = phantom(120, 'F', seed=3)[::2, ::2].copy()
    return small, small.astype(np.uint16) * 16 + 7


def image_kinds(film, deep):
    "Image files by kind."
    import numpy as np
    from PIL import Image
    kinds = {}

    def add(name, pixels, kind, **options):
        file = io.BytesIO()
        (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(file, kind, **options)
        kinds[name] = file.getvalue()

    colour, grey = np.dstack([film] * 3), Image.fromarray(film)
    turned = Image.Exif()
    turned[0x0112] = 6
    add('png', film, 'PNG')
    add('png 16', deep, 'PNG')
    add('png rgba', np.dstack([film] * 4), 'PNG', exif=turned)
    add('png palette', grey.convert('P'), 'PNG')
    add('jpeg', film, 'JPEG', quality=90)
    add('jpeg colour', colour, 'JPEG', quality=85, exif=turned)
    add('jpeg progressive', film, 'JPEG', quality=80, progressive=True)
    add('jpeg restart', film, 'JPEG', quality=90, restart_marker_rows=2)
    add('jpeg mpo', film, 'MPO', save_all=True, append_images=[grey.rotate(9)])
    for packing in (None, 'tiff_deflate', 'tiff_lzw', 'packbits', 'jpeg'):
        add(f'tiff {packing}', film, 'TIFF', compression=packing)
    add('tiff 16', deep, 'TIFF')
    add('tiff turned', film, 'TIFF', exif=turned)
    add('bmp', film, 'BMP')
    add('webp', colour, 'WEBP', quality=90)
    add('webp lossless', colour, 'WEBP', lossless=True)
    return kinds


def dicom_kinds(film, deep):
    "DICOM files by kind; fewer where a program or package is missing."
    import numpy as np
    try: import pydicom
    except ModuleNotFoundError: return {}
    from pydicom import uid
    from pydicom.dataset import Dataset, FileMetaDataset
    from PIL import Image

    def dicom(pixels, syntax=uid.ExplicitVRLittleEndian):
        made = Dataset()
        made.file_meta = FileMetaDataset()
        made.file_meta.TransferSyntaxUID = syntax
        made.SOPClassUID, made.SOPInstanceUID = uid.ComputedRadiographyImageStorage, '1.2.826.0.1.3680043.8.498.77'
        made.PatientName, made.PatientID, made.PatientBirthDate, made.StudyDate = 'Doe^Jane', 'PID', '20110309', '20200924'
        made.Modality, made.PatientSex, made.PatientAge, made.BodyPartExamined = 'CR', 'F', '009Y', 'HAND'
        made.ImageLaterality, made.PixelSpacing, made.SamplesPerPixel = 'L', [0.15, 0.15], 1
        made.Rows, made.Columns, made.PhotometricInterpretation = *pixels.shape[:2], 'MONOCHROME1'
        made.BitsAllocated = 8 * pixels.dtype.itemsize
        made.BitsStored = 8 if pixels.dtype == np.uint8 else 12
        made.HighBit, made.PixelRepresentation = made.BitsStored - 1, 0
        made.WindowCenter, made.WindowWidth = 2**made.BitsStored / 2, 2**made.BitsStored
        made.RescaleSlope, made.RescaleIntercept = 1, 0
        if pixels.ndim == 3:
            made.SamplesPerPixel, made.PhotometricInterpretation, made.PlanarConfiguration = 3, 'RGB', 0
        order = '>' if syntax == uid.ExplicitVRBigEndian else '<'
        made.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
        made['PixelData'].VR = 'OW' if made.BitsAllocated > 8 or order == '>' else 'OB'
        return made

    def as_file(made):
        file = io.BytesIO()
        pydicom.dcmwrite(file, made, enforce_file_format=True)
        return file.getvalue()

    def wrapped(frame, syntax, pixels):
        made = dicom(pixels)
        made.file_meta.TransferSyntaxUID = syntax
        made.PixelData = pydicom.encaps.encapsulate([frame])
        made['PixelData'].VR, made['PixelData'].is_undefined_length = 'OB', True
        return made

    def lut(made):
        item = Dataset()
        item.LUTDescriptor, item.LUTData = [4096, 0, 12], list(range(4096))
        item['LUTDescriptor'].VR = item['LUTData'].VR = 'US'
        made.VOILUTSequence = [item]
        return made

    kinds = {'explicit': dicom(deep), '8': dicom(film), 'lut': lut(dicom(deep)), 'rgb': dicom(np.dstack([film] * 3)),
             'implicit': dicom(deep, uid.ImplicitVRLittleEndian), 'big endian': dicom(deep, uid.ExplicitVRBigEndian),
             'deflated': dicom(deep, uid.DeflatedExplicitVRLittleEndian)}
    kinds = {f'dicom {name}': as_file(made) for name, made in kinds.items()}
    kinds['dicom bare'] = kinds['dicom explicit'][132:]
    for name, syntax, pixels in (('rle', uid.RLELossless, deep), ('jpeg-ls', uid.JPEGLSLossless, deep),
                                 ('jpeg 2000', uid.JPEG2000Lossless, deep), ('jpeg-ls 8', uid.JPEGLSLossless, film)):
        made = dicom(pixels)
        try: made.compress(syntax, generate_instance_uid=False)
        except Exception as error: print(f'not run: dicom {name} ({type(error).__name__})')
        else: kinds[f'dicom {name}'] = as_file(made)
    jpeg = io.BytesIO()
    Image.fromarray(film).save(jpeg, 'JPEG', quality=90)
    kinds['dicom jpeg'] = as_file(wrapped(jpeg.getvalue(), uid.JPEGBaseline8Bit, film))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder)/'plain').write_bytes(as_file(dicom(deep)))
        for name, program, option in (('jpeg lossless', 'dcmcjpeg', '+e1'), ('jpeg lossless 14', 'dcmcjpeg', '+el'),
                                      ('jpeg-ls lossy', 'dcmcjpls', '+en')):
            try: subprocess.run([program, option, 'plain', 'packed'], cwd=folder, check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError): print(f'not run: dicom {name} (needs dcmtk)')
            else: kinds[f'dicom {name}'] = (Path(folder)/'packed').read_bytes()
    slope = (np.add.outer(2 * np.arange(64), np.arange(64)) * 16).astype(np.uint16)
    kinds['dicom htj2k'] = as_file(wrapped(SLOPE, uid.HTJ2KLossless, slope))
    return kinds


# ---- damage

HEADER = 1_500  # bytes at the beginning that are hit more often: sizes, counts and places stand there
EXTREME = (b'\0', b'\xff', b'\x7f', b'\x80', b'\0\0', b'\xff\xff', b'\xff\x7f', b'\x80\0', b'\xff\xff\xff\xff',
           b'\xff\xff\xff\x7f',
           b'\0\0\0\0', b'\0\0\0\x80', b'\x01\0\0\0', b'\0\0\xff\xff', b'65535', b'1e999', b'-1', b'NaN')


def spoil(data, chance):
    "A damaged file."
    spoiled = bytearray(data)

    def place():
        reach = min(HEADER, len(spoiled)) if chance.random() < 0.5 else len(spoiled)
        return chance.randrange(max(reach, 1))

    def some(): return min(int(2**chance.uniform(0, 12)), max(len(spoiled), 1))

    for _ in range(chance.choice([1, 1, 1, 2, 5, 20])):
        kind, at = chance.choice('bbbbeeeerlcmd'), place()
        if kind == 'b' and spoiled: spoiled[at] = chance.randrange(256)
        elif kind == 'e': value = chance.choice(EXTREME); spoiled[at:at + len(value)] = value
        elif kind == 'r': spoiled[at:at + some()] = chance.randbytes(some())
        elif kind == 'l': del spoiled[at:at + some()]
        elif kind == 'c' and chance.random() < 0.3: del spoiled[max(at, 1):]
        elif kind == 'm': part = bytes(spoiled[at:at + some()]); at = place(); spoiled[at:at + len(part)] = part
        elif kind == 'd': part = bytes(spoiled[at:at + some()]); spoiled[at:at] = part
    return bytes(spoiled)


def bombs(kinds):
    "Files that claim to be huge: by kind, what their headers say is 60,000 × 60,000 or 9,999 × 10,000 pixels."
    made = {}

    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))

    rows = zlib.compress(bytes(1_000_000), 9)
    for width, height in ((60_000, 60_000), (9_999, 10_000), (2**31 - 1, 1), (100_000_000, 1), (0, 0)):
        size = f'{width}x{height}'
        for depth, colour in ((8, 0), (16, 6), (1, 0)):
            header = struct.pack('>IIBBBBB', width, height, depth, colour, 0, 0, 0)
            made[f'bomb png {size} {depth} {colour}'] = b''.join((
                b'\x89PNG\r\n\x1a\n', chunk(b'IHDR', header), chunk(b'IDAT', rows), chunk(b'IEND', b'')))
        bmp = bytearray(kinds['bmp'])
        bmp[18:26] = struct.pack('<ii', width, height)
        made[f'bomb bmp {size}'] = bytes(bmp)
        tiff = bytearray(kinds['tiff None'])
        directory = struct.unpack_from('<I', tiff, 4)[0]
        for entry in range(struct.unpack_from('<H', tiff, directory)[0]):
            start = directory + 2 + 12 * entry
            tag = struct.unpack_from('<H', tiff, start)[0]
            if tag in (256, 257): struct.pack_into('<HII', tiff, start + 2, 4, 1, width if tag == 256 else height)
        made[f'bomb tiff {size}'] = bytes(tiff)
        short = struct.pack('>HH', min(height, 65_535), min(width, 65_535))
        jpeg = bytearray(kinds['jpeg'])
        frame = jpeg.index(b'\xff\xc0') + 5
        jpeg[frame:frame + 4] = short
        made[f'bomb jpeg {size}'] = bytes(jpeg)
        for name, data in kinds.items():
            if not name.startswith('dicom'): continue
            at = {key: data.find(key) for key in (b'\x28\0\x10\0', b'\x28\0\x11\0')}
            if min(at.values()) < 0: continue
            big = bytearray(data)
            for key, number in ((b'\x28\0\x10\0', height), (b'\x28\0\x11\0', width)):
                struct.pack_into('<H', big, at[key] + 8, min(number, 65_535))
            made[f'bomb {name} {size}'] = bytes(big)
            for sof in (b'\xff\xc3', b'\xff\xc0', b'\xff\xf7'):  # and the compressed data claim it, not the header
                if sof in data[1_000:] or sof in data:
                    inner = bytearray(data)
                    frame = inner.index(sof) + 5
                    inner[frame:frame + 4] = short
                    made[f'bomb inside {name} {size}'] = bytes(inner)
            if b'\xff\x4f\xff\x51' in data:
                inner = bytearray(data)
                struct.pack_into('>II', inner, inner.index(b'\xff\x4f\xff\x51') + 8, width, height)
                made[f'bomb inside {name} {size}'] = bytes(inner)
                tiles = bytearray(data)
                struct.pack_into('>II', tiles, tiles.index(b'\xff\x4f\xff\x51') + 24, 1, 1)
                made[f'bomb tiles {name}'] = bytes(tiles)
    squeezing = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    if 'dicom deflated' in kinds:
        start = kinds['dicom deflated'][:kinds['dicom deflated'].index(b'1.2.840.10008.1.2.1.99') + 22]
        zeros = b''.join(squeezing.compress(bytes(10_000_000)) for _ in range(200)) + squeezing.flush()
        made['bomb dicom deflated'] = kinds['dicom deflated'][:len(start) + 120] + zeros
        sequence = b'\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\xff\xff\xff\xff'
        made['bomb dicom sequences'] = kinds['dicom explicit'][:300] + sequence * 50_000
    return made


# ---- the child: one file a line

def apart(pixels, clean):
    "Mean difference in grey levels, other brightness and contrast of the whole picture left aside."
    import numpy as np
    if pixels.min() == pixels.max(): return 255
    slope, offset = np.polyfit(pixels.ravel(), clean.ravel(), 1)
    return np.abs(pixels * max(slope, 0) + offset - clean).mean()


def child():
    "Read files whose paths come on standard input; one JSON line each on standard output."
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), 'w')
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    from boneage.basics import BoneAgeError
    from boneage.films.film import read_film
    clean = {}
    print('ready', file=answers, flush=True)
    for line in sys.stdin:
        path, kind, original = json.loads(line)
        if original and original not in clean: clean[original] = read_film(original).pixels.astype(int)
        Path('/proc/self/clear_refs').write_text('5')  # the peak is counted from here
        began, far, words = time.time(), None, ''
        try:
            film = read_film(path)
            outcome, words = 'noted' if film.notes else 'read', '; '.join(film.notes)
            if original: far = film.pixels.shape != clean[original].shape or apart(film.pixels, clean[original]) > FAR
        except BoneAgeError as error: outcome, words = 'refused', str(error).replace(path, 'FILE')
        except BaseException as error: outcome, words = 'traceback', f'{type(error).__name__}: {error}'
        status = Path('/proc/self/status').read_text()
        peak = int(status.split('VmHWM:')[1].split()[0]) * 1024
        if '\n' in words or 'Doe' in words: outcome, words = 'traceback', f'no sentence for a user: {words}'
        if peak > MEMORY: outcome = 'memory'
        print(json.dumps([outcome, words, None if far is None else bool(far), peak, time.time() - began]),
              file=answers, flush=True)


@dataclass
class Child:
    "A child process and what it is reading."
    process: subprocess.Popen
    task: tuple = None
    began: float = 0


def start():
    environment = dict(os.environ, PYTHONPATH=str(root), OPENBLAS_NUM_THREADS='1', OMP_NUM_THREADS='1')
    process = subprocess.Popen([sys.executable, __file__, '--child'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               text=True,
                               env=environment, start_new_session=True)
    process.stdout.readline()  # ready
    return Child(process)


def resident(process):
    "Bytes of memory that a process holds now."
    try: return int(Path(f'/proc/{process.pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGE_SIZE')
    except (OSError, IndexError): return 0


def end(child):
    "End a child for good; how it ended."
    try: os.killpg(child.process.pid, signal.SIGKILL)
    except ProcessLookupError: pass
    for pipe in (child.process.stdin, child.process.stdout):
        try: pipe.close()
        except OSError: pass
    return child.process.wait()


def run(tasks, workers=2):
    "Results of (path, kind, original) tasks as they come: (task, outcome, words, far, peak bytes, seconds)."
    waiting, children = iter(tasks), [start() for _ in range(workers)]

    def give(child):
        child.task = next(waiting, None)
        if child.task is None: return
        child.began = time.time()
        child.process.stdin.write(json.dumps(child.task) + '\n')
        child.process.stdin.flush()

    try:
        for child in children: give(child)
        while any(child.task for child in children):
            busy = {child.process.stdout: child for child in children if child.task}
            ready = select.select(list(busy), [], [], 0.05)[0]
            for child in list(busy.values()):
                line = child.process.stdout.readline() if child.process.stdout in ready else ''
                if line:
                    yield child.task, *json.loads(line)
                    give(child)
                    continue
                seconds, memory = time.time() - child.began, resident(child.process)
                if child.process.stdout in ready:
                    code = child.process.wait()
                    outcome = 'crash', f'ended by {signal.Signals(-code).name}' if code < 0 else f'exit code {code}'
                elif seconds > SECONDS: outcome = 'hang', f'{seconds:.0f} seconds'
                elif memory > MEMORY: outcome = 'memory', f'{memory / 1e9:.1f} GB'
                else: continue
                task = child.task
                end(child)
                children[children.index(child)] = fresh = start()
                yield task, *outcome, None, memory, seconds
                give(fresh)
    finally:
        for child in children: end(child)


def files(folder, count, seed=0, kinds=''):
    "Write clean and damaged files; the tasks for `run`."
    film, deep = films()
    clean = image_kinds(film, deep) | dicom_kinds(film, deep)
    chance, folder, tasks = random.Random(seed), Path(folder), []
    for number, (name, data) in enumerate(clean.items()):
        path = folder/f'clean-{number}'
        path.write_bytes(data)
        tasks.append((str(path), f'clean {name}', None))
    names = [name for name in clean if kinds in name]
    if not names: raise SystemExit(f'fuzz: no kind holds {kinds!r} in its name: {", ".join(clean)}')
    numbers = {name: number for number, name in enumerate(clean)}
    for number in range(count):
        name = names[number % len(names)]
        path = folder/f'spoiled-{number}'
        path.write_bytes(spoil(clean[name], chance))
        tasks.append((str(path), name, str(folder/f'clean-{numbers[name]}')))
    for number, (name, data) in enumerate(bombs(clean).items()):
        if kinds not in name: continue
        path = folder/f'bomb-{number}'
        path.write_bytes(data)
        tasks.append((str(path), name, None))
    return tasks


def table(results):
    "Lines of a table: kinds by outcome."
    columns = 'refused', 'noted', 'read', *FORBIDDEN
    counts, far = {}, Counter()
    for (_, kind, original), outcome, _, is_far, *_ in results:
        group = kind if original else kind.split()[0]
        counts.setdefault(group, Counter())[outcome] += 1
        if is_far: far[group, outcome] += 1
    lines = [' ' * 22 + ''.join(f'{name:>10}' for name in columns) + '   of these far: noted, read']
    for group, count in counts.items():
        lines.append(f'{group:22}' + ''.join(f'{count[name] or "":>10}' for name in columns) +
                     f"{far[group, 'noted'] or '':>24}{far[group, 'read'] or '':>6}")
    total = sum(counts.values(), Counter())
    far_noted, far_read = (sum(count for (_, way), count in far.items() if way == name) for name in ('noted', 'read'))
    lines.append(f"{'all':22}" + ''.join(f'{total[name]:>10}' for name in columns) + f'{far_noted:>24}{far_read:>6}')
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=5_200)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--kinds', default='', help='only kinds whose name holds this')
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--keep', type=Path, help='folder for the files that did what none may do')
    parser.add_argument('--child', action='store_true', help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child: return child()
    sys.path.insert(0, str(root))
    with tempfile.TemporaryDirectory() as folder:
        tasks, results = files(folder, options.count, options.seed, options.kinds), []
        for result in run(tasks, options.workers):
            results.append(result)
            (path, kind, _), outcome, words, *_ = result
            if outcome in FORBIDDEN or kind.startswith('clean') and outcome == 'refused':
                print(f'{outcome}: {Path(path).name} ({kind}): {words}', flush=True)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep/f'{Path(path).name}-{options.seed}').write_bytes(Path(path).read_bytes())
    print('\n'.join(table(results)))
    worst = max(results, key=lambda result: result[4]), max(results, key=lambda result: result[5])
    print(f'most memory {worst[0][4] / 1e9:.2f} GB ({worst[0][0][1]}), longest {worst[1][5]:.1f} s ({worst[1][0][1]})')
    bad = sum(result[1] in FORBIDDEN for result in results)
    print(f'{len(results)} files, {bad} forbidden')
    return 1 if bad else 0


if __name__ == '__main__': sys.exit(main())
