"""Write README.md from nbs/index.ipynb, as nbdev_readme does but without Quarto: text, code and stored outputs.

Figures go to nbs/images/. With --check nothing is written, and the exit code is 1 where README.md is not what the notebook says.
"""
import argparse
import configparser
import re
import sys
from pathlib import Path

import nbformat
from nbconvert import MarkdownExporter
from traitlets.config import Config

from tree import root

IMAGES = Path('nbs/images')
HEAD = '<!-- Written by tools/build_readme.py from nbs/index.ipynb: edit the notebook, then `make readme`. -->\n\n'


def tag_cells(notebook):
    "Turn nbdev's directives (`#| hide`, `#| echo: false`) into the tags that nbconvert knows, and take their lines out."
    notebook.metadata['language_info'] = {'name': 'python'}  # taken out by nbdev_clean, wanted by the code fences
    for cell in notebook.cells:
        if cell.cell_type != 'code': continue
        lines = cell.source.splitlines()
        directives = {line.removeprefix('#|').replace(' ', '') for line in lines if line.startswith('#|')}
        cell.source = '\n'.join(line for line in lines if not line.startswith('#|'))
        cell.metadata['tags'] = sorted(directives & {'hide', 'echo:false'})
    return notebook


def pictures_in(cell):
    "The outputs of a cell that become pictures."
    return [output for output in cell.get('outputs', []) if any(kind.startswith('image/') for kind in output.get('data', {}))]


def readme_files(path):
    "The text of the README and its figures: a dictionary of bytes by path from the project's root."
    config = Config({'TagRemovePreprocessor': {'enabled': True, 'remove_cell_tags': ['hide'], 'remove_input_tags': ['echo:false']}})
    exporter = MarkdownExporter(config=config)
    notebook = nbformat.read(path, as_version=4)
    described = [re.search(r'^#\| fig-alt: (.+)$', cell.source, re.M) for cell in notebook.cells]
    notebook = tag_cells(notebook)
    words = [found[1] if found else None for cell, found in zip(notebook.cells, described)
             if 'hide' not in cell.metadata.get('tags', []) for picture in pictures_in(cell)]
    text, resources = exporter.from_notebook_node(notebook, {'output_files_dir': str(IMAGES), 'unique_key': 'index'})
    before, *after = re.split(r'!\[(?:png|jpeg|svg)\]\(', text)
    if None in words or len(words) != len(after):
        sys.exit(f'readme: {len(after)} pictures, {len(words) - words.count(None)} described: each wants a line `#| fig-alt: ...` in its cell')
    text = before + ''.join(f'![{word}]({rest}' for word, rest in zip(words, after))
    lines = [line.rstrip() for line in text.strip().splitlines()]
    body = HEAD + '\n'.join(line for number, line in enumerate(lines) if line or lines[number - 1]) + '\n'
    return {'README.md': body.encode(), **resources['outputs']}


def citation_problem():
    "What CITATION.cff has to say otherwise than settings.ini, or ''."
    settings = configparser.ConfigParser(delimiters=['='])
    settings.read(root/'settings.ini', encoding='utf-8')
    version = settings['DEFAULT']['version']
    same = re.search(rf'^version: {re.escape(version)}$', (root/'CITATION.cff').read_text(encoding='utf-8'), re.M)
    return '' if same else f'CITATION.cff: not version {version} of settings.ini: write it there, with its date'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='compare, write nothing')
    args = parser.parse_args()
    files = readme_files(root/'nbs'/'index.ipynb')
    changed = [name for name, content in files.items() if not (root/name).is_file() or (root/name).read_bytes() != content]
    if args.check:
        if changed: print(f"{', '.join(changed)}: not what nbs/index.ipynb says: run `make readme`")
        problem = citation_problem()
        if problem: print(problem)
        return 1 if changed or problem else 0
    for name in changed:
        (root/name).parent.mkdir(exist_ok=True)
        (root/name).write_bytes(files[name])
    print(f"readme: {', '.join(changed) or 'nothing'} changed")
    return 0


if __name__ == '__main__': sys.exit(main())
