"""Fit the limits of `boneage.films.quality` and report what they do:

    python tools/fit_gate.py ../shared/rsna --work FOLDER [--workers 2]

Limits are set by films of the training part (of the split that the model card names, without the 240 of high
resolution), by such films spoilt, and by the 'fit' half of the pictures that are no hands (`gate_pictures.py`). Figures
are of the held-out films, the 240, and the 'test' half: other source images and other strengths. 'Again' are films and
drawings that were looked at after all choices were made. Measures are kept in
FOLDER, so that a run that was stopped goes on; `--report` uses the limits that are there. Films stay where they are.
"""
import argparse
import csv
import json
import sys
import zlib
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

import gate_pictures as pictures
from boneage import preprocessing
from boneage.basics import WEIGHTS_FOLDER, BoneAgeError, file_sha256
from boneage.catalog import model_card
from boneage.clinic.corrections import open_lines
from boneage.dataset import read_films
from boneage.executor import in_workers
from boneage.films import quality
from boneage.films.measures import measure
from boneage.films.phantom import phantom
from boneage.films.radiograph import read_radiograph
from boneage.preprocessing import preprocess
from boneage.splits import split_table
from boneage.values import from_dict, read_json, save_json, to_dict

SEED = 16
GOOD, SPOILT, HARMLESS, PHANTOMS = 1500, (80, 60), (30, 30), (60, 100)  # films of the fit and test halves
AXES = 20  # of the hand's shape
WARNED = 1 / 200  # of the good films that set the limits: what lies beyond
REFUSED = dict(doubt=1 / 500, proportions=1 / 1000)  # a few of those films show a clenched hand
SOFT, SOFTENED = ('64 px blown up', 'strong blur'), ('blur 1', '200 px')  # spoilt; harmless but softer than films are
WHOLE = 'good'


def plan(folder):
    "What is measured: group and what to make of which films, cheapest groups for the limits first."
    parts = split_table(read_films(folder), (0.8, 0.05, 0.05, 0.1), 2017)
    held_out = [str(name) for name in parts['test'].id]
    assert set(held_out) == set(model_card()['held_out_ids'])
    with open(folder/'high-resolution.csv', newline='') as file: large = [row['id'] for row in csv.DictReader(file)]
    rng = np.random.default_rng(SEED)
    train = rng.permutation([name for name in map(str, parts['train'].id) if name not in set(large)]).tolist()
    test = rng.permutation([name for name in held_out if name not in set(large)]).tolist()
    tasks = [('fit', 'not a hand', 0), ('test', 'not a hand', 0)]
    for part, ids, number in (('fit', train[GOOD:], 0), ('test', test, 1)):
        tasks += [(part, 'spoilt', name, ids[place + 300]) for place, name in enumerate(ids[:SPOILT[number]])]
        tasks += [(part, 'forearm', name) for name in ids[600:650]]
        tasks += [(part, 'harmless', name) for name in ids[700:700 + HARMLESS[number]]]
        tasks += [(part, 'phantom', seed + 10_000 * number) for seed in range(PHANTOMS[number])]
    tasks += [('fit', WHOLE, name) for name in train[:GOOD]]
    tasks += [('again', 'not a hand', 0)]
    tasks += [('again', WHOLE, name) for part in ('calibration', 'validation') for name in map(str, parts[part].id)
              if name not in set(large)]
    tasks += [('test', WHOLE, name) for name in held_out] + [('large', WHOLE, name) for name in large]
    return tasks


def made_of(folder, task):
    "(kind, source, film) of a task."
    part, what, name, *other = task
    rng = np.random.default_rng([SEED, zlib.crc32(repr(task).encode())])
    if what == 'not a hand':
        half, seed = ('test', SEED + 1) if part == 'again' else (part, SEED)
        for one in pictures.not_hands(half, seed): yield one.kind, one.source, one.pixels
        return
    if what == 'phantom':
        age, height = float(rng.uniform(6, 217)), int(rng.choice([300, 400, 512]))
        yield 'phantom', name, phantom(age, 'FM'[name % 2], name, height)
        return
    film = read_radiograph(folder/('high-resolution' if part == 'large' else 'boneage-training-dataset')/f'{name}.jpg')
    if what == WHOLE: yield WHOLE, name, film
    if what == 'harmless':
        for kind, change in pictures.HARMLESS.items(): yield kind, name, change(film, rng)
    if what not in ('spoilt', 'forearm'): return
    record = preprocess(film).record
    if abs(record['angle']) > 35 or not record['landmarks']: return
    marks = np.array(record['landmarks'])
    if what == 'forearm':
        top = int(marks[0, 1] + 0.15 * np.hypot(*(marks[9] - marks[0])))
        if len(film) - top >= 64: yield 'forearm', name, film[top:]
    else:
        second = read_radiograph(folder/'boneage-training-dataset'/f'{other[0]}.jpg')
        for kind, change in pictures.spoilings(part).items(): yield kind, name, change(film, second, marks, rng)


def measured(folder, task):
    "Rows of a task."
    cv2.setNumThreads(1)
    rows = []
    for kind, source, film in made_of(Path(folder), task):
        film = np.ascontiguousarray(film)
        if min(film.shape) < 64 or max(film.shape) > 10 * min(film.shape): continue  # refused when it is read
        values, shape = measure(film, preprocess(film))
        row = dict(part=task[0], what=task[1], kind=kind, source=str(source), values=values)
        rows.append(row | dict(shape=None if shape is None else shape.round(5).tolist()))
    return task, rows


def all_rows(folder, work, workers):
    "Rows of every task, from the file of an earlier run where they are there."
    stamp = made_by(folder)
    with open_lines(work/'measures.jsonl') as file:
        file.cut_tail()  # of a kill
        lines = map(json.loads, file.read().splitlines())
        kept = {line['key']: line['rows'] for line in lines if line.get('made_by') == stamp}
        missing = [task for task in plan(folder) if repr(task) not in kept]
        for number, (task, rows) in enumerate(in_workers(measured, [(str(folder), task) for task in missing], workers)):
            kept[repr(task)] = rows
            file.add(json.dumps(dict(key=repr(task), rows=rows, made_by=stamp)))
            if number % 200 == 0: print(f'{number} of {len(missing)}', flush=True)
    return [row for task in plan(folder) for row in kept[repr(task)]]


def made_by(folder):
    "What measures are made of: where the films lie, and all code of the package that they go through."
    code = [path.read_bytes() for path in sorted(Path(quality.__file__).parent.glob('*.py'))]
    return sha256(b''.join([str(Path(folder).resolve()).encode(), Path(preprocessing.__file__).read_bytes(), *code])).hexdigest()[:16]


def line(bad, good):
    "A logistic regression, both classes weighing the same, as a `Line`."
    names = tuple(good[0])
    worse, better = (np.array([[row[name] for name in names] for row in rows]) for rows in (bad, good))
    centre, scale = better.mean(0), better.std(0)
    given = np.c_[np.clip((np.vstack([worse, better]) - centre) / scale, -30, 30), np.ones(len(worse) + len(better))]
    truth = np.r_[np.ones(len(worse)), np.zeros(len(better))]
    share = np.r_[np.full(len(worse), 0.5 / len(worse)), np.full(len(better), 0.5 / len(better))]
    weights, penalty = np.zeros(given.shape[1]), np.r_[np.full(len(names), 0.01 / len(names)), 1e-9]
    for _ in range(60):
        chance = 1 / (1 + np.exp(-np.clip(given @ weights, -30, 30)))
        slope = given.T @ (share * (chance - truth)) + penalty * weights
        bend = (given * (share * chance * (1 - chance) + 1e-9)[:, None]).T @ given + np.diag(penalty)
        weights -= np.linalg.solve(bend, slope)
    return quality.Line(names, *(tuple(np.round(values, 5).tolist()) for values in (centre, scale, weights[:-1])))


def fit(rows):
    "The gate of the rows of the 'fit' part."
    found = [row for row in rows if row['part'] == 'fit' and row['shape']]
    good = [row for row in found if row['what'] in (WHOLE, 'harmless', 'phantom')]
    plain = [row for row in good if row['what'] == WHOLE]
    sharp = [row for row in good if row['kind'] not in SOFTENED]
    none = [row for row in found if row['what'] in ('not a hand', 'forearm')]
    odds, detail = (lambda some, of=of: [of(row['values']) for row in some] for of in (quality.odds, quality.detail))
    doubt = line(odds(none), odds(good))
    drawn = [row for row in good if row['what'] == 'phantom']  # softer than films; five times more, so that they count
    softness = line(detail([row for row in found if row['kind'] in SOFT]), detail(sharp + 5 * drawn))
    shapes = np.array([row['shape'] for row in plain])
    mean = shapes.mean(0)
    _, sizes, axes = np.linalg.svd(shapes - mean, full_matrices=False)
    as_tuples = lambda array: tuple(map(tuple, array.tolist())) if array.ndim == 2 else tuple(array.tolist())
    shape = [as_tuples(array.round(5)) for array in (mean, axes[:AXES], sizes[:AXES] / np.sqrt(len(shapes)))]
    gate = quality.Gate(1, '', doubt, softness, *shape, {}, {}, {})
    scores = [gate.scores(row['values'], np.array(row['shape'])) for row in good]
    by_name = {name: np.array([one[name] for one in scores]) for name in scores[0]}
    warns = {name: float(np.quantile(value, 1 - WARNED)) for name, value in by_name.items()}
    refuses = {name: float(np.quantile(by_name[name], 1 - share)) for name, share in REFUSED.items()}
    # limits that are known beforehand: half and nine tenths of certainty of a second hand, a landmark outside the film,
    # 100 pixels of hand, where the answer was 17 months off, and 16 and 8 grey levels: in 80 films that were given fewer,
    # the answer moved by 1.2 months with 20 to 24 of them in the hand, 2.1 with 12 to 16, and 7.1 (up to 36) with 4 to 8
    warns['second_hand'], refuses['second_hand'] = 0.5, 0.9
    refuses['cut_off'], refuses['few_pixels'] = 0.0, -100.0
    warns['few_greys'], refuses['few_greys'] = -17.0, -9.0
    # more detail along the hand than across it, which no good film or phantom has; and blocks as large as those by which
    # the answer moved by 7 months on average, 18 with more than 4
    warns['lines'], refuses['lines'], refuses['blocks'] = 0.1, 0.5, 3.0
    warns['sharpened'] = -0.22  # all of the sharpened films are above it, and one in four hundred of the others
    # films alone set the warning of softness, as phantoms are soft; what is refused is softer than all that is good
    films = detail([row for row in sharp if row['what'] != 'phantom'])
    warns['soft'] = float(np.quantile([softness(one) for one in films], 1 - WARNED))
    refuses['soft'] = float(by_name['soft'].max()) + 1
    for name in refuses: warns[name] = min(warns[name], refuses[name])
    text = (f'{len(plain)} training films, {len(good) - len(plain)} harmless changes of others and phantoms, '
            f'{len(none)} pictures in which a hand was found that is none, '
            f'and {sum(row["what"] == "spoilt" for row in found)} spoilt films')
    rounded = lambda limits: {name: round(value, 4) for name, value in limits.items()}
    return replace(gate, fitted=text, warns=rounded(warns), refuses=rounded(refuses))


def wilson(count, total):
    "95 % interval of a share."
    if not total: return 0.0, 1.0
    z, share = 1.96, count / total
    middle, half = share + z * z / 2 / total, z * np.sqrt(share * (1 - share) / total + z * z / 4 / total**2)
    return max(0, (middle - half) / (1 + z * z / total)), min(1, (middle + half) / (1 + z * z / total))


def outcome(row, gate, without=()):
    "'refused', 'warned' or 'answered', and the names of findings that are no mere notes."
    if not row['shape']: return 'refused', ['no_hand']
    scores = gate.scores(row['values'], np.array(row['shape']))
    refused, warned = ([name for name, limit in limits.items() if name not in without and scores[name] > limit]
                       for limits in (gate.refuses, gate.warns))
    return ('refused', refused) if refused else ('warned', warned) if warned else ('answered', [])


TESTS = {  # title → which rows set no limit
    'held-out films': lambda row: row['part'] == 'test' and row['what'] == WHOLE,
    'high resolution': lambda row: row['part'] == 'large',
    'no hand': lambda row: row['part'] == 'test' and row['what'] in ('not a hand', 'forearm'),
    'spoilt': lambda row: row['part'] == 'test' and row['what'] == 'spoilt',
    'harmless': lambda row: row['part'] == 'test' and row['what'] == 'harmless',
    'phantoms': lambda row: row['part'] == 'test' and row['what'] == 'phantom',
    'calibration and validation films': lambda row: row['part'] == 'again' and row['what'] == WHOLE,
    'no hand, drawn again': lambda row: row['part'] == 'again' and row['what'] == 'not a hand',
}


def figures(rows, gate):
    "Kind → films, refused, warned; what set no limit."
    counts = {}
    for title, chosen in TESTS.items():
        for row in filter(chosen, rows):
            end = outcome(row, gate)[0]
            plain = row['kind'] in (WHOLE, 'phantom') or title.endswith('again')
            for name in (title,) if plain else (title, f'{title}: {row["kind"]}'):
                films, refused, warned = counts.get(name, (0, 0, 0))
                counts[name] = films + 1, refused + (end == 'refused'), warned + (end == 'warned')
    return counts


def report(rows, gate):
    "Figures on what set no limit, and what each signal adds."
    print(f'{"":42} {"n":>5} refused warned  share answered at all, and without a word [95 %]')
    for name, (films, refused, warned) in gate.figures.items():
        shares = [(count, *wilson(count, films)) for count in (films - refused, films - refused - warned)]
        print(f'{name:42} {films:5} {refused:7} {warned:6}  '
              + '   '.join(f'{count / films:6.1%} [{low:.1%}, {high:.1%}]' for count, low, high in shares))
    tests = {title: list(filter(chosen, rows)) for title, chosen in TESTS.items()}
    alone = {title: sum(row['values']['presence'] >= 0.9 for row in tests[title]) for title in ('no hand', 'spoilt')}
    print(f'\nhand presence of 0.9 alone lets pass: {alone["no hand"]} of {len(tests["no hand"])} without a hand, '
          f'{alone["spoilt"]} of {len(tests["spoilt"])} spoilt films')
    print('\nwithout one signal: held-out films refused, warned; large refused; no hand answered; spoilt, no word')
    for name in [None, *gate.warns]:
        ends = {title: [outcome(row, gate, (name,))[0] for row in some] for title, some in tests.items()}
        print(f'{name or "all there":14}', *(ends['held-out films'].count(end) for end in ('refused', 'warned')),
              ends['high resolution'].count('refused'), len(ends['no hand']) - ends['no hand'].count('refused'),
              ends['spoilt'].count('answered'))
    print('\ngood films refused, no hands answered and spoilt films without a word:')
    for row in rows:
        end, names = outcome(row, gate)
        title = next((title for title, chosen in TESTS.items() if chosen(row)), '')
        wrong = 'refused' if row['kind'] in (WHOLE, 'phantom') else 'answered' if title == 'spoilt' else None
        if title and (end == wrong or title.startswith('no hand') and end != 'refused'):
            print(' ', title, row['kind'], row['source'], end, *names)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('films', type=Path, help="folder of RSNA's films")
    parser.add_argument('--work', type=Path, required=True, help='folder for the measures')
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--scheduler', help='Dask scheduler (tcp://host:8786) whose workers measure: '
                        'they see the films and have this folder in PYTHONPATH')
    parser.add_argument('--report', action='store_true', help='use the limits that are there')
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    rows = all_rows(given.films.absolute(), given.work, given.scheduler or given.workers)
    path = WEIGHTS_FOLDER/quality.GATE[0]
    if given.report: gate = from_dict(quality.Gate, read_json(path), path)
    else:
        gate = fit(rows)
        gate = replace(gate, figures=figures(rows, gate))
        save_json(path, to_dict(gate))
        print(f'{path.name}, {path.stat().st_size:,} bytes; the SHA-256 for GATE in 04a_quality: {file_sha256(path)}\n')
    report(rows, gate)


if __name__ == '__main__':
    try: main()
    except BoneAgeError as error: sys.exit(f'fit_gate: {error}')
