"""How much do the tests notice? Small faults go into exported code, one at a time, and the notebook is tested.

    python tools/mutate.py nbs/00_basics.ipynb nbs/05_answer.ipynb            20 faults, drawn at random
    python tools/mutate.py nbs/07_evaluation.ipynb --count 60 --seed 2        others, and more
    python tools/mutate.py nbs/07_evaluation.ipynb --count 60 --seed 2 --again   those that nobody noticed, once more

A fault is another comparison, another operator, a number that is 1 or a tenth off, a turned condition, a statement
left out, two arguments swapped, `and` for `or`, or another text. Everything happens in a copy of the project: the
fault is put into the cell and exported, because a notebook tests its own definitions and other processes import the
module. A fault is *killed* where the test fails, and *timed out* where that takes more than three times as long as it
should. One that *survived* either changes nothing that anybody can see, or shows what no test looks at.

Results go to build/mutants.csv (--out) as they come. The same call goes on where it was stopped: the seed draws the
same faults as long as the exported cells are the same. A fault can make code write where it should not: the tests
work in temporary folders, so do not run this as a user who may do harm. Notebooks that are tested in seconds are
worth it; a fault in one that trains takes minutes.
"""
import argparse
import ast
import copy
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from nbdev.export import nb_export

from run_tests import end, environment
from tree import copy_project, root

PATIENCE = 3  # times the normal time of a notebook
LEAST_TIME = 30  # seconds, however quick a notebook is: a machine that does other things is slow now and then
NUMBER_STEP = 1.1  # a float times this

COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
               ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
              ast.Mod: ast.Mult, ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
              ast.LShift: ast.RShift, ast.RShift: ast.LShift}
SIGNS = {ast.USub: ast.UAdd, ast.UAdd: ast.USub}
DROPPED = ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Raise, ast.Delete, ast.Continue, ast.Break


@dataclass(frozen=True)
class Mutant:
    "A fault: one place of one cell, before and after. The same fields are columns of the results."
    file: str
    cell: str
    line: int  # in the cell, from 1
    kind: str
    before: str  # the lines that change
    after: str
    source: str  # of the whole cell with the fault; not in the results

    @property
    def key(self): return self.file, self.cell, str(self.line), self.after


COLUMNS = [field.name for field in fields(Mutant)][:-1] + ['outcome', 'seconds']


# ---- faults of one node of the syntax tree: a kind, and what stands there instead

def changed(node, **values):
    "A copy of a node with other parts, as source in brackets."
    node = copy.copy(node)
    for name, value in values.items(): setattr(node, name, value)
    return f'({ast.unparse(node)})'


def of_compare(node):
    for place, operator in enumerate(node.ops):
        operators = list(node.ops)
        operators[place] = COMPARISONS[type(operator)]()
        yield 'comparison', changed(node, ops=operators)


def of_binary(node):
    other = ARITHMETIC.get(type(node.op))
    if other: yield 'arithmetic', changed(node, op=other())


def of_unary(node):
    if isinstance(node.op, ast.Not): yield 'negation', f'({ast.unparse(node.operand)})'
    elif type(node.op) in SIGNS: yield 'arithmetic', changed(node, op=SIGNS[type(node.op)]())


def of_logic(node):
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield 'and/or', changed(node, op=other())


def of_constant(node):
    value = node.value
    if isinstance(value, bool): yield 'negation', repr(not value)
    elif isinstance(value, int): yield from (('number', f'({value + step})') for step in (1, -1))
    elif isinstance(value, float): yield 'number', repr(value * NUMBER_STEP if value else 0.1)
    elif isinstance(value, str): yield 'text', repr('' if value else 'mutant')


def of_call(node):
    if getattr(node.func, 'id', '') in ('min', 'max') or any(isinstance(one, ast.Starred) for one in node.args): return
    for place in range(len(node.args) - 1):
        arguments = list(node.args)
        arguments[place], arguments[place + 1] = arguments[place + 1], arguments[place]
        yield 'arguments', changed(node, args=arguments)


def of_condition(node):
    if isinstance(node, ast.Compare): return  # to turn it would be another comparison
    yield 'negation', f'(not ({ast.unparse(node)}))'


FAULTS = {ast.Compare: of_compare, ast.BinOp: of_binary, ast.UnaryOp: of_unary, ast.BoolOp: of_logic,
          ast.Constant: of_constant, ast.JoinedStr: lambda node: [('text', "''")], ast.Call: of_call}


# ---- faults of a cell

def docstring(node):
    "The node of a docstring, which no test need notice; None where there is none."
    body = getattr(node, 'body', None)
    if not isinstance(body, list) or not body or not isinstance(body[0], ast.Expr): return None
    return body[0] if isinstance(getattr(body[0].value, 'value', None), str) else None


def nodes(node):
    "Every node to change: no docstrings, types or imports; nothing in an f-string, whose places Python 3.11 hides."
    left_out = {id(docstring(node)), id(getattr(node, 'annotation', None)), id(getattr(node, 'returns', None))}
    for child in ast.iter_child_nodes(node):
        if id(child) in left_out or isinstance(child, (ast.Import, ast.ImportFrom)): continue
        yield child
        if not isinstance(child, ast.JoinedStr): yield from nodes(child)


def faults(tree):
    "A node, a kind, and its new source, for everything that can be changed."
    for node in nodes(tree):
        for kind, new in FAULTS.get(type(node), lambda node: ())(node): yield node, kind, new
        if isinstance(node, DROPPED): yield node, 'statement', 'pass'
        condition = getattr(node, 'test', None)
        if condition is not None: yield from ((condition, kind, new) for kind, new in of_condition(condition))


def replaced(source, node, new):
    "The source with a node replaced, the lines that change, and what they become. Python counts columns in bytes."
    lines = source.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, node.end_lineno - 1
    before = b''.join(lines[first:last + 1])
    after = before[:node.col_offset] + new.encode() + lines[last][node.end_col_offset:]
    text = b''.join([*lines[:first], after, *lines[last + 1:]])
    return text.decode(), before.decode().strip(), after.decode().strip()


def is_exported(cell):
    flags = [line.replace(' ', '') for line in ''.join(cell['source']).splitlines() if line.startswith('#|')]
    return cell['cell_type'] == 'code' and any(flag.startswith(('#|export', '#|exporti')) for flag in flags)


def mutants_of(file):
    "Every mutant of a notebook that is still Python, each once."
    found = {}
    for cell in json.loads((root/file).read_text(encoding='utf-8'))['cells']:
        if not is_exported(cell): continue
        source = ''.join(cell['source'])
        for node, kind, new in faults(ast.parse(source)):
            text, before, after = replaced(source, node, new)
            mutant = Mutant(file, cell['id'], node.lineno, kind, before, after, text)
            if before != after and parses(text): found.setdefault(mutant.key, mutant)
    return list(found.values())


def parses(source):
    try: return bool(ast.parse(source))
    except SyntaxError: return False


def draw(files, count, seed):
    "Some mutants: a notebook, a kind and a place by chance, so that common kinds leave room for others."
    chance, left = random.Random(seed), {}
    for file in files:
        for mutant in mutants_of(file): left.setdefault(file, {}).setdefault(mutant.kind, []).append(mutant)
    drawn = []
    while left and len(drawn) < count:
        kinds = left[file := chance.choice(list(left))]
        places = kinds[kind := chance.choice(list(kinds))]
        drawn.append(places.pop(chance.randrange(len(places))))
        if not places: del kinds[kind]
        if not kinds: del left[file]
    return drawn


# ---- testing

def put(project, file, content):
    "Write a notebook of the copy, and export it, for what imports the module."
    (project/file).write_text(content, encoding='utf-8')
    nb_export(project/file, lib_path=project/'boneage')


def with_fault(content, mutant):
    "A notebook, as text, with the source of one cell replaced."
    notebook = json.loads(content)
    for cell in notebook['cells']:
        if cell['id'] == mutant.cell: cell['source'] = mutant.source.splitlines(keepends=True)
    return json.dumps(notebook)


def test(project, file, timeout=None):
    "Test a notebook of the copy: 'survived', 'killed' or 'timed out', and the seconds it took."
    began = time.time()
    with tempfile.TemporaryDirectory(dir=project.parent, ignore_cleanup_errors=True) as scratch:
        surroundings = environment() | {'PYTHONPATH': str(project), 'PYTHONDONTWRITEBYTECODE': '1', 'TMPDIR': scratch}
        command = [sys.executable, root/'tools'/'run_notebook.py', project/file]
        process = subprocess.Popen(command, cwd=(project/file).parent, env=surroundings, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        try: outcome = 'killed' if process.wait(timeout) else 'survived'
        except subprocess.TimeoutExpired: outcome = 'timed out'
        finally: end(process)
    return outcome, time.time() - began


def normal_times(project, files):
    "Seconds that each notebook takes as it is; ends the program where one fails already."
    times = {}
    for file in files:
        outcome, times[file] = test(project, file)
        if outcome != 'survived': sys.exit(f'{file} fails as it is: mend it first.')
        print(f'{file} takes {times[file]:.0f} s', flush=True)
    return times


def read_results(path):
    "Rows of an earlier call by their keys."
    if not path.is_file(): return {}
    with open(path, newline='', encoding='utf-8') as file: rows = list(csv.DictReader(file))
    return {(row['file'], row['cell'], row['line'], row['after']): row for row in rows}


def save_results(path, results):
    "Write all rows; a call that is stopped leaves the old file or the new one."
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    with open(part, 'w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(results.values())
    os.replace(part, path)


def run_mutants(mutants, results, out):
    "Test those mutants, saving after each."
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        project = copy_project(Path(scratch)/'project')
        times = normal_times(project, sorted({mutant.file for mutant in mutants}))
        for number, mutant in enumerate(mutants, 1):
            content = (project/mutant.file).read_text(encoding='utf-8')
            put(project, mutant.file, with_fault(content, mutant))
            outcome, seconds = test(project, mutant.file, max(PATIENCE * times[mutant.file], LEAST_TIME))
            put(project, mutant.file, content)
            row = {name: value for name, value in asdict(mutant).items() if name in COLUMNS}
            results[mutant.key] = row | {'outcome': outcome, 'seconds': f'{seconds:.1f}'}
            save_results(out, results)
            print(f'{number}/{len(mutants)} {outcome}: {mutant.file} {mutant.cell} line {mutant.line}', flush=True)


def print_table(mutants, results):
    "How many of each outcome in each notebook, then what survived."
    outcomes = 'killed', 'timed out', 'survived'
    rows = [results[mutant.key] for mutant in mutants if mutant.key in results]
    print(f"\n{'notebook':32}" + ''.join(f'{outcome:>10}' for outcome in outcomes))
    for file in [*sorted({row['file'] for row in rows}), 'all']:
        here = [row['outcome'] for row in rows if file in (row['file'], 'all')]
        counts = [here.count(outcome) for outcome in outcomes]
        print(f'{file:32}' + ''.join(f'{count:10}' for count in counts))
    for row in rows:
        if row['outcome'] != 'survived': continue
        print(f"\n{row['file']} {row['cell']} line {row['line']}\n- {row['before']}\n+ {row['after']}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('notebooks', nargs='+', type=Path, help='notebooks whose exported code gets the faults')
    parser.add_argument('--count', type=int, default=20, help='faults (%(default)s)')
    parser.add_argument('--seed', type=int, default=1, help='of the draw (%(default)s)')
    parser.add_argument('--out', type=Path, default=root/'build'/'mutants.csv', help='the results (build/mutants.csv)')
    parser.add_argument('--again', action='store_true', help='test those that survived once more')
    args = parser.parse_args()
    for path in args.notebooks:
        if not path.is_file() or root not in path.resolve().parents: parser.error(f'no notebook {path} in this project')
    if args.count < 1: parser.error('--count must be above 0')
    return args


def main():
    args = parse_arguments()
    mutants = draw([path.resolve().relative_to(root).as_posix() for path in args.notebooks], args.count, args.seed)
    results = read_results(args.out)
    wanted = {None, 'survived'} if args.again else {None}
    waiting = [mutant for mutant in mutants if results.get(mutant.key, {}).get('outcome') in wanted]
    if waiting: run_mutants(waiting, results, args.out)
    print_table(mutants, results)


if __name__ == '__main__': main()
