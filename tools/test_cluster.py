"""The batch stages on a Dask cluster of two worker processes on this machine, against one process without Dask:

    python tools/test_cluster.py              all checks, about two minutes
    python tools/test_cluster.py killed       those with this word in their name

Scheduler and workers are the programs that a cluster runs (`dask scheduler`, `dask worker`), so that they can be killed
and started anew. Films are phantoms. Every check ends with: each film once, none lost, results of one process.
"""
import functools
import hashlib
import http.server
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import fsspec
from distributed import Client

import fit_gate
from boneage import augmentation, executor, pictures, stress
from boneage.apps.batch import assess_many
from boneage.apps.results import read_results
from boneage.apps.sources import list_films
from boneage.films.phantom import make_phantoms

FILMS, PATIENCE = 24, 600  # seconds; a busy machine takes ten times as long
DEADLY = '''import os
import boneage.apps.film_rows as film_rows, boneage.augmentation as augmentation
import boneage.pictures as pictures, boneage.stress as stress
def fatal(read):
    def reading(source, *others):
        if 'deadly' in str(source): os._exit(9)
        return read(source, *others)
    return reading
film_rows.read_film, pictures.preprocess = fatal(film_rows.read_film), fatal(pictures.preprocess)
for room in (stress, augmentation): room.read_radiograph = fatal(room.read_radiograph)
'''  # stands for a decoder that takes its process with it; workers load it before they begin


class Cluster:
    "A scheduler and two worker processes of one thread each."
    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        self.folder, self.address = folder, f'tcp://127.0.0.1:{self.port}'
        (folder/'deadly.py').write_text(DEADLY)
        self.programs = []

    def program(self, name, *options):
        "A program of Dask in a process group of its own."
        command = [sys.executable, '-m', f'distributed.cli.dask_{name}', *options, '--no-dashboard']
        # a task that died twice in company is asked alone: sooner than the usual four times, so that the test is short
        quick = {'DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES': '1'}
        path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get('PYTHONPATH')]))
        with open(self.folder/f'{name}.log', 'a') as log:
            environment = os.environ | quick | {'PYTHONPATH': path}
            self.programs.append(subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log,
                                                  start_new_session=True))

    def start(self):
        self.program('scheduler', '--host', '127.0.0.1', '--port', str(self.port))
        self.program('worker', self.address, '--nworkers', '2', '--nthreads', '1', '--host', '127.0.0.1',
                     '--preload', str(self.folder/'deadly.py'), '--local-directory', str(self.folder))
        with self.client() as client: client.wait_for_workers(2, timeout=PATIENCE)

    def client(self):
        until = time.monotonic() + PATIENCE
        while True:
            try: return Client(self.address, timeout=5, set_as_default=False)
            except OSError:
                if time.monotonic() > until: raise

    def kill_a_worker(self):
        with self.client() as client: os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)

    def kill(self):
        while self.programs:
            program = self.programs.pop()
            try: os.killpg(program.pid, signal.SIGKILL)
            except ProcessLookupError: pass
            program.wait()

    def restart(self):
        self.kill()
        self.start()


@contextmanager
def served(folder):
    "The URL of a folder on this machine, for the length of a block."
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_): pass
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try: yield f'http://127.0.0.1:{server.server_port}/'
    finally:
        server.shutdown()
        server.server_close()


def hashes(folder):
    "The pictures of a folder."
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(folder).glob('*.png'))}


class Checks:
    "The checks, in the order of their names' definition; each gets what all share."
    def __init__(self, folder, cluster):
        self.folder, self.cluster = folder, cluster
        self.table = make_phantoms(folder/'films', FILMS, seed=7, workers=2, progress=False)
        sexes = {str(row.path): 'M' if row.male else 'F' for row in self.table.itertuples()}
        self.films = [replace(film, sex=sexes[film.path]) for film in list_films(*self.table['path'])]
        self.alone = self.answers('alone.csv', 1)

    def answers(self, name, workers, films=None, **options):
        return assess_many(films or self.films, self.folder/name, workers=workers, progress=False, **options)

    def test_answers_are_those_of_one_process(self):
        assert self.answers('far.csv', self.cluster.address) == self.alone
        assert (self.folder/'far.csv').read_bytes() == (self.folder/'alone.csv').read_bytes()
        with self.cluster.client() as client: assert self.answers('far.parquet', client) == self.alone
        assert read_results(self.folder/'far.parquet') == self.alone

    def test_films_by_url(self):
        plain = [replace(row, file='') for row in self.alone]
        sexes = {film.id: film.sex for film in self.films}
        def all_of(url): return [replace(film, sex=sexes[film.id]) for film in list_films(url)]
        with served(self.folder/'films') as url:
            rows = self.answers('http.csv', self.cluster.address, all_of(url))
            assert [replace(row, file='') for row in rows] == plain and rows[0].file.startswith(url)
            table = self.table.assign(path=[url + Path(path).relative_to(self.folder/'films').as_posix()
                                            for path in self.table['path']])
            done, failures = pictures.preprocess_folder(table, self.folder/'by url', workers=self.cluster.address,
                                                        progress=False)
            assert len(done) == FILMS and not len(failures)
        rows = self.answers('file.csv', self.cluster.address, all_of((self.folder/'films').as_uri() + '/'))
        assert [replace(row, file='') for row in rows] == plain
        memory = fsspec.filesystem('memory')  # of this process alone, so it is asked here
        for film in self.films: memory.pipe(f'/films/{film.id}.png', Path(film.path).read_bytes())
        rows = self.answers('memory.csv', 1, all_of('memory://films/'))
        assert [replace(row, file='') for row in rows] == plain

    def test_pictures_are_those_of_one_process(self):
        for name, workers in (('near', 1), ('far', self.cluster.address)):
            pictures.preprocess_folder(self.table, self.folder/name, workers=workers, progress=False)
        assert len(hashes(self.folder/'near')) == FILMS and hashes(self.folder/'near') == hashes(self.folder/'far')
        for name in ('films.csv', 'records.csv', 'failures.csv'):
            assert (self.folder/'near'/name).read_bytes() == (self.folder/'far'/name).read_bytes(), name

    def test_pictures_come_home_from_workers_that_do_not_share_the_disk(self):
        @contextmanager
        def unseen(*_): yield '/a mark on no disk'
        with patch('boneage.pictures.marked', unseen):
            pictures.preprocess_folder(self.table, self.folder/'home', workers=self.cluster.address, progress=False)
        pictures.preprocess_folder(self.table, self.folder/'near', workers=1, progress=False)
        assert hashes(self.folder/'home') == hashes(self.folder/'near')

    def test_balanced_films_and_stress_are_those_of_one_process(self):
        plan = augmentation.balance_ages(self.table, per_bin=4)
        for name, workers in (('few', 1), ('many', self.cluster.address)):
            augmentation.write_balanced(plan, self.folder/name, workers, progress=False)
        assert len(hashes(self.folder/'few')) == (plan['rotation'] != 0).sum()
        assert hashes(self.folder/'few') == hashes(self.folder/'many')
        assert (self.folder/'few'/'balanced.csv').read_bytes() == (self.folder/'many'/'balanced.csv').read_bytes()
        some, options = self.table[:8], dict(variants=['mirror', 'invert'], progress=False)
        near, far = (stress.stress(some, workers=workers, **options) for workers in (1, self.cluster.address))
        assert near.equals(far) and len(far) == 24

    def test_gate_is_measured_as_by_one_process(self):
        tasks = [(str(self.folder), ('fit', 'phantom', seed)) for seed in range(6)]
        near, far = (sorted(executor.in_workers(fit_gate.measured, tasks, workers), key=repr)
                     for workers in (1, self.cluster.address))
        assert near == far and len(far) == 6

    def interrupted(self, name, act):
        "Answers during which something happens, after the first five; the lines of their journal."
        journal, found = self.folder/f'{name}.journal', []
        call = threading.Thread(target=lambda: found.append(self.answers(name, self.cluster.address)), daemon=True)
        call.start()
        until = time.monotonic() + PATIENCE
        while not journal.exists() or journal.read_bytes().count(b'\n') < 5:
            assert call.is_alive() and time.monotonic() < until, 'no five answers in time'
            time.sleep(0.01)
        act()
        done = journal.read_bytes().count(b'\n')
        call.join(PATIENCE)
        assert found == [self.alone], 'answers differ from those of one process'
        lines = journal.read_text().splitlines()
        assert len(lines) == len(set(lines)) == FILMS, f'{len(lines)} lines for {FILMS} films'
        return done

    def test_worker_killed_in_the_middle(self):
        assert self.interrupted('killed.csv', self.cluster.kill_a_worker) < FILMS

    def test_scheduler_restarted(self):
        with redirect_stderr(io.StringIO()): self.interrupted('restarted.csv', self.cluster.restart)

    def test_film_that_kills_its_worker_is_put_aside(self):
        deadly = self.folder/'deadly film.png'
        deadly.write_bytes(Path(self.films[0].path).read_bytes())
        film = replace(self.films[0], path=str(deadly), name=str(deadly), id='deadly')
        rows = self.answers('deadly.csv', self.cluster.address, [*self.films[:9], film, *self.films[9:]])
        assert rows[:9] + rows[10:] == self.alone
        assert (rows[9].status, 'ended the process that read it' in rows[9].reason) == ('failed', True), rows[9]

    def test_picture_that_kills_its_worker_is_put_aside(self):
        deadly = self.folder/'deadly film.png'
        deadly.write_bytes(Path(self.films[0].path).read_bytes())
        table = self.table[:12].copy()
        table.loc[table.index[5], 'path'] = str(deadly)
        done, failures = pictures.preprocess_folder(table, self.folder/'deadly', workers=self.cluster.address,
                                                    progress=False)
        assert (len(done), failures['id'].tolist()) == (11, [table['id'].iloc[5]])
        assert 'ended the process that read it' in failures['error'].iloc[0]
        with redirect_stdout(io.StringIO()) as said:
            answers = stress.stress(table[4:7], variants=['mirror'], workers=self.cluster.address, progress=False)
        assert (len(answers), 'ended the process' in said.getvalue()) == (4, True)

    def test_nothing_of_it_is_imported_without_it(self):
        code = ('import sys, boneage; boneage.assess(sys.argv[1], "F")\n'
                'import boneage.apps.batch, boneage.executor, boneage.urls\n'
                'print(sorted({"dask", "distributed", "fsspec", "pyarrow", "aiohttp", "pandas"} & set(sys.modules)))')
        program = [sys.executable, '-c', code, self.films[0].path]
        said = subprocess.run(program, capture_output=True, text=True, check=True)
        assert said.stdout == '[]\n', said.stdout


def main(words):
    names = [name for name in vars(Checks) if name.startswith('test_') and all(word in name for word in words)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the cluster is ended with this
    failed, folder = [], tempfile.TemporaryDirectory(prefix='boneage-cluster-', ignore_cleanup_errors=True)
    with folder as place:
        cluster = Cluster(Path(place))
        try:
            cluster.start()
            checks = Checks(Path(place), cluster)
            for name in names:
                began = time.monotonic()
                try: getattr(checks, name)()
                except Exception as error:
                    failed.append(name)
                    print(f'FAIL  {name} ({time.monotonic() - began:.1f} s)')
                    print(f'      {type(error).__name__}: {str(error)[:2000]}', flush=True)
                else: print(f'PASS  {name} ({time.monotonic() - began:.1f} s)', flush=True)
        finally: cluster.kill()
    print(f'{len(names) - len(failed)} passed, {len(failed)} failed')
    return 1 if failed or not names else 0


if __name__ == '__main__': sys.exit(main(sys.argv[1:]))
