"""Make .venv with the pinned packages of constraints.txt and this project, editable. `make` calls it when needed."""
import subprocess
import sys
import time
from pathlib import Path

root = Path(__file__).resolve().parent.parent
venv = root/'.venv'
python = venv/'bin'/'python'
log = venv/'setup.log'
MODULES = 'cv2', 'ai_edge_litert.interpreter', 'nbdev', 'smalldocs'  # imported once at the end: what breaks most often
WHERE_INSTALLED = 'mediapipe',  # imported too where there is a wheel: not on Python 3.13


def stop(sentence):
    sys.exit(f'set-up: {sentence}')


def check_python():
    "constraints.txt pins versions for these three Pythons only."
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        stop(f'boneage needs Python 3.11, 3.12 or 3.13, this is {sys.version.split()[0]}: '
             'install python3.11 with its venv module, then run `make PYTHON=python3.11`.')


def same_python():
    "Is there a working .venv of the Python that runs this script?"
    if not python.exists(): return False
    code = 'import sys; print(sys.version_info[:2])'
    answer = subprocess.run([python, '-c', code], capture_output=True, text=True)
    return answer.stdout.strip() == str(sys.version_info[:2])


def make_venv():
    if same_python(): return
    print(f'set-up: making .venv with Python {sys.version.split()[0]}', flush=True)
    answer = subprocess.run([sys.executable, '-m', 'venv', '--clear', venv], capture_output=True, text=True)
    if answer.returncode: stop('Python could not make a virtual environment (on Debian: `apt-get install python3-venv`).\n'
                               + answer.stdout + answer.stderr)


def pip_install(what, *args):
    print(f'set-up: installing {what}', flush=True)
    command = [python, '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '-c', 'constraints.txt', *args]
    with log.open('a', encoding='utf-8') as out:
        failed = subprocess.run(command, cwd=root, stdout=out, stderr=subprocess.STDOUT).returncode
    if failed:
        errors = [line for line in log.read_text(encoding='utf-8').splitlines() if not line.startswith('WARNING')]
        print('\n'.join(errors[-20:]))
        stop(f'pip could not install {what}; the whole log is in {log.relative_to(root)}.')


def check_venv():
    print('set-up: checking the packages', flush=True)
    answer = subprocess.run([python, '-m', 'pip', 'check'], capture_output=True, text=True)
    if answer.returncode: stop(f'packages do not fit together:\n{answer.stdout}')
    code = (f'import importlib, importlib.util as u; names = [*{MODULES}, *filter(u.find_spec, {WHERE_INSTALLED})]\n'
            'for name in names: importlib.import_module(name)')
    answer = subprocess.run([python, '-c', code], capture_output=True, text=True)
    if answer.returncode == 0: return
    if 'cannot open shared object file' in answer.stderr:
        stop('a system library that OpenCV needs is missing: `apt-get install libgl1 libglib2.0-0`.\n'
             + answer.stderr.strip().splitlines()[-1])
    stop(f'a package does not import:\n{answer.stderr}')


def main():
    check_python()
    start = time.time()
    make_venv()
    log.unlink(missing_ok=True)
    pip_install('the build tools', 'setuptools')
    pip_install('boneage and its pinned packages (about 3 GB with TensorFlow, takes minutes)', '--no-build-isolation', '--editable', '.[dev]')
    check_venv()
    print(f'set-up: .venv is ready after {time.time() - start:.0f} s')


if __name__ == '__main__': main()
