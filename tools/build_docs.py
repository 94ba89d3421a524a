"""Build the site into _docs/: nbdev processes the notebooks, docs_pages.py makes them fit for a reader, and smalldocs renders what
`_quarto.yml` describes, or Quarto itself does (--quarto).

The work is done in a copy outside the project, so that nothing but _docs/ changes. Exits with 1 where smalldocs warns, which it does
for a broken link, where text of a notebook would be lost, where a page is not in the sidebar, and where the live tool cannot be built.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from docs_pages import Outline, command_page, settle
from tree import copy_project, notebooks, root

OUTPUT_NAME = re.compile(r'^output-file:\s*(\S+)\.html\n', re.M)  # written by nbdev into the first cell

NO_LIVE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>The live tool</title>
<body style="font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem"><h1>The live tool</h1>
<p>It is not part of this build of the site: <code>make docs</code> builds it where Node and npm are installed.
<code>boneage app</code> serves it on this machine.</p><p><a href="../index.html">Back to the site</a></p></body></html>
"""


def process_notebooks(project):
    """nbdev's own steps before Quarto: modules, index of symbols, nbdev.yml, processed notebooks.
    Returns their folder and the address of the published site."""
    subprocess.run([Path(sys.executable).parent/'nbdev_export'], cwd=project, check=True)
    os.chdir(project)
    os.environ['PYTHONPATH'] = str(project)  # notebooks are processed in new processes: let them read the copy
    sys.path.insert(0, str(project))
    from nbdev.config import get_config
    from nbdev.quarto import refresh_quarto_yml
    from nbdev.serve import proc_nbs
    config = get_config()
    refresh_quarto_yml()
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


def order_sidebar(folder):
    "Write the sidebar of `_quarto.yml` without patterns. Returns a warning for each page that is not in it."
    pages = sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*.ipynb'))
    config = yaml.safe_load((folder/'_quarto.yml').read_text(encoding='utf-8'))
    sidebar = config['website']['sidebar']
    sidebar['contents'], missing = Outline(pages).build(sidebar['contents'])
    (folder/'_quarto.yml').write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding='utf-8')
    return [f'{page} is not in the sidebar: give it a place in _quarto.yml' for page in missing]


def make_pages(folder, site_url):
    """Make the notebooks fit for a reader and give each the name of its page (00_dataset.ipynb: dataset), followed in sidebar and links.
    nbdev's links to the published site become links inside this one. Returns how many pictures have no words of their own, and a warning
    for each page that would take another's place."""
    names, borrowed, pages = {}, 0, {}
    for path in sorted(folder.rglob('*.ipynb')):
        notebook = json.loads(path.read_text(encoding='utf-8'))
        name = f'{page_name(notebook) or path.stem}.ipynb'
        try: borrowed += settle(notebook)
        except ValueError as error: sys.exit(f'docs: {path.relative_to(folder)}: {error}')
        if name != path.name: names[path.name] = name
        path.write_text(json.dumps(notebook, ensure_ascii=False), encoding='utf-8')
        pages.setdefault(path.with_name(name), []).append(path)
    clashes = [f'{" and ".join(path.name for path in paths)} would both be the page {page.relative_to(folder).with_suffix("")}: rename one'
               for page, paths in pages.items() if len(paths) > 1]
    if folder/'command.ipynb' in pages: clashes.append('a notebook would be the page command, which is made from the command: rename it')
    for page, paths in pages.items(): paths[-1].rename(page.with_suffix('.page'))  # two steps: a name may be another page's old one
    for page in pages: page.with_suffix('.page').rename(page)
    for path in [folder/'_quarto.yml', *folder.rglob('*.ipynb')]:
        up = '../' * (len(path.relative_to(folder).parts) - 1)
        text = new_links(path.read_text(encoding='utf-8'), names).replace(site_url, up or './')
        text = re.sub(rf'{re.escape(str(folder.parent.parent))}/(project/)?', '', text)  # where this build runs, in a default of a signature
        path.write_text(text, encoding='utf-8')
    return borrowed, clashes


def write_command_page(folder):
    "The full reference of the command, from its own help."
    from boneage.cli import main as command
    (folder/'command.md').write_text(command_page(command, 'boneage'), encoding='utf-8')


def render_small(folder):
    "smalldocs renders `folder`. Returns the site and the warnings."
    from smalldocs.site import build
    site = build(folder, quiet=True)
    return site.out, site.warnings


def render_quarto(folder):
    "Quarto renders `folder`, without running anything. Returns the site and no warnings: what it prints is for people."
    subprocess.run(['quarto', 'render', '--no-execute'], cwd=folder, check=True)
    return folder/'_docs', []


def add_live(site):
    "The live tool in place of the page that says it is not there. Returns a warning where it should have been built and was not."
    builder = root/'tools'/'build_browser.py'
    if not shutil.which('npm'):
        print('docs: without the live tool, which wants Node and npm')
        return []
    folder = site.parent/'live-tool'
    if subprocess.run([sys.executable, builder, '--site', folder]).returncode: return ['the live tool was not built: see above']
    shutil.rmtree(site/'live')
    shutil.move(folder, site/'live')
    return []


def is_site(folder):
    "Whether a folder is one that this tool filled, and may replace."
    return all((folder/name).is_file() for name in ('index.html', 'rooms.html', 'command.html', 'live/index.html'))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=root/'_docs', help='folder of the site, replaced (default: _docs)')
    parser.add_argument('--quarto', action='store_true', help='let Quarto render, as on the published site')
    parser.add_argument('--without-live', action='store_true', help='leave the live tool out')
    args = parser.parse_args()
    target = args.out.resolve()
    if target.exists() and not is_site(target) and (not target.is_dir() or any(target.iterdir())):
        sys.exit(f'docs: {target} holds something else than a site of this tool: give another --out, or empty it.')
    with tempfile.TemporaryDirectory(prefix='boneage-docs-') as scratch:
        project = copy_project(Path(scratch).resolve()/'project')
        print('docs: processing the notebooks', flush=True)
        pages, site_url = process_notebooks(project)
        print('docs: rendering', flush=True)
        warnings = check_titles(project) + order_sidebar(pages)
        borrowed, clashes = make_pages(pages, site_url)
        warnings += clashes
        write_command_page(pages)
        (pages/'live').mkdir()
        (pages/'live'/'index.html').write_text(NO_LIVE, encoding='utf-8')
        site, more = (render_quarto if args.quarto else render_small)(pages)
        if not args.without_live: more = more + add_live(site)
        if target.exists(): shutil.rmtree(target)  # or shutil.move would put the site below what is left
        shutil.move(site, target)
        os.chdir(root)
    for warning in warnings + more: print(f'warning: {warning}')
    if borrowed: print(f'docs: {borrowed} pictures are described by the sentence before them: better by `#| fig-alt:` in their cells')
    print(f"docs: {len(list(target.rglob('*.html')))} pages are in {target.name}/, {len(warnings + more)} warnings; look at them with `make docs-serve`")
    return 1 if warnings + more else 0


if __name__ == '__main__': sys.exit(main())
