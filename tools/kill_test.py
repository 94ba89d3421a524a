"""Long runs survive: `kill -9` at random moments, a full disk, and films that vanish in the middle.

    python tools/kill_test.py                            all stages, 20 kills each
    python tools/kill_test.py preprocess train --times 5

Each stage runs as the command line runs it, on phantoms. It is run undisturbed first. Then, `--times` times: a fresh
folder, the same command, SIGKILL to its process alone at a random moment between its first file and its end, and the
same command again. Its worker processes must be gone, and its outputs those of the undisturbed run: byte for byte,
for a training the same epochs, with errors and weights within rounding. Once each: a disk that is full before the end
(a small tmpfs where one may be mounted, else a limit on the size of a file) and films that are moved away in the
middle; the command must say so without a traceback, and finish when there is room, or the films are back.
Prints a table; exit code 1 where something differs.
"""
import argparse
import io
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from boneage.films.phantom import make_phantoms

ROOT = Path(__file__).resolve().parent.parent
FILMS, PATIENCE, ORPHANS = 36, 900, 20  # seconds for a command; seconds until workers of a killed one are gone
JOURNALS = ('.jsonl', '.journal')  # lines in the order in which they came; the tables made of them are compared
RECIPE = dict(name='kill-test', stages=[[64, 3], [96, 2]], batch_size=8, learning_rate=1e-3,
              model_options={'norm_momentum': 0.9}, fractions=[0.6, 0.2, 0.2])
# Relative, of errors and weights. Inside a stage of one size a training that was killed ends with the same digits. Where it goes
# on with a new size, the fresh process sums in another order: 1e-6 after one epoch, 2e-4 after two, 3e-3 was the most seen.
ROUNDING = 5e-3

STAGES = {
    'preprocess': 'preprocess films --out out --size 128 --workers 2 --quiet',
    'balance': 'balance films --out out --per-bin 12 --workers 2 --quiet',
    'train': 'train --data films --out out --recipe recipe.json --workers 2 --quiet',
    'assess': 'assess films.csv --out out/ages.csv --json-lines out/ages.jsonlines --workers 2 --quiet',
    'stress': 'stress --data films --films 20 --variant mirror --out out --workers 2 --quiet',
}


# ---- a command, its processes and what it leaves

def begin(words, folder, log, largest=None):
    "Start `boneage`, in a session of its own by which its workers are found."
    def limit():
        if largest: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    environment = os.environ | dict(PYTHONPATH=str(ROOT), TF_CPP_MIN_LOG_LEVEL='3', PYTHONUNBUFFERED='1')
    return subprocess.Popen([sys.executable, '-m', 'boneage', *words.split()], cwd=folder, stdout=log, stderr=log,
                            env=environment, start_new_session=True, preexec_fn=limit)


def living(session):
    "Processes of a session that still run."
    found = []
    for place in Path('/proc').glob('[0-9]*/stat'):
        try: state, _, _, owner = place.read_text().rpartition(')')[2].split()[:4]
        except OSError: continue
        if int(owner) == session and state not in 'ZX': found.append(int(place.parent.name))
    return found


def gone(session):
    "Whether a session is empty soon; what is left of it is ended."
    until = time.monotonic() + ORPHANS
    while living(session):
        if time.monotonic() > until:
            for process in living(session): os.kill(process, signal.SIGKILL)
            return False
        time.sleep(0.1)
    return True


def files(folder):
    "Files of a folder, by path inside it."
    return {path.relative_to(folder).as_posix(): path for path in sorted(Path(folder).rglob('*')) if path.is_file()}


def is_litter(name):
    "A temporary file: hidden, with twelve hexadecimal digits."
    first = Path(name).name.split('.')[1:2]
    return Path(name).name.startswith('.') and len(first[0]) == 12 and set(first[0]) <= set('0123456789abcdef')


# ---- are two outputs the same?

def weights(path):
    "The arrays in a .keras file, without those of the optimizer."
    with zipfile.ZipFile(path) as archive: data = archive.read('model.weights.h5')
    found = {}
    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return {name: value for name, value in found.items() if not name.startswith('optimizer')}


def history_problem(one, other):
    "Same epochs, errors within rounding; what is unknown of an epoch that was killed while it was written may be unknown."
    one, other = pd.read_csv(one), pd.read_csv(other)
    if list(one['epoch']) != list(other['epoch']): return f'epochs {list(other["epoch"])}'
    for table in (one, other):  # R² is 1 less squared errors by their spread: the root of those rounds as errors do
        for name in ('r2', 'val_r2'): table[name] = np.sqrt(1 - table[name])
    for name in one.columns.drop('seconds'):
        known = other[name].notna() if name in ('loss', 'mae', 'r2') else slice(None)
        if not np.allclose(one[name][known], other[name][known], rtol=ROUNDING, atol=ROUNDING):
            return f'{name}: {list(other[name].round(4))} for {list(one[name].round(4))}'
    return ''


def weights_problem(one, other):
    one, other = weights(one), weights(other)
    if set(one) != set(other): return 'other layers'
    far = max(float(np.abs(one[name] - other[name]).max()) / max(1, float(np.abs(one[name]).max())) for name in one)
    return f'weights differ by {far:.2g}' if far > ROUNDING else ''


def problem_of(name, one, other):
    "What is other about a file."
    if name.endswith('history.csv'): return history_problem(one, other)
    if name.endswith('model.keras'): return weights_problem(one, other)
    if name == 'answers.csv':  # of stress: rows in the order in which they came
        return '' if sorted(one.read_text().split()) == sorted(other.read_text().split()) else 'other rows'
    trained = name.endswith(('.keras', '.tflite', 'calibration.json')) or 'calibrat' in name
    return '' if trained or one.read_bytes() == other.read_bytes() else 'other bytes'


def difference(expected, found):
    "The first difference between two folders of outputs; empty where there is none."
    one, other = ({name: path for name, path in files(folder).items()
                   if not is_litter(name) and not name.endswith(JOURNALS)} for folder in (expected, found))
    if set(one) != set(other): return f'{min(set(one) ^ set(other))} is in one of them only'
    problems = (f'{name}: {said}' for name in one if (said := problem_of(name, one[name], other[name])))
    return next(problems, '')


# ---- the three disturbances

@dataclass
class Stage:
    "A command, what it leaves when nothing happens, and how long it takes from its first file on."
    name: str
    place: Path
    seconds: float = 0.0
    rows: list = field(default_factory=list)

    @property
    def out(self): return self.place/'out'

    @property
    def expected(self): return self.place/f'expected-{self.name}'

    def start(self, **options):
        self.out.mkdir(exist_ok=True)
        self.log = open(self.place/'log', 'w+', encoding='utf-8', errors='replace')
        return begin(STAGES[self.name], self.place, self.log, **options)

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def finish(self, **options):
        process = self.start(**options)
        return process.wait(PATIENCE)

    def wait_for(self, process, enough):
        "Wait until the command has left something."
        until = time.monotonic() + PATIENCE
        while process.poll() is None and not enough():
            if time.monotonic() > until: raise TimeoutError(f'{self.name} leaves nothing')
            time.sleep(0.02)
        return process.poll() is None

    def empty(self): shutil.rmtree(self.out, ignore_errors=True)

    def undisturbed(self):
        self.empty()
        process = self.start()
        self.wait_for(process, lambda: files(self.out))
        began = time.monotonic()
        if process.wait(PATIENCE): raise SystemExit(f'{self.name} fails undisturbed: {self.said()[-2000:]}')
        self.seconds = time.monotonic() - began
        shutil.rmtree(self.expected, ignore_errors=True)
        shutil.move(self.out, self.expected)

    def again(self):
        "The same command once more: what is other than it should be."
        code = self.finish()
        if code: return f'again: exit code {code}: {self.said().strip().splitlines()[-1:]}'
        if 'Traceback' in self.said(): return 'again: a traceback'
        return difference(self.expected, self.out)

    def killed(self, draw):
        "A kill at a random moment; None where the command was done before."
        self.empty()
        process = self.start()
        self.wait_for(process, lambda: files(self.out))
        moment, began = draw.uniform(0, self.seconds), time.monotonic()
        try:
            process.wait(moment)
            self.seconds = min(self.seconds, time.monotonic() - began)  # the undisturbed run had a busier machine
            return None
        except subprocess.TimeoutExpired: process.kill()
        process.wait()
        orphans = '' if gone(process.pid) else f'workers lived {ORPHANS} s after a kill at {moment:.2f} s'
        litter = sum(map(is_litter, files(self.out)))
        return orphans or self.again(), litter, moment

    def full_disk(self):
        "A disk with a part of the room that is needed."
        self.empty()
        self.out.mkdir()
        needed = sum(path.stat().st_size + 4096 for path in files(self.expected).values())
        room = max(int(needed * 0.4), 16384)
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={room}', 'none', self.out],
                                 capture_output=True).returncode == 0
        try:
            code = self.finish() if mounted else self.finish(largest=max(self.largest() // 2, 1))
            said = self.said()
            wrong = self.rudeness(code, said)
            if mounted: subprocess.run(['mount', '-o', 'remount,size=1g', self.out], check=True)
            return wrong or self.again()
        finally:
            if mounted: subprocess.run(['umount', '-l', self.out], check=False)

    def largest(self): return max(path.stat().st_size for path in files(self.expected).values())

    def rudeness(self, code, said):
        "What is wrong about how a command failed."
        if 'Traceback' in said: return f'a traceback: {said.strip().splitlines()[-1]}'
        if not code: return 'exit code 0'
        return '' if 'Error: ' in said or ' failed' in said else f'exit code {code} without a sentence: {said[-200:]}'

    def has_begun(self):
        "Whether a few films are done."
        there = files(self.out)
        if self.name == 'stress': return bool(there)
        lines = sum(path.read_bytes().count(b'\n') for name, path in there.items() if name.endswith(JOURNALS))
        return lines >= 3 or sum(name.endswith('.png') for name in there) >= 3

    def vanished(self):
        "The films are moved away after the first few."
        self.empty()
        films, away = self.place/'films', self.place/'away'
        process = self.start()
        self.wait_for(process, self.has_begun)
        films.rename(away)
        try: code = process.wait(PATIENCE)
        finally: away.rename(films)
        said = self.said()
        if not difference(self.expected, self.out): return ''  # all had been read
        return self.rudeness(code, said) or self.again()


def tested(stage, times, seed):
    "Disturb a stage; its row of the table and what differed."
    stage.undisturbed()
    draw, found = random.Random(f'{seed} {stage.name}'), []
    for _ in range(4 * times):
        if len(found) == times: break
        result = stage.killed(draw)
        print(f'{stage.name}: {result or "done before the kill"}', file=sys.stderr, flush=True)
        if result: found.append(result)
    wrong = [f'kill at {moment:.2f} s: {said}' for said, _, moment in found if said]
    if len(found) < times: wrong.append(f'only {len(found)} kills came in time')
    row = dict(stage=stage.name, seconds=f'{stage.seconds:.1f}', kills=len(found),
               same=sum(not said for said, *_ in found), litter=sum(litter for _, litter, _ in found))
    for name in ('full_disk', 'vanished'):
        said = getattr(stage, name)()
        row[name] = 'differs' if said else 'resumed'
        if said: wrong.append(f'{name}: {said}')
    return row, wrong


def make_inputs(place):
    "Phantoms, their table for `assess`, and a small recipe."
    table = make_phantoms(place/'films', FILMS, seed=5, workers=2, progress=False, height=384)
    sexes = np.where(table['male'], 'M', 'F')
    paths = [Path(path).relative_to(place).as_posix() for path in table['path']]
    pd.DataFrame(dict(path=paths, sex=sexes)).to_csv(place/'films.csv', index=False)
    (place/'recipe.json').write_text(json.dumps(RECIPE))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('stages', nargs='*', metavar='STAGE', help=f'of {", ".join(STAGES)}; all by default')
    parser.add_argument('--times', type=int, default=20, help='kills a stage (%(default)s)')
    parser.add_argument('--seed', type=int, default=18, help='of the moments (%(default)s)')
    given = parser.parse_args()
    unknown = set(given.stages) - set(STAGES)
    if unknown or given.times < 1: parser.error(f'no stage {", ".join(unknown)}' if unknown else '--times is 1 or more')
    rows, problems = [], []
    with tempfile.TemporaryDirectory(prefix='boneage-kill-', ignore_cleanup_errors=True) as folder:
        make_inputs(Path(folder))
        for name in given.stages or STAGES:
            row, wrong = tested(Stage(name, Path(folder)), given.times, given.seed)
            rows.append(row)
            problems += [f'{name}: {said}' for said in wrong]
            print(*(f'{key} {value}' for key, value in row.items()), sep=', ', flush=True)
            for said in wrong: print(f'      {name}: {said}', flush=True)
    print(pd.DataFrame(rows).to_string(index=False))
    print(f'{len(problems)} differences')
    return 1 if problems else 0


if __name__ == '__main__': sys.exit(main())
