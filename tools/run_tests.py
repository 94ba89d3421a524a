"""The tests of the project, one line each: export, clean, README, the page for the browser, every notebook, the batch stages
on a cluster of two processes, the site, and the wheel, its base alone, in an empty environment.

    python tools/run_tests.py                          everything (`make test`)
    python tools/run_tests.py --only notebooks         one group: export, clean, readme, browser, notebooks, cluster, docs, wheel
    python tools/run_tests.py nbs/07_evaluation.ipynb  these notebooks alone
"""
import argparse
import json
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tree import (copy_project, differences, file_hashes, missing_imports, notebooks, out_of_order, root,
                  without_notebook)

BIN = Path(sys.executable).parent
GROUPS = 'export', 'clean', 'readme', 'browser', 'notebooks', 'cluster', 'docs', 'wheel'
MEMORY_EACH = 6e9  # bytes kept for one notebook at a time: TensorFlow, MediaPipe and some films
TAIL = 40  # lines of output shown below a failure


@dataclass
class Report:
    "Prints one line a check and counts them."
    passed: int = 0
    failed: list = field(default_factory=list)

    def add(self, name, seconds, problem=''):
        "`problem` is empty for a check that passed, else what went wrong."
        if problem: self.failed.append(name)
        else: self.passed += 1
        print(f"{'FAIL' if problem else 'PASS'}  {name} ({seconds:.1f} s)", flush=True)
        lines = problem.splitlines()[-TAIL:]
        if lines: print('\n'.join('      ' + line for line in lines), flush=True)

    def close(self):
        for name in self.failed: print(f'failed: {name}')
        print(f'{self.passed} passed, {len(self.failed)} failed', flush=True)
        return 1 if self.failed else 0


def environment():
    "This process's environment without what would lead a check to other code; TensorFlow quiet and on the processor."
    left_out = {'PYTHONPATH', 'PYTHONHOME', 'IN_TEST'}
    quiet = {'TF_CPP_MIN_LOG_LEVEL': '3', 'CUDA_VISIBLE_DEVICES': '-1', 'PIP_DISABLE_PIP_VERSION_CHECK': '1'}
    return {key: value for key, value in os.environ.items() if key not in left_out} | quiet


def start(command, cwd, output):
    "A process in a group of its own, so that its children can be ended with it."
    return subprocess.Popen([str(word) for word in command], cwd=cwd, env=environment(), stdin=subprocess.DEVNULL,
                            stdout=output, stderr=subprocess.STDOUT, start_new_session=True)


def end(process):
    "End a process and its children, if they still run."
    try: os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError: pass
    process.wait()


def run(command, cwd, timeout):
    "Run a command; its output, and a problem that is empty where it exited with 0 in time."
    with tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace') as output:
        process = start(command, cwd, output)
        try: code = process.wait(timeout)
        except subprocess.TimeoutExpired: code = None
        finally: end(process)
        output.seek(0)
        text = output.read()
    if code == 0: return text, ''
    reason = f'not done after {timeout:.0f} s' if code is None else f'exit code {code}'
    return text, f"{text}\n{' '.join(map(str, command))}: {reason}"


# ---- export and clean: in a copy, so that a working tree with changes stays as it is

def unchanged_by(tool, folder, timeout):
    "Does an nbdev command leave `folder` of a copy of the project as it is in the working tree?"
    with tempfile.TemporaryDirectory() as scratch:
        copy = copy_project(Path(scratch)/'project')
        before = file_hashes(copy/folder)
        _, problem = run([BIN/tool], copy, timeout)
        changed = differences(before, file_hashes(copy/folder))
    if changed: problem += f"{tool} changes {', '.join(f'{folder}/{name}' for name in changed)}: run `.venv/bin/{tool}`"
    return problem


def check_unchanged(report, tool, folder, timeout):
    began = time.time()
    problem = unchanged_by(tool, folder, timeout)
    report.add(f'{tool} leaves {folder}/ as it is', time.time() - began, problem)


def check_order(report):
    checks = {'modules import from those before them': out_of_order, 'every module has its notebook': without_notebook,
              'what tools and benchmarks import is there': missing_imports}
    for name, check in checks.items():
        began = time.time()
        problem = '\n'.join(check())
        report.add(name, time.time() - began, problem)


def check_readme(report, timeout):
    began = time.time()
    _, problem = run([sys.executable, root/'tools'/'build_readme.py', '--check'], root, timeout)
    report.add('README.md is what nbs/index.ipynb says', time.time() - began, problem)


def check_docs(report, timeout):
    "The site builds without a warning, and every page of it is sound in Chromium, where there is one."
    began = time.time()
    with tempfile.TemporaryDirectory() as scratch:
        text, problem = run([sys.executable, root/'tools'/'crawl_docs.py', Path(scratch)/'site', '--build'], root, timeout)
    report.add('the site builds, and every page of it is sound', time.time() - began, problem)
    for line in text.splitlines():
        if line.startswith('crawl:') and not problem: print(f'      {line}', flush=True)


# ---- the page for the browser: built, its modules in Node, the whole in Chromium and in other engines

ONE_CHECK = re.compile(r'^(PASS|FAIL)  (.*) \(([0-9.]+) s\)$')  # a line of the tools below
PAGE_TESTS = 'test_browser.py', 'test_engines.py'  # in Chromium, and in the engines of Firefox and Safari
LARGEST_WHEEL = 60e6  # bytes, with the page

def check_modules(folder, timeout):
    "Each module against what Python says of the same films and numbers."
    _, problem = run([sys.executable, root/'tools'/'build_browser.py', '--vectors', folder], root, timeout)
    tests = sorted((root/'browser'/'test').glob('*.test.js'))
    return problem or run(['env', f'BONEAGE_VECTORS={folder}', 'node', '--test', *tests], root, timeout)[1]


def check_pages(report, tool, timeout):
    "Tests of the whole page, a line each; on a display that nobody sees where there is none."
    display = ['xvfb-run', '-a'] if shutil.which('xvfb-run') and not os.environ.get('DISPLAY') else []
    text, problem = run([*display, sys.executable, root/'tools'/tool], root, timeout)
    lines = text.splitlines()
    found = [(match, place) for place, line in enumerate(lines) if (match := ONE_CHECK.match(line))]
    for match, place in found:
        report.add(f'page: {match[2]}', float(match[3]), lines[place + 1] if match[1] == 'FAIL' else '')
    failed = any(match[1] == 'FAIL' for match, _ in found)
    if not found or problem and not failed: report.add('the page in a browser' if problem else lines[-1], 0, problem)


def check_browser(report, timeout):
    "Where Node is missing nothing is built or tested, and a line says so; so does `check_pages` without a browser."
    missing = [name for name in ('node', 'npm') if not shutil.which(name)]
    if missing: return report.add(f'browser: not tested, {" and ".join(missing)} missing', 0)
    began = time.time()
    _, problem = run([sys.executable, root/'tools'/'build_browser.py'], root, timeout)
    report.add('the page for the browser is built', time.time() - began, problem)
    if problem: return
    began = time.time()
    with tempfile.TemporaryDirectory() as folder: problem = check_modules(folder, timeout)
    report.add('its modules agree with Python, in Node', time.time() - began, problem)
    for tool in PAGE_TESTS: check_pages(report, tool, timeout)


# ---- notebooks: a fresh process each, so that no global state leaks from one into the next

@dataclass
class Running:
    "A notebook under test."
    path: Path
    output: object
    process: subprocess.Popen
    began: float

    def problem(self, timeout):
        "None while it runs, then an empty string or what went wrong. A notebook out of time is ended."
        code = self.process.poll()
        late = code is None and time.time() - self.began > timeout
        if code is None and not late: return None
        end(self.process)
        if code == 0: return ''
        self.output.seek(0)
        return self.output.read() + (f'\nnot done after {timeout:.0f} s' if late else f'\nexit code {code}')


def begin_notebook(path):
    output = tempfile.TemporaryFile('w+', encoding='utf-8', errors='replace')
    command = [sys.executable, root/'tools'/'run_notebook.py', path]
    return Running(path, output, start(command, path.parent, output), time.time())


def check_notebooks(report, paths, workers, timeout):
    "Test notebooks, `workers` at a time."
    waiting, running = list(paths), []
    try:
        while waiting or running:
            while waiting and len(running) < workers: running.append(begin_notebook(waiting.pop(0)))
            time.sleep(0.2)
            for test in list(running):
                problem = test.problem(timeout)
                if problem is None: continue
                running.remove(test)
                report.add(f'notebook {test.path.relative_to(root)}', time.time() - test.began, problem)
    finally:
        for test in running: end(test.process)


def default_workers():
    "Two at a time where there is memory for two."
    memory = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    return 2 if memory >= 2 * MEMORY_EACH and (os.cpu_count() or 1) > 1 else 1


# ---- cluster: a scheduler and two workers, killed and started anew

def check_cluster(report, timeout):
    "The checks of test_cluster.py, in a process of its own."
    began = time.time()
    text, problem = run([sys.executable, root/'tools'/'test_cluster.py'], root, timeout)
    print(''.join(f'      {line}\n' for line in text.splitlines() if line.startswith('PASS')), end='', flush=True)
    report.add('batch stages on a cluster', time.time() - began, problem)


# ---- wheel: built from the sdist; the base alone is installed into an empty environment and used from another folder

LARGE = 'tensorflow', 'keras', 'mediapipe', 'scipy', 'matplotlib'  # packages of the extras that the base does without
CLUSTER = 'dask', 'distributed', 'fsspec', 'aiohttp', 'pyarrow'  # packages that only a cluster, a URL or Parquet needs
CPU_FACTOR = 10  # one cold `boneage assess` may take so many times the processor time of importing NumPy and OpenCV
CPU_RUNS = 3  # the median of these counts

DRAW = """
import sys, cv2
from boneage.films.phantom import phantom
sys.exit(not cv2.imwrite('hand.png', phantom(120, 'F', seed=3)))
"""
FOUND = "import importlib.util as u; print([name for name in {names} if u.find_spec(name)])"
ONE_ASSESS = """
import sys
opened = []
def watch(event, args):
    if event in ('socket.__new__', 'socket.getaddrinfo'):
        opened.append(event)
        raise OSError('assess may not open a socket')
sys.addaudithook(watch)

import cv2
film = cv2.imread('hand.png', cv2.IMREAD_GRAYSCALE)
import boneage
boneage.assess(film, 'F')
print([name for name in {names} if name in sys.modules] + sorted(set(opened)))
"""


def build_wheel(scratch, timeout):
    "Build sdist and wheel from a copy."
    command = [sys.executable, '-m', 'build', '--no-isolation', '--outdir', scratch/'dist']
    _, problem = run(command, copy_project(scratch/'project'), timeout)
    return problem


def check_contents(scratch, timeout):
    "Every file of the package is in the wheel: modules, subpackages, weights, the page where it was built."
    from zipfile import ZipFile
    wheel, = (scratch/'dist').glob('*.whl')
    missing = sorted({f'boneage/{name}' for name in file_hashes(root/'boneage')} - set(ZipFile(wheel).namelist()))
    if wheel.stat().st_size > LARGEST_WHEEL: return f'{wheel.name} has {wheel.stat().st_size / 1e6:.0f} MB'
    return f"not in {wheel.name}: {', '.join(missing)}" if missing else ''


def install_wheel(scratch, timeout):
    "Without extras: what somebody gets who only reads films."
    wheel, = (scratch/'dist').glob('*.whl')
    _, problem = run([sys.executable, '-m', 'venv', scratch/'venv'], scratch, timeout)
    if problem: return problem
    command = [scratch/'venv'/'bin'/'python', '-m', 'pip', 'install', '--quiet', '--quiet', '--no-input', '-c', root/'constraints.txt', wheel]
    _, problem = run(command, scratch, timeout)
    return problem


def prints_none(python, code, cwd, timeout):
    "A problem unless a Python program ends by printing an empty list."
    text, problem = run([python, '-c', code], cwd, timeout)
    found = text.strip().splitlines()[-1:]
    return problem if problem or found == ['[]'] else f'found: {text}'


def base_is_small(scratch, timeout):
    "The base brings none of the large packages."
    return prints_none(scratch/'venv'/'bin'/'python', FOUND.format(names=LARGE + CLUSTER), scratch, timeout)


def installed(*words):
    "A check that runs a command of the environment with the wheel, from an empty folder outside the project."
    def check(scratch, timeout):
        with tempfile.TemporaryDirectory() as elsewhere:
            return run([scratch/'venv'/'bin'/words[0], *words[1:]], elsewhere, timeout)[1]
    return check


def info_json(scratch, timeout):
    "The output is one JSON object."
    with tempfile.TemporaryDirectory() as elsewhere:
        command = [scratch/'venv'/'bin'/'boneage', 'info', '--json']
        done = subprocess.run(command, cwd=elsewhere, env=environment(), capture_output=True, text=True, timeout=timeout)
    if done.returncode: return f'{done.stderr}\nexit code {done.returncode}'
    try: return '' if isinstance(json.loads(done.stdout), dict) else f'not a JSON object: {done.stdout}'
    except json.JSONDecodeError as error: return f'not JSON ({error}): {done.stdout}'


def draw_phantom(scratch, timeout):
    "The hand that the next checks assess."
    (scratch/'films').mkdir()
    return run([scratch/'venv'/'bin'/'python', '-c', DRAW], scratch/'films', timeout)[1]


def assess_phantom(scratch, timeout):
    "A drawn hand is assessed, and the result holds an age in months."
    command = [scratch/'venv'/'bin'/'boneage', 'assess', 'hand.png', '--sex', 'F', '--json', 'result.json']
    _, problem = run(command, scratch/'films', timeout)
    if problem: return problem
    result = json.loads((scratch/'films'/'result.json').read_text(encoding='utf-8'))
    months = result[0].get('bone_age_months') if len(result) == 1 else None
    return '' if isinstance(months, (int, float)) and 0 <= months <= 240 else f'unexpected result: {result}'


def assess_imports_little(python):
    "A check that one assess in the environment of `python` (None: the wheel's) imports nothing large, nor pandas, and opens no socket."
    def check(scratch, timeout):
        code = ONE_ASSESS.format(names=(*LARGE, *CLUSTER, 'pandas'))
        return prints_none(python or scratch/'venv'/'bin'/'python', code, scratch/'films', timeout)
    return check


def cpu_seconds(command, cwd, timeout):
    "Processor time of a command and its children, user and system: the median of `CPU_RUNS`. Raises RuntimeError where it fails."
    times = []
    for _ in range(CPU_RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _, problem = run(command, cwd, timeout)
        if problem: raise RuntimeError(problem)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(times)


def assess_is_quick(scratch, timeout):
    "One cold assess against what it cannot do without. A ratio, since machines differ, and processor time, since others may use them."
    programs = scratch/'venv'/'bin'
    try:
        least = cpu_seconds([programs/'python', '-c', 'import numpy, cv2'], scratch/'films', timeout)
        taken = cpu_seconds([programs/'boneage', 'assess', 'hand.png', '--sex', 'F'], scratch/'films', timeout)
    except RuntimeError as error: return str(error)
    said = f'{taken:.2f} s of processor time, {taken / least:.1f} times the {least:.2f} s of importing NumPy and OpenCV'
    print(f'      {said}', flush=True)
    return '' if taken <= CPU_FACTOR * least else f'{said}: more than {CPU_FACTOR} times'


SERVE = """
from boneage.apps.live_server import app_server
app_server(0).server_close()
print([])
"""

def page_is_served(scratch, timeout):
    "Where the page was built, `boneage app` of the wheel has it."
    if not (root/'boneage'/'apps'/'live'/'index.html').is_file():
        print('      not tested: the page was not built, `make browser` builds it', flush=True)
        return ''
    return prints_none(scratch/'venv'/'bin'/'python', SERVE, scratch, timeout)


WHEEL_CHECKS = {
    'sdist and wheel build': build_wheel,
    'wheel holds every file of the package': check_contents,
    'wheel installs into an empty environment': install_wheel,
    f'that environment is without {", ".join(LARGE)}': base_is_small,
    'packages of that environment fit together': installed('python', '-m', 'pip', 'check'),
    'boneage --version': installed('boneage', '--version'),
    'boneage info --json': info_json,
    'the page for the browser is served': page_is_served,
    'a phantom is drawn': draw_phantom,
    'boneage assess on a phantom': assess_phantom,
    'one assess imports little and opens no socket': assess_imports_little(None),
    'nor where everything is installed': assess_imports_little(sys.executable),
    'one cold assess takes little processor time': assess_is_quick,
}
NEEDED = 'sdist and wheel build', 'wheel installs into an empty environment', 'a phantom is drawn'


def check_wheel(report, timeout):
    "The steps in order; without a wheel, its environment or a film the rest cannot run and counts as failed."
    scratch, stopped = root/'build'/'wheel-test', ''
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        for name, check in WHEEL_CHECKS.items():
            began = time.time()
            problem = f'not run: "{stopped}" failed' if stopped else check(scratch, timeout)
            report.add(name, time.time() - began, problem)
            if problem and name in NEEDED: stopped = stopped or name
    finally:
        print('tests: deleting the environment of the wheel (takes up to a minute)', flush=True)
        shutil.rmtree(scratch, ignore_errors=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('notebooks', nargs='*', type=Path, help='notebooks to test; nothing else runs then')
    parser.add_argument('--only', choices=GROUPS, action='append', help='a group; may be given more than once')
    parser.add_argument('--workers', type=int, default=default_workers(), help='notebooks at a time (here %(default)s)')
    parser.add_argument('--timeout', type=float, default=1200, help='seconds for one check (%(default)s)')
    args = parser.parse_args()
    for path in args.notebooks:
        if not path.is_file(): parser.error(f'no notebook {path}')
        if not path.resolve().is_relative_to(root): parser.error(f'{path} is not in {root}')
    if args.workers < 1 or args.timeout <= 0: parser.error('--workers and --timeout must be above 0')
    return args


def main():
    args = parse_arguments()
    groups = ['notebooks'] if args.notebooks else args.only or GROUPS
    report = Report()
    if 'export' in groups:
        check_unchanged(report, 'nbdev_export', 'boneage', args.timeout)
        check_order(report)
    if 'clean' in groups: check_unchanged(report, 'nbdev_clean', 'nbs', args.timeout)
    if 'readme' in groups: check_readme(report, args.timeout)
    if 'browser' in groups: check_browser(report, args.timeout)
    if 'notebooks' in groups:
        paths = [path.resolve() for path in args.notebooks] or notebooks()
        check_notebooks(report, paths, args.workers, args.timeout)
    if 'cluster' in groups: check_cluster(report, args.timeout)
    if 'docs' in groups: check_docs(report, args.timeout)
    if 'wheel' in groups: check_wheel(report, args.timeout)
    return report.close()


if __name__ == '__main__': sys.exit(main())
