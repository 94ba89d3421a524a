"""What the test runner and the docs build share: a copy of the project, and what differs between two folders."""
import hashlib
import shutil
from pathlib import Path

root = Path(__file__).resolve().parent.parent
PARTS = ('boneage', 'nbs', 'settings.ini', 'setup.py', 'pyproject.toml', 'MANIFEST.in', 'constraints.txt', '_quarto.yml',
         'README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md')
LEFT_OUT = shutil.ignore_patterns('__pycache__', '.ipynb_checkpoints', '*.pyc')


def copy_project(folder):
    "Copy the sources of the project, committed or not, to `folder`: tools then work there and leave the tree as it is."
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in PARTS:
        source = root/name
        if source.is_dir(): shutil.copytree(source, folder/name, symlinks=True, ignore=LEFT_OUT)
        elif source.exists(): shutil.copy2(source, folder/name)
    return folder


def file_hashes(folder):
    "sha256 of every file under `folder`, by its path from there; caches are left out."
    files = [path for path in Path(folder).rglob('*') if path.is_file()]
    files = [path for path in files if not {'__pycache__', '.ipynb_checkpoints'} & set(path.parts)]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def differences(before, after):
    "Paths that two results of `file_hashes` do not have in common, sorted."
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def notebooks(project=root):
    "Every notebook that nbdev tests, in order of name; folders beginning with _ or . are left out."
    found = (project/'nbs').rglob('*.ipynb')
    return sorted(path for path in found if not any(part[0] in '_.' for part in path.relative_to(project).parts))
