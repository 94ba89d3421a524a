"""Look at every page of the site in Chromium, as a reader would, and say what is wrong with it.

    python tools/crawl_docs.py            the site that `make docs` left in _docs/
    python tools/crawl_docs.py --build    build it first, without the live tool, which has tests of its own: what `make test` does
    python tools/crawl_docs.py FOLDER     another one, such as what Quarto made

Checked: every link, anchor and picture; no message in the console; no request that leaves the site; a text for every picture; no raw
Markdown, formula or widget; nothing wider than a phone; pages of at most 1.5 MB; search; a documented place for every public name.
Exits with 1 where something is wrong. Where Chromium or Playwright is missing it says so, and exits with 0.
"""
import argparse
import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from tree import root

CHROMIUM = 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'
FLAGS = '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'
BASE = 'boneage'  # the folder of the published site: a page must not count on standing at the top of its host
DESKTOP, PHONE = {'width': 1280, 'height': 900}, {'width': 390, 'height': 844}
PAGE_BYTES = 1.5e6  # a page with all that it loads
CONTRAST = 4.5  # of text to its ground, WCAG 2.2 level AA
SEARCHED = 'conformal'
REPOSITORY = re.compile(r'https://github\.com/boneage/boneage/(?:blob|tree)/main/([^#?]+)')

READ_PAGE = r"""() => {
  const main = document.querySelector('main') || document.body
  const prose = main.cloneNode(true)
  prose.querySelectorAll('pre.cell-code, .cell-code, script, style, math').forEach(e => e.remove())
  const text = prose.textContent
  const raw = [/\[`[^`\n]+`\]\([^)\n]*\)/, /interactive\(children=/, /\\\(|\\\[|\$\\[a-z]/, /boneage-docs-\w+/, /<Figure size \d+/].map(p => text.match(p)).filter(m => m).map(m => m[0])
  const pictures = [...document.images].map(i => ({ source: i.src.slice(0, 60), alt: i.getAttribute('alt') || (!main.contains(i) && i.hasAttribute('alt') && 'an ornament'), shown: i.complete && i.naturalWidth > 0 }))
  const drawn = [...main.querySelectorAll('svg')].filter(s => !s.closest('[aria-hidden=true]') && !s.closest('button'))
  for (const s of drawn) pictures.push({ source: 'svg', alt: s.getAttribute('aria-label') || s.querySelector('title')?.textContent || s.getAttribute('alt'), shown: true })
  return { title: document.title, heading: document.querySelectorAll('h1').length, language: document.documentElement.lang, raw, pictures,
           links: [...document.querySelectorAll('a[href]')].map(a => a.href),
           ids: [...document.querySelectorAll('[id]')].map(e => e.id) }
}"""

WIDER = r"""() => {
  const scrolls = e => { for (let p = e; p; p = p.parentElement) if (/auto|scroll/.test(getComputedStyle(p).overflowX)) return true; return false }
  const found = [...document.querySelectorAll('main *')].find(e => e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e))
  const wide = document.documentElement.scrollWidth
  if (!found && wide <= innerWidth) return null
  return `${Math.round(found?.getBoundingClientRect().right || wide)} pixels wide: <${found?.tagName.toLowerCase()} class="${found?.className}"> ${found?.textContent.trim().slice(0, 60)}`
}"""

LOW_CONTRAST = r"""([selector, least]) => {
  const numbers = colour => { const n = (colour.match(/[\d.]+/g) || []).map(Number); return n.length == 3 ? [...n, 1] : n }
  const over = (top, below) => [0, 1, 2].map(k => top[k] * top[3] + below[k] * (1 - top[3]))
  const ground = e => { if (!e) return [255, 255, 255]; const c = numbers(getComputedStyle(e).backgroundColor); return c[3] == 1 ? c : over(c, ground(e.parentElement)) }
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b }
  const found = new Set()
  for (const e of document.querySelectorAll(selector)) {
    const own = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim())
    if (!own || !e.getClientRects().length) continue
    const below = ground(e), [a, b] = [light(over(numbers(getComputedStyle(e).color), below)), light(below)].sort((x, y) => y - x)
    const ratio = (a + 0.05) / (b + 0.05)
    if (ratio < least) found.add(`contrast ${ratio.toFixed(1)} of <${e.tagName.toLowerCase()} class="${e.className}"> ${e.textContent.trim().slice(0, 40)}`)
  }
  return [...found]
}"""


class Quiet(SimpleHTTPRequestHandler):
    "Files of a folder over HTTP, without a line for each."

    def log_message(self, *args): pass


class Server:
    "Serves `folder` on 127.0.0.1 under `/boneage/` as long as the `with` block runs."

    def __init__(self, folder: Path): self.folder = folder.resolve()

    def __enter__(self):
        self.scratch = tempfile.TemporaryDirectory(prefix='boneage-crawl-')
        (Path(self.scratch.name)/BASE).symlink_to(self.folder)
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Quiet, directory=self.scratch.name))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f'http://127.0.0.1:{self.server.server_port}/{BASE}/'

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
        self.scratch.cleanup()


@dataclass
class Seen:
    "What was found on one page."
    name: str  # from the site's root
    ids: set = field(default_factory=set)
    links: list = field(default_factory=list)
    pictures: int = 0
    bytes: int = 0
    problems: list = field(default_factory=list)


@dataclass
class Crawl:
    "All pages of the site in `folder`, seen in one browser at `address`."
    folder: Path
    address: str
    pages: dict = field(default_factory=dict)  # name → Seen
    problems: list = field(default_factory=list)  # (where, what)
    searched: int = 0  # hits for SEARCHED

    def names(self):
        "Every page but those of the live tool, which has tests of its own."
        found = (path.relative_to(self.folder) for path in sorted(self.folder.rglob('*.html')))
        return [path.as_posix() for path in found if path.parts[0] not in ('live', 'site_libs')]

    def file(self, address):
        "The file behind an address of the site."
        path = self.folder/unquote(urlsplit(address).path.removeprefix(f'/{BASE}/'))
        return path/'index.html' if path.is_dir() else path

    # ---- one page

    def watch(self, tab, seen):
        "Note what a tab asks for and complains about; returns the addresses asked for, which fill as it loads."
        asked = set()

        def request(request):
            asked.add(request.url)
            if request.url.startswith(('data:', 'blob:', 'about:')): return
            if not request.url.startswith(self.address): seen.problems.append(f'foreign request: {request.url}')
            elif not self.file(request.url).is_file(): seen.problems.append(f'asks for a file that is not there: {request.url}')

        tab.on('request', request)
        tab.on('console', lambda message: message.type in ('error', 'warning') and seen.problems.append(f'console: {message.text}'))
        tab.on('pageerror', lambda error: seen.problems.append(f'script: {error}'))
        return asked

    def visit(self, context, name):
        seen = self.pages[name] = Seen(name)
        tab = context.new_page()
        try:
            asked = self.watch(tab, seen)
            tab.goto(self.address + name, wait_until='load')
            page = tab.evaluate(READ_PAGE)
            seen.ids, seen.links, seen.pictures = set(page['ids']), page['links'], len(page['pictures'])
            if not page['title']: seen.problems.append('no title')
            if not page['language']: seen.problems.append('does not say its language')
            if page['heading'] != 1: seen.problems.append(f"{page['heading']} headings of the first level")
            seen.problems += [f'raw text: {text}' for text in page['raw']]
            for picture in page['pictures']:
                if not picture['shown']: seen.problems.append(f"picture not shown: {picture['source']}")
                if not (picture['alt'] or '').strip(): seen.problems.append(f"picture without a text: {picture['source']}")
            twice = [name for name, count in Counter(page['ids']).items() if count > 1]
            if twice: seen.problems.append(f"ids used twice: {', '.join(twice[:5])}")
            wider = tab.evaluate(WIDER)
            if wider: seen.problems.append(f'at {PHONE["width"]} pixels: {wider}')
            files = {self.file(url) for url in asked if url.startswith(self.address)}
            seen.bytes = sum(path.stat().st_size for path in files if path.is_file())
            if seen.bytes > PAGE_BYTES: seen.problems.append(f'{seen.bytes / 1e6:.1f} MB with all it loads')
        finally: tab.close()

    # ---- what takes all pages together

    def check_links(self):
        "Links and anchors inside the site, and links into the repository: their files must be there."
        for seen in self.pages.values():
            for link in sorted(set(seen.links)):
                address, anchor = urldefrag(link)
                source = REPOSITORY.match(link)
                if source and not (root/unquote(source[1])).exists(): seen.problems.append(f'not in the repository: {link}')
                if not address.startswith(self.address): continue
                path = self.file(address)
                if not path.is_file(): seen.problems.append(f'broken link: {link}')
                elif anchor and path.suffix == '.html':
                    there = self.pages.get(path.relative_to(self.folder).as_posix())
                    if there and unquote(anchor) not in there.ids: seen.problems.append(f'broken anchor: {link}')

    def check_documented(self):
        "Every public function and class of the package: a docstring, and a place on the page of its room."
        specification = importlib.util.spec_from_file_location('modidx', root/'boneage'/'_modidx.py')
        index = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(index)
        for symbols in index.d['syms'].values():
            for name, (place, source) in symbols.items():
                tree = parsed(root/source)
                own = name.rpartition('.')[2]
                if own not in public(tree): continue  # a method stands with its class
                page, anchor = place.split('#')
                if page not in self.pages: self.problems.append((name, f'its page {page} is not on the site'))
                elif anchor not in self.pages[page].ids: self.problems.append((name, f'not on {page}'))
                if not docstring(tree, own): self.problems.append((name, 'no docstring'))
        for command in commands():
            if f'boneage-{command}' not in self.pages['command.html'].ids: self.problems.append((f'boneage {command}', 'not on command.html'))

    def search(self, browser, scheme):
        "Type into the search box, in one colour scheme: hits, links that lead somewhere, and text that can be read."
        context = browser.new_context(viewport=DESKTOP, color_scheme=scheme)
        tab = context.new_page()
        where = Seen(f'search, {scheme}')
        self.watch(tab, where)
        tab.goto(self.address + 'index.html', wait_until='load')
        opener = tab.locator('.aa-DetachedSearchButton, #quarto-search button.aa-SubmitButton')  # Quarto's; smalldocs has its box open
        if opener.count(): opener.first.click()
        tab.locator('.smalldocs-search input, .aa-Input').first.fill(SEARCHED)
        hits = tab.locator('.search-result, .aa-Item a.search-result-link').filter(has_text=re.compile(SEARCHED, re.I))
        try: hits.first.wait_for(timeout=10_000)
        except Exception: where.problems.append(f'nothing found for "{SEARCHED}"')
        self.searched = hits.count()
        for link in hits.evaluate_all('all => all.map(a => a.href)'):
            address = urldefrag(link)[0]
            if address.startswith(self.address) and not self.file(address).is_file(): where.problems.append(f'broken link: {link}')
        where.problems += tab.evaluate(LOW_CONTRAST, ['.smalldocs-search *, .search-result *, .aa-Panel *', CONTRAST])
        self.problems += [(where.name, what) for what in where.problems]
        context.close()

    def contrast(self, browser, names):
        "Text that can be read, in both colour schemes, on some pages of every kind."
        for scheme in 'light', 'dark':
            context = browser.new_context(viewport=DESKTOP, color_scheme=scheme)
            for name in names:
                tab = context.new_page()
                tab.goto(self.address + name, wait_until='load')
                self.problems += [(f'{name}, {scheme}', what) for what in tab.evaluate(LOW_CONTRAST, ['body *', CONTRAST])]
                tab.close()
            context.close()

    def run(self, chromium):
        from playwright.sync_api import sync_playwright
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            context = browser.new_context(viewport=PHONE)
            for name in self.names(): self.visit(context, name)
            context.close()
            for scheme in 'light', 'dark': self.search(browser, scheme)
            self.contrast(browser, [name for name in ('index.html', 'splits.html', 'command.html', 'model_card.html') if name in self.pages])
            browser.close()
        self.check_links()
        self.check_documented()
        self.problems += [(seen.name, problem) for seen in self.pages.values() for problem in dict.fromkeys(seen.problems)]


@cache
def parsed(path):
    "The syntax tree of a module."
    return ast.parse(path.read_text(encoding='utf-8'))


@cache
def public(tree):
    "The names in `__all__` of a module."
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '__all__': return ast.literal_eval(node.value)
    return []


def docstring(tree, name):
    "The docstring of a function or class of a module, or None."
    return next((ast.get_docstring(node) for node in tree.body if getattr(node, 'name', '') == name), None)


def commands():
    "The names of all commands, as the command itself lists them."
    sys.path.insert(0, str(root))
    from boneage.cli import main as command
    return sorted(command.commands)


def find_chromium():
    "Chromium's path, and '' or why pages cannot be looked at here."
    if importlib.util.find_spec('playwright') is None: return None, 'Playwright is not installed (pip install playwright)'
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    return found, '' if found else 'Chromium is not installed (apt-get install chromium)'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', nargs='?', type=Path, default=root/'_docs', help='the site (default: _docs)')
    parser.add_argument('--build', action='store_true', help='build the site into that folder first')
    args = parser.parse_args()
    if args.build:
        code = subprocess.run([sys.executable, root/'tools'/'build_docs.py', '--out', args.folder, '--without-live']).returncode
        if code: return code
    if not (args.folder/'index.html').is_file(): parser.error(f'no index.html in {args.folder}: run `make docs` first')
    chromium, missing = find_chromium()
    if missing:
        print(f'crawl: not looked at: {missing}')
        return 0
    began = time.time()
    with Server(args.folder) as address:
        crawl = Crawl(args.folder.resolve(), address)
        crawl.run(chromium)
    for where, problem in crawl.problems: print(f'{where}: {problem}')
    seen = crawl.pages.values()
    largest = max(seen, key=lambda page: page.bytes)
    print(f'crawl: {len(seen)} pages, {sum(len(page.links) for page in seen):,} links, {sum(page.pictures for page in seen)} pictures, '
          f'largest page {largest.name} {largest.bytes / 1e6:.2f} MB, {crawl.searched} hits for "{SEARCHED}", '
          f'{len(crawl.problems)} problems, {time.time() - began:.0f} s')
    return 1 if crawl.problems else 0


if __name__ == '__main__': sys.exit(main())
