"""Every stage against the report's way, in interleaved pairs, in processor seconds (`make bench`):

    python benchmarks/run.py                                      on phantoms
    python benchmarks/run.py --films RSNA --native FOLDER         on real films, in a folder as RSNA ships it
    python benchmarks/run.py --only balance growth --pairs 4      some stages
    python benchmarks/run.py --only workers rate --films RSNA     by the clock: on a machine that does nothing else
    python benchmarks/run.py --only growth --films RSNA --scale 320   growth up to all films
    python benchmarks/run.py --profile                            where the time goes instead

A pair is the same work on the same films, once each way, one right after the other; which comes first alternates.
Processor time (user and system, all threads and child processes) is what other programs disturb least. A ratio is
the report's seconds over ours in one pair; its median and quartiles over the pairs are printed, and every pair goes
to benchmarks/pairs.csv, every point of growth to growth.csv. `workers` and `rate` have nothing of the report's beside
them and go by the clock, to walls.csv. Stages that are run anew keep the rows of the others.
"""
import argparse
import cProfile
import io
import os
import pstats
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('GLOG_minloglevel', '2')

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
STAGES = ('preprocess-299', 'preprocess-native', 'balance', 'balance-views', 'input', 'step', 'assess', 'growth',
          'workers', 'rate')
SIZE, BATCH = 224, 8  # of the training step
NETWORK = '--model', 'small', '--workers', '2', '--quiet'  # of `boneage assess`: the one that the report's way asks too
GROWTH = {'preprocess': 200, 'balance': 400, 'assess': 40, 'evaluate': 40}  # films of the last point, times --scale
FOLDER = 2000  # films preprocessed by one worker and by two
FEW, MANY = 16, 216  # films answered by two workers: fewer than 16 are not worth a process, and are given none


def processor_seconds():
    "Of this process and the children that have ended."
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(call, *arguments):
    "Processor seconds of a call, and its result."
    before = processor_seconds()
    result = call(*arguments)
    return processor_seconds() - before, result


def pairs_of(stage, count, work, unit):
    """Rows of pairs. `work(number)` gives the two calls of a pair, ours and the report's, and how many units they do;
    a call returns how many hands it found, or None. The first pair only warms up."""
    rows = []
    for number in range(count + 1):
        calls, units = work(number)
        ours_first = number % 2 == 0
        measured = {which: timed(calls[which]) for which in ((0, 1) if ours_first else (1, 0))}
        if not number: continue
        (ours, ours_found), (report, report_found) = measured[0], measured[1]
        rows.append(dict(stage=stage, unit=unit, pair=number, units=units, ours=ours / units, report=report / units,
                         ours_found=ours_found, report_found=report_found))
    return rows


# ---- films

def read_inputs(given, place):
    "Tables of films with the shorter side at 299 pixels, and of native ones."
    from boneage.dataset import read_films
    from boneage.films.phantom import make_phantoms
    if given.films: small = read_films(given.films, on_problem='drop')
    else: small = make_phantoms(place/'small', given.scale * max(GROWTH.values()), 1, 2, False, height=380)
    if given.native:
        paths = {path.stem: str(path) for path in sorted(given.native.glob('*.*'))}
        native = small[small['id'].isin(paths)].assign(path=lambda table: table['id'].map(paths))
    else: native = make_phantoms(place/'native', 48, 2, 2, False, height=1650)
    return small, native


def drawn(table, count, seed):
    "Films at random, all where there are no more."
    return table.sample(min(count, len(table)), random_state=seed).reset_index(drop=True)


def fresh(folder):
    "An empty folder."
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


# ---- stages

def preprocess_pairs(stage, films, place, count, each=48):
    import report_way
    from boneage.pictures import preprocess_folder
    def ours(some):
        target = place/'ours'
        shutil.rmtree(target, ignore_errors=True)
        preprocess_folder(some, target, 'default', workers=1, progress=False)
        return int((pd.read_csv(target/'records.csv')['method'] != 'none').sum())
    def work(number):
        some = drawn(films, each, number)
        some['id'] = [f'{row}' for row in range(len(some))]
        return [lambda: ours(some), lambda: report_way.preprocess(some['path'], fresh(place/'report'))], each
    return pairs_of(stage, count, work, 'film')


def balance_pairs(films, place, count, each=240):
    import report_way
    from boneage.augmentation import balance_ages, write_balanced
    def ours(some):
        target = place/'ours'
        shutil.rmtree(target, ignore_errors=True)
        write_balanced(balance_ages(some), target, workers=1, progress=False)
    def work(number):
        some = drawn(films, each, number)
        planned = balance_ages(some)
        return [lambda: ours(some), lambda: report_way.balance(planned, fresh(place/'report'))], len(planned)
    return pairs_of('balance', count, work, 'row of the balanced set')


def network_and_films(films, place, count=64):
    "A network as the default recipe trains it, pictures in memory, and the recipe."
    from dataclasses import replace
    from boneage.batches import films_of
    from boneage.model import build_model
    from boneage.optimisation import compile_model
    from boneage.pictures import preprocess_folder
    from boneage.recipes import RECIPES
    recipe = replace(RECIPES['default-first'], stages=((SIZE, 1),), batch_size=BATCH, weights=None, whole_share=0.0)
    some = drawn(films, count, 0)
    shutil.rmtree(place/'pictures', ignore_errors=True)
    done, _ = preprocess_folder(some, place/'pictures', workers=1, progress=False)
    network = build_model(recipe.model, None, **recipe.model_options)
    compile_model(network, recipe, 100)
    return network, films_of(done, progress=False), recipe, some


def balance_views_pairs(films, place, count, each=60):
    """The first epoch of a balanced training without files: rows of the plan, shown as random views of the pictures in
    memory. The report's way writes its set and reads it. No recipe does it so: those that balance write copies."""
    import report_way
    from boneage.augmentation import balance_ages
    from boneage.batches import Films, TrainingViews
    network, memory, recipe, some = network_and_films(films, place, each)
    def ours():
        planned = balance_ages(some)
        rows = some.reset_index().set_index('id').loc[planned['source_id'], 'index'].to_numpy()
        views = TrainingViews(Films([memory.pictures[row] for row in rows], memory.male[rows],
                                    memory.bone_age_months[rows]), recipe, SIZE)
        for batch in range(len(views)): views[batch]
    def work(number):
        planned = balance_ages(some)
        def report():
            out = fresh(place/'report')
            report_way.balance(planned, out)
            paths = [out/f'{identifier}.png' for identifier in planned['id']]
            for start in range(0, len(paths), BATCH): report_way.batch(paths[start:start + BATCH], SIZE)
        return [ours, report], len(planned)
    return pairs_of('balance-views', count, work, 'row of the balanced set')


def input_pairs(films, place, count):
    "A batch as ours makes it, with its random views, and as the report's way makes it, without any."
    import report_way
    from boneage.batches import TrainingViews
    _, memory, recipe, some = network_and_films(films, place)
    views = TrainingViews(memory, recipe, SIZE)
    def work(number):
        def ours():
            for batch in range(len(views)): views[batch]
        def report():
            for start in range(0, len(some), BATCH): report_way.batch(some['path'][start:start + BATCH], SIZE)
        return [ours, report], len(some)
    return pairs_of('input', count, work, 'film')


def step_pairs(films, place, count):
    "The same network and batch, in a graph and in eager mode."
    from boneage.batches import TrainingViews
    from boneage.optimisation import compile_model
    network, memory, recipe, _ = network_and_films(films, place)
    inputs, labels = TrainingViews(memory, recipe, SIZE)[0]
    import keras
    eager = keras.models.clone_model(network)
    compile_model(eager, recipe, 100)
    eager.run_eagerly = True
    def work(_):
        return [lambda: network.train_on_batch(inputs, labels) and None,
                lambda: eager.train_on_batch(inputs, labels) and None], BATCH
    return pairs_of('step', count, work, 'film')


def run_program(*words):
    "A program of its own; its processor time counts when it has ended."
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True,
                          env=os.environ | dict(PYTHONPATH=str(HERE.parent)))
    if done.returncode not in (0, 3): raise RuntimeError(done.stderr[-2000:])  # 3: a film was refused
    return done.stdout


def assess_table(films, place):
    "A table for `boneage assess`."
    path = place/'assess.csv'
    films.assign(sex=np.where(films['male'], 'M', 'F'))[['id', 'path', 'sex']].to_csv(path, index=False)
    return path


def assess_pairs(films, place, count, each=32):
    "Whole commands with their start, `small` and its six looks: ours with two workers, the report's way with one."
    def ours(table):
        out = fresh(place/'ours')/'ages.csv'
        run_program('-m', 'boneage', 'assess', table, '--out', out, *NETWORK)
        return int(pd.read_csv(out)['status'].isin(['answered', 'warned']).sum())
    def work(number):
        table = assess_table(drawn(films, each, number), place)
        return [lambda: ours(table), lambda: int(run_program(HERE/'report_assess.py', table))], each
    return pairs_of('assess', count, work, 'film')


# ---- by the clock

def clocked(call, *arguments):
    "Seconds by the clock."
    before = time.monotonic()
    call(*arguments)
    return time.monotonic() - before


def worker_rows(films, place, count, each=FOLDER):
    "A folder preprocessed by one worker and by two, in turn; their start is included. The first pair warms up."
    from boneage.pictures import preprocess_folder
    some = drawn(films, each, 1)
    for number in range(count + 1):
        for workers in ((1, 2) if number % 2 else (2, 1)):
            chosen = some if number else some.head(64)
            shutil.rmtree(place/'out', ignore_errors=True)
            seconds = clocked(lambda: preprocess_folder(chosen, place/'out', workers=workers, progress=False))
            if number: yield dict(stage='workers', pair=number, workers=workers, films=len(some), seconds=seconds)


def rate_rows(films, place, count, few=FEW, many=MANY):
    "`boneage assess` with two workers and `small`: what many films take beyond a few is free of the start."
    for number in range(count + 1):
        for each in ((few, many) if number % 2 else (many, few)):
            table = assess_table(drawn(films, each if number else few, number), place)
            out = fresh(place/'ours')/'ages.csv'
            seconds = clocked(run_program, '-m', 'boneage', 'assess', table, '--out', out, *NETWORK)
            if number: yield dict(stage='rate', pair=number, workers=2, films=each, seconds=seconds)


# ---- growth

def small_run(films, folder):
    """A run as `evaluate_run` wants it, its network hardly trained, at 64 pixels: another network answers, at 320, for
    other films."""
    from dataclasses import replace
    from boneage.recipes import RECIPES
    from boneage.training import train
    from boneage.values import read_json, save_json
    recipe = replace(RECIPES['demo'], stages=((64, 1),), model_options={'hidden': 16}, batch_size=8, balanced=False)
    parts = {name: films[start:start + 8] for start, name in ((0, 'train'), (8, 'validation'), (16, 'test'))}
    train(recipe, parts, folder, workers=1, progress=False)
    save_json(folder/'model.json', read_json(folder/'model.json') | dict(size=320))


def evaluate_films(films, run, folder):
    "`evaluate_run` over films, from their files to its page, by the network `small`."
    from boneage.catalog import bundled_weights
    from boneage.tables import save_table
    from boneage.runs import evaluate_run
    shutil.copytree(run, folder, ignore=shutil.ignore_patterns('pictures'))
    save_table(films, folder/'test.csv')
    evaluate_run(folder, progress=False, weights=Path(bundled_weights('small')).with_suffix('.tflite'))


def grow(stage, table, folder):
    "One point of growth, in a process of its own."
    from boneage.apps.batch import assess_many
    from boneage.apps.sources import list_films
    from boneage.augmentation import balance_ages, write_balanced
    from boneage.pictures import preprocess_folder
    films = pd.read_csv(table, dtype=dict(id=str))
    if stage == 'preprocess': preprocess_folder(films, folder, workers=1, progress=False)
    if stage == 'balance': write_balanced(balance_ages(films), folder, workers=1, progress=False)
    if stage == 'assess': assess_many(list_films(table), folder/'ages.csv', model='small', workers=1, progress=False)
    if stage == 'run': small_run(films, folder)
    if stage == 'evaluate': evaluate_films(films, folder.parent/'run', folder)


def in_process(stage, films, place, folder):
    "What a process of its own used for one point of growth."
    films.assign(sex=np.where(films['male'], 'M', 'F')).to_csv(place/'growth.csv', index=False)
    shutil.rmtree(place/folder, ignore_errors=True)
    process = subprocess.Popen([sys.executable, __file__, '--grow', stage, place/'growth.csv', place/folder],
                               env=os.environ | dict(PYTHONPATH=str(HERE.parent)), stdout=subprocess.DEVNULL)
    _, code, used = os.wait4(process.pid, 0)
    if code: raise RuntimeError(f'{stage} of {len(films)} films ended with {code}')
    return used


def growth_rows(stage, films, place, scale):
    """Processor seconds and the largest memory of whole processes, from few films to many. One worker, but
    `evaluate` preprocesses with one a core."""
    if stage == 'evaluate': in_process('run', drawn(films, 24, 98), place, 'run')
    last = min(scale * GROWTH[stage], len(films))
    for number in (0, last // 4, last // 2, last):
        chosen = drawn(films, number or 8, 99)
        used = in_process(stage, chosen, place, 'out')
        if not number: continue  # reads what the others find in the cache of the disk
        made = len(list((place/'out').glob('*.png'))) if stage == 'balance' else number
        yield dict(stage=stage, films=number, made=made, seconds=used.ru_utime + used.ru_stime,
                   peak_mb=used.ru_maxrss / 1024)


# ---- where the time goes

def profiles(small, native, place):
    "The functions that take most of the time, by stage; one process, one thread of Python."
    from boneage.apps.batch import assess_many
    from boneage.apps.sources import list_films
    from boneage.augmentation import balance_ages, write_balanced
    from boneage.pictures import preprocess_folder
    native, some = drawn(native, 24, 1), drawn(small, 48, 1)
    planned, table = balance_ages(some), assess_table(some.head(24), place)
    for name, call in (
            ('preprocess, 299 pixels', lambda: preprocess_folder(some, place/'a', workers=1, progress=False)),
            ('preprocess, native', lambda: preprocess_folder(native, place/'b', workers=1, progress=False)),
            ('balance', lambda: write_balanced(planned, place/'c', workers=1, progress=False)),
            ('assess, six looks',
             lambda: assess_many(list_films(table), place/'d'/'ages.csv', model='small', workers=1, progress=False))):
        profile = cProfile.Profile()
        profile.runcall(call)
        text = io.StringIO()
        statistics = pstats.Stats(profile, stream=text).strip_dirs().sort_stats('tottime')
        statistics.print_stats(8)
        lines = [line for line in text.getvalue().splitlines() if line.strip()]
        print(f'== {name}: {statistics.total_tt:.2f} s', *lines[-8:], sep='\n', flush=True)


# ---- all of it

def summary(pairs):
    "Median seconds of both ways, and the ratio with its quartiles; one row a stage."
    pairs = pairs.assign(ratio=pairs['report'] / pairs['ours'])
    groups = pairs.groupby('stage', sort=False)
    quartiles = groups['ratio'].quantile([0.25, 0.5, 0.75]).unstack().set_axis(['low', 'ratio', 'high'], axis=1)
    shares = groups[['ours_found', 'report_found', 'units']].sum(min_count=1)
    found = {name: shares[name] / shares['units'] for name in ('ours_found', 'report_found')}
    return groups.agg(unit=('unit', 'first'), pairs=('pair', 'size'), ours_ms=('ours', 'median'),
                      report_ms=('report', 'median')).assign(**found).join(quartiles).assign(
        ours_ms=lambda table: 1000 * table['ours_ms'], report_ms=lambda table: 1000 * table['report_ms'])


def keep(rows, name, given):
    "Write rows to a CSV beside this, in place of those of the same stages; with date, machine and films."
    path, films = HERE/name, 'real films (RSNA 2017)' if given.films else 'phantoms'
    table = pd.DataFrame(rows).assign(date=date.today().isoformat(), machine=f'{os.cpu_count()} cores', source=films)
    if path.exists():
        before = pd.read_csv(path)
        table = pd.concat([before[~before['stage'].isin(table['stage'])], table], ignore_index=True)
    table.round(5).to_csv(path, index=False)
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--films', type=Path, help='folder as RSNA ships it; phantoms are drawn without')
    parser.add_argument('--native', type=Path, help='folder of films in their native size')
    parser.add_argument('--only', nargs='+', choices=STAGES, default=STAGES)
    parser.add_argument('--pairs', type=int, default=8, help='(%(default)s)')
    parser.add_argument('--scale', type=int, default=1,
                        help='times as many films in growth, as far as there are any (%(default)s)')
    parser.add_argument('--grown', nargs='+', choices=list(GROWTH), default=list(GROWTH), help='stages of growth')
    parser.add_argument('--profile', action='store_true')
    parser.add_argument('--grow', nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.grow: return grow(given.grow[0], given.grow[1], Path(given.grow[2]))
    with tempfile.TemporaryDirectory(prefix='boneage-bench-', ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        small, native = read_inputs(given, place)
        if given.profile: return profiles(small, native, place)
        if 'growth' in given.only:  # first: a process's largest memory counts from what started it, small as yet
            for stage in given.grown: keep(growth_rows(stage, small, place, given.scale), 'growth.csv', given)
            print(pd.read_csv(HERE/'growth.csv').round(2).to_string(index=False))
        measure = {
            'preprocess-299': lambda: preprocess_pairs('preprocess-299', small, place, given.pairs),
            'preprocess-native': lambda: preprocess_pairs('preprocess-native', native, place, given.pairs),
            'balance': lambda: balance_pairs(small, place, given.pairs),
            'balance-views': lambda: balance_views_pairs(small, place, given.pairs),
            'input': lambda: input_pairs(native, place, given.pairs),
            'step': lambda: step_pairs(small, place, given.pairs),
            'assess': lambda: assess_pairs(small, place, max(given.pairs // 2, 2))}
        for stage in given.only:
            if stage not in measure: continue
            table = keep(measure[stage](), 'pairs.csv', given)
            print(summary(table[table['stage'] == stage]).round(2).to_string(), flush=True)
        walls = {'workers': worker_rows, 'rate': rate_rows}
        for stage in walls:
            if stage not in given.only: continue
            table = keep(walls[stage](small, place, max(given.pairs // 2, 2)), 'walls.csv', given)
            print(table[table['stage'] == stage].round(2).to_string(index=False), flush=True)


if __name__ == '__main__': main()
