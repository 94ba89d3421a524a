"""What the test runner and the docs build share: a copy of the project, and what differs between two folders."""
import ast
import hashlib
import re
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


def module_order(project=root):
    "The modules in the order in which CONTRIBUTING.md says that data flows."
    text = (project/'CONTRIBUTING.md').read_text(encoding='utf-8')
    flow = text[text.index('    basics →'):text.index('One table goes through')]
    def spelled_out(match): return ' → '.join(f'{match[1]}.{name.strip()}' for name in match[2].split('→'))
    return [name.strip() for name in re.sub(r'(\w+) \(([^)]*)\)', spelled_out, flow).split('→')]


def imported(path, package):
    "The modules of the package that a module imports anywhere, by their names inside the package."
    folders = path.relative_to(package).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if not isinstance(node, ast.ImportFrom): continue
        if not node.level and node.module.split('.')[0] != package.name: continue
        parts = [*folders[:len(folders) - node.level + 1], node.module] if node.level else node.module.split('.')[1:]
        name = '.'.join(filter(None, parts))
        yield from [name, *(f'{name}.{one.name}'.lstrip('.') for one in node.names)]


def out_of_order(project=root):
    "A sentence for every module that is missing in the order, or imports one that stands behind it."
    package, places = project/'boneage', {name: place for place, name in enumerate(module_order(project))}
    found = {'.'.join(path.relative_to(package).with_suffix('').parts): path for path in sorted(package.rglob('*.py'))
             if not path.stem.startswith('_')}
    yield from (f'CONTRIBUTING.md: {name} is in one of order and package only' for name in places.keys() ^ found.keys())
    for name, path in found.items():
        for other in set(imported(path, package)) & places.keys():
            if places[other] >= places.get(name, 0): yield f'CONTRIBUTING.md: {name} imports {other}, which stands behind it'
