"""Build the site into _docs/ without Quarto: nbdev processes the notebooks, smalldocs renders what `_quarto.yml` describes.

The work is done in a copy outside the project, so that nothing but _docs/ changes. Exits with 1 where smalldocs warns,
which it does for a broken link, and where text of a notebook would be lost.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tree import copy_project, notebooks, root

OUTPUT_NAME = re.compile(r'^output-file:\s*(\S+)\.html\n', re.M)  # written by nbdev into the first cell


def process_notebooks(project):
    """nbdev's own steps before Quarto: modules, index of symbols, nbdev.yml, sidebar.yml, processed notebooks.
    Returns their folder and the address of the published site."""
    subprocess.run([Path(sys.executable).parent/'nbdev_export'], cwd=project, check=True)
    os.chdir(project)
    os.environ['PYTHONPATH'] = str(project)  # notebooks are processed in new processes: let them read the copy
    sys.path.insert(0, str(project))
    from nbdev.config import get_config
    from nbdev.quarto import nbdev_sidebar, refresh_quarto_yml
    from nbdev.serve import proc_nbs
    config = get_config()
    refresh_quarto_yml()
    nbdev_sidebar.__wrapped__(path=config.nbs_path)
    try: folder = proc_nbs(config.nbs_path, n_workers=min(2, os.cpu_count() or 1))
    except Exception as error:
        sys.exit(f'{error}\n\ndocs: this cell failed. For the docs nbdev runs exported cells and every cell that holds an import, '
                 'and no other: keep imports in cells of their own.')
    return Path(folder), f'{config.doc_host}{config.doc_baseurl}/'


def lost_text(path):
    """nbdev makes the title, the first line of the promise (`> ...`) and `- key: value` of the first Markdown cell into front
    matter and drops the rest of that cell: the first line that would be lost, or ''."""
    cells = json.loads(path.read_text(encoding='utf-8'))['cells']
    sources = [''.join(cell['source']) for cell in cells if cell['cell_type'] == 'markdown']
    first = next((source for source in sources if re.search(r'^#\s+\S', source, re.M)), '')
    rest = re.sub(r'^#\s+\S.*$', '', first, count=1, flags=re.M)
    rest = re.sub(r'^>\s+\S.*$', '', rest, count=1, flags=re.M)
    rest = re.sub(r'^-\s+\S.*:.*\S\s*$', '', rest, flags=re.M)
    return next((line for line in rest.splitlines() if line.strip()), '')


def check_titles(project):
    "A warning for each notebook that would lose text."
    lost = {path: lost_text(path) for path in notebooks(project)}
    return [f'{path.relative_to(project)}: the docs drop "{line}": start a new cell after the title and its one-line promise'
            for path, line in lost.items() if line]


def page_name(notebook):
    "Take nbdev's `output-file: dataset.html` out of a processed notebook, which smalldocs does not read; '' where there is none."
    first = notebook['cells'][0]
    source = ''.join(first['source'])
    found = OUTPUT_NAME.search(source)
    first['source'] = OUTPUT_NAME.sub('', source)
    return found[1] if found else ''


def new_links(text, names):
    "`text` with the old file names replaced where Markdown or YAML links to them."
    for old, new in names.items():
        text = re.sub(rf'(?<=[/(\s]){re.escape(old)}(?=[)#\s]|\\n)', new, text)
    return text


def rename_pages(folder, site_url):
    """Give each notebook the name of its page (00_dataset.ipynb: dataset), as Quarto does, and follow it in sidebar and links.
    nbdev's links to the published site become links inside this one."""
    names = {}
    for path in sorted(folder.rglob('*.ipynb')):
        notebook = json.loads(path.read_text(encoding='utf-8'))
        name = f'{page_name(notebook) or path.stem}.ipynb'
        if name != path.name: names[path.name] = name
        path.write_text(json.dumps(notebook, ensure_ascii=False), encoding='utf-8')
        path.rename(path.with_name(name))
    for path in [folder/'sidebar.yml', *folder.rglob('*.ipynb')]:
        up = '../' * (len(path.relative_to(folder).parts) - 1)
        text = new_links(path.read_text(encoding='utf-8'), names).replace(site_url, up)
        path.write_text(text, encoding='utf-8')


def render(folder, target):
    "smalldocs renders `folder`; the site takes the place of `target`. Returns the warnings."
    from smalldocs.site import build
    site = build(folder, quiet=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.move(site.out, target)
    return site.warnings


def add_live_tool():
    "The page that reads films, into _docs/live."
    if not shutil.which('npm'): return print('docs: without the live tool, since npm is missing')
    subprocess.run([sys.executable, root/'tools'/'build_browser.py', '--site', root/'_docs'/'live'], check=True)


def main():
    with tempfile.TemporaryDirectory(prefix='boneage-docs-') as scratch:
        project = copy_project(Path(scratch).resolve()/'project')
        print('docs: processing the notebooks', flush=True)
        pages, site_url = process_notebooks(project)
        rename_pages(pages, site_url)
        print('docs: rendering', flush=True)
        warnings = check_titles(project) + render(pages, root/'_docs')
        os.chdir(root)
    add_live_tool()
    for page in sorted((root/'_docs').rglob('*.html')): print(page.relative_to(root))
    for warning in warnings: print(f'warning: {warning}')
    print(f"docs: the site is in _docs/, {len(warnings)} warnings; open _docs/index.html")
    return 1 if warnings else 0


if __name__ == '__main__': sys.exit(main())
