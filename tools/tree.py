"""What the test runner and the docs build share: a copy of the project, and what differs between two folders."""
import ast
import hashlib
import re
import shutil
from functools import cache
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


def imports(path):
    "What a file imports anywhere: (dots before it, module, name), the name empty for `import module`."
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import): yield from ((0, one.name, '') for one in node.names)
        if isinstance(node, ast.ImportFrom): yield from ((node.level, node.module or '', one.name) for one in node.names)


@cache
def rooms_by_name(package):
    "The module behind each name that `import boneage` offers."
    for node in ast.walk(ast.parse((package/'__init__.py').read_text(encoding='utf-8'))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '_ROOMS': return ast.literal_eval(node.value)
    return {}


def imported(path, package):
    "The modules of the package that a module imports anywhere, by their names inside the package."
    folders, rooms = path.relative_to(package).parts[:-1], rooms_by_name(package)
    for level, module, name in imports(path):
        if not level and module.split('.')[0] != package.name: continue
        parts = [*folders[:len(folders) - level + 1], module] if level else module.split('.')[1:]
        place = '.'.join(filter(None, parts))
        yield from [place, f'{place}.{name}'.strip('.'), *([rooms[name]] if not place and name in rooms else [])]


@cache
def defined(path):
    "The names at the top of a module, also those inside `if`, `with` and `try` there."
    names, waiting = set(), list(ast.parse(path.read_text(encoding='utf-8')).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)): names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {one.asname or one.name.split('.')[0] for one in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            names |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        else: waiting += [one for field in ('body', 'handlers', 'orelse', 'finalbody') for one in getattr(node, field, [])]
    return names


def missing_imports(project=root):
    "A sentence for every name that a tool or a benchmark imports from the package and that is not there."
    package = project/'boneage'
    rooms = rooms_by_name(package)
    for path in [*(project/'tools').glob('*.py'), *(project/'benchmarks').glob('*.py')]:
        for _, module, name in imports(path):
            parts = module.split('.')
            if parts[0] != package.name: continue
            place = package.joinpath(*parts[1:])
            file = place.with_suffix('.py') if place.with_suffix('.py').is_file() else place/'__init__.py'
            there = file.is_file() and (not name or name in defined(file) | rooms.keys() or (place/f'{name}.py').is_file())
            if not there: yield f'{path.relative_to(project)}: there is no {f"{name} in " if name else ""}{module}'


def without_notebook(project=root):
    "A sentence for every exported module whose notebook is gone: nbdev_export leaves it there, and it can be edited by hand."
    for path in sorted((project/'boneage').rglob('*.py')):
        found = re.search(r'^# AUTOGENERATED! DO NOT EDIT! File to edit: (.*)\.$', path.read_text(encoding='utf-8'), re.M)
        notebook = found and (path.parent/found[1])
        if path.stem.startswith('_'): continue
        if not found or not notebook.is_file(): yield f'{path.relative_to(project)} has no notebook: remove it'


def out_of_order(project=root):
    "A sentence for every module that is missing in the order, or imports one that stands behind it."
    package, places = project/'boneage', {name: place for place, name in enumerate(module_order(project))}
    found = {'.'.join(path.relative_to(package).with_suffix('').parts): path for path in sorted(package.rglob('*.py'))
             if not path.stem.startswith('_')}
    yield from (f'CONTRIBUTING.md: {name} is in one of order and package only' for name in places.keys() ^ found.keys())
    for name, path in found.items():
        for other in set(imported(path, package)) & places.keys():
            if places[other] >= places.get(name, 0): yield f'CONTRIBUTING.md: {name} imports {other}, which stands behind it'
