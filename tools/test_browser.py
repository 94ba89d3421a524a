"""End-to-end tests of the live tool in a real browser, one line each: `.venv/bin/python tools/test_browser.py`.

Builds the page as a site into a temporary folder. Films are phantoms drawn here, and Python's own answers to them are
what the page is compared with. Needs npm, Playwright and a Chromium; where one is missing it says so and passes.
"""
import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from build_browser import LIVE, build

BROWSERS = 'chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'
CLOSE, CLOSE_ON_AVERAGE = 0.5, 0.1  # months from Python: one film, and the mean of many
LANDMARKS_CLOSE = 0.005  # of the distance from the wrist to the middle knuckle
AT_ONCE = 20  # films
TIMEOUT = 120_000  # milliseconds: other work may share the machine
PHONE, ZOOMED = (390, 844), (640, 450)  # pixels; 1280 × 900 at 200 %
SMALLEST_TARGET = 24  # pixels, of anything to be pressed (WCAG 2.2)
LEAST_CONTRAST = 4.5  # of text (WCAG 2.2, AA)
SECRET = 'Testfamily^Secret'  # a patient's name
EXPECTED = ('Failed to create default WebGPU device',  # LiteRT.js looks for one and does without
            'Failed to load resource: net::ERR_INTERNET_DISCONNECTED', 'Failed to load resource: net::ERR_FAILED')
DAMAGES = 'cut short', 'is damaged', 'frames: save the frame'
SILENT = 'patient', 'secret', 'testfamily'  # none of these may leave

COLLECT_RESULTS = """
const worker = Worker.prototype.postMessage;
window.results = [];
const Original = window.Worker;
window.Worker = class extends Original {
  constructor(...given) {
    super(...given);
    this.addEventListener('message', ({ data }) => {
      if (!data.result || !data.result.hand) return;
      const { film, picture, ...told } = data.result;
      window.results.push(told);
    });
  }
};
"""

# The name that a screen reader has for every control: nothing where there is none.
CONTROLS = """() => [...document.querySelectorAll('button, input, select, textarea, a, summary')]
  .filter(one => one.checkVisibility() || one.type === 'radio').map(one => ({
    tag: one.outerHTML.slice(0, 90), height: (one.closest('label') || one).getBoundingClientRect().height,
    inText: one.matches('p a'),
    name: (one.getAttribute('aria-label') || [...(one.labels || [])].map(label => label.textContent).join(' ')
      || one.textContent).trim() }))"""

FOCUSED = """(({ activeElement: one }) => one === document.body ? 'nothing'
  : one.getAttribute('aria-label') || one.innerText || one.id || one.tagName)(document)"""

# Text on its background: the contrast of every visible element with text of its own.
CONTRASTS = """() => {
  const numbers = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92
    : ((v + .055) / 1.055) ** 2.4); return .2126 * x + .7152 * y + .0722 * z; };
  const behind = one => { for (; one; one = one.parentElement) {
    const c = numbers(getComputedStyle(one).backgroundColor); if (c.length === 3 || c[3] === 1) return c; }
    return [255, 255, 255]; };
  return [...document.querySelectorAll('#screen *')].filter(one => one.checkVisibility() && !one.disabled
    && getComputedStyle(one).opacity === '1' && !one.closest('[aria-busy=true]')
    && [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())).map(one => {
    const style = getComputedStyle(one), colour = one.closest('svg') ? style.fill : style.color;
    const [a, b] = [light(numbers(colour)), light(behind(one))].sort((x, y) => y - x);
    return { words: one.textContent.trim().slice(0, 40), contrast: (a + .05) / (b + .05) }; });
}"""


@dataclass
class Site:
    "What the tests share: the browser, the page's address, the films, and one page, since loading it takes seconds."
    browser: object
    server: object
    films: Path
    page_folder: Path
    requests: list = field(default_factory=list)
    complaints: list = field(default_factory=list)
    shared: object = None

    def open(self, server=None):
        "A first visit, in a browser that has never seen the page."
        context = self.browser.new_context(accept_downloads=True)
        context.add_init_script(COLLECT_RESULTS)
        context.on('request', lambda request: self.requests.append((request.method, request.url, request.post_data)))
        context.on('console', lambda line: self.complaints.append(line.text)
                   if line.type in ('error', 'warning') and not line.text.startswith(EXPECTED) else None)
        context.on('weberror', lambda error: self.complaints.append(str(error.error)))
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        page.goto(address(server or self.server))
        ready(page)
        return page

    @contextmanager
    def visit(self, width=1280, height=900, scheme='light'):
        "The shared page without films; ends with a look at what it complained about."
        self.shared = self.shared or self.open()
        page = self.shared
        page.set_viewport_size({'width': width, 'height': height})
        page.emulate_media(color_scheme=scheme, media='null')
        if page.locator('.item').count(): page.get_by_role('button', name='Remove all').click()
        page.get_by_label('choose for each').check(force=True)
        page.evaluate("window.results = []; document.getElementById('keep-names').checked = false; scrollTo(0, 0)")
        yield page
        self.check()

    @contextmanager
    def first_visit(self):
        "A page of its own, in a browser that has never seen it."
        page = self.open()
        try: yield page
        finally: page.context.close()
        self.check()

    def check(self):
        "No complaint on the console."
        said, self.complaints[:] = list(self.complaints), []
        assert not said, said


def address(server): return f'http://127.0.0.1:{server.server_address[1]}/'


def ready(page): page.wait_for_selector('#state[data-kind=ready]')


def give(page, *paths): page.set_input_files('#files', [str(path) for path in paths])


def drop(page, path):
    "Let a film fall on the page, as from a folder."
    dropped = page.evaluate_handle("""([name, content]) => { const dropped = new DataTransfer();
        dropped.items.add(new File([Uint8Array.from(atob(content), letter => letter.charCodeAt(0))], name));
        return dropped; }""", [path.name, base64.b64encode(path.read_bytes()).decode()])
    page.dispatch_event('h1', 'dragover', {'dataTransfer': dropped})
    assert 'over' in page.locator('#drop').get_attribute('class')
    page.dispatch_event('h1', 'drop', {'dataTransfer': dropped})


def settled(page, count):
    "Wait until so many films have been read."
    page.wait_for_function(
        """count => document.querySelectorAll('.item').length === count
           && !document.querySelector('.item[data-status=waiting], .item[data-status=reading]')""", arg=count)


def all_are(page, sex): page.get_by_label({'F': 'all female', 'M': 'all male'}[sex]).check(force=True)


def saved_table(page):
    "The CSV, as it is saved."
    with page.expect_download() as download: page.get_by_role('button', name='Save CSV').click()
    same(download.value.suggested_filename, 'bone_ages.csv')
    return download.value.path()


def text_of(page, selector): return ' '.join(page.locator(selector).first.inner_text().split())


def results_of(page): return page.evaluate('window.results')


def near(found, expected, margin): assert abs(found - expected) <= margin, f'{found} is not near {expected}'


def python_answer(film, sex=None, **options):
    "What Python answers with the network of the page."
    from boneage.apps.browser import PAGE_MODEL
    from boneage.assessment import assess
    return assess(film, sex, PAGE_MODEL, **options)


def same(found, expected): assert found == expected, f'{found!r} is not {expected!r}'


# ---- the tests: a function each, its docstring is the line that is printed

def test_good_film(site):
    "a film gets Python's answer, interval, SD score, warnings, box and landmarks; a map and a large picture on request"
    film = site.films/'girl.png'
    python = python_answer(film, 'F', age_months=90)
    expected = python.to_dict()
    with site.visit() as page:
        give(page, film)
        page.wait_for_selector('.item[data-status=sex]')
        page.locator('.item').get_by_label('female', exact=True).check(force=True)
        page.get_by_role('textbox', name='Age, girl.png').fill('7y6m')
        page.keyboard.press('Enter')
        page.wait_for_selector('.chart')
        settled(page, 1)
        found = results_of(page)[-1]
        near(found['bone_age_months'], expected['bone_age_months'], CLOSE)
        for edge, other in zip(found['interval_months'], expected['interval_months']): near(edge, other, CLOSE)
        near(found['sd_score'], expected['sd_score'], 0.06)
        for name in ('determination', 'warnings', 'refusals', 'interval_level', 'sd_table', 'model', 'model_version',
                     'film_sha256', 'note', 'sex', 'hand_found', 'inverted', 'typical_error_months'):
            same(found[name], expected[name])
        wrist, knuckle = (complex(*python.record['landmarks'][place]) for place in (0, 9))
        for mark, other in zip(found['hand']['landmarks'], python.record['landmarks']):
            near(abs(complex(*mark) - complex(*other)) / abs(wrist - knuckle), 0, LANDMARKS_CLOSE)
        same(text_of(page, '.numbers .big'), found['bone_age'])
        assert f"{found['sd_score']:+.1f}".replace('-', '−') in text_of(page, '.numbers table')
        page.get_by_role('button', name='Show the heat map').click()
        page.get_by_role('button', name='Hide the heat map').click()
        page.get_by_role('button', name='What the network saw: show it large').click()
        assert page.locator('dialog[open] canvas').is_visible()
        page.keyboard.press('Escape')
        assert not page.locator('dialog').is_visible()


def test_noise(site):
    "noise is refused for Python's reasons; 'answer all the same' gives Python's forced answer and says so everywhere"
    from boneage.assessment import RefusedFilm
    film = site.films/'noise.png'
    try: python_answer(film, 'M')
    except RefusedFilm as error: reasons = list(error.reasons)
    with site.visit() as page:
        all_are(page, 'M')
        drop(page, film)
        page.wait_for_selector('.item[data-status=refused]')
        same([line.lower() for line in page.locator('.notes.refusal li').all_inner_texts()],
             [line.lower() for line in reasons])
        assert page.locator('.no-answer canvas').is_visible() and not page.locator('.big').count()
        page.get_by_role('button', name='Answer all the same').click()
        page.wait_for_selector('.item[data-status=forced]')
        found = results_of(page)[-1]
        near(found['bone_age_months'], python_answer(film, 'M', force=True).bone_age_months, CLOSE)
        same(found['refusals'], reasons)
        assert 'Answered against the quality check' in text_of(page, '.body')
        assert 'Answered against the advice of the quality check' in text_of(page, '.said')
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media='print')
        assert 'answered against the quality check' in text_of(page, '.sheet').lower()


def test_broken(site):
    "a broken film and one that is none say so by name, the others go through; the rows are those of `boneage assess`"
    from boneage.apps.batch import assess_many
    from boneage.apps.browser import PAGE_MODEL
    from boneage.apps.results import read_results
    from boneage.apps.sources import list_films
    names = 'broken.png', 'letter.txt', 'girl.png', 'noise.png'
    tasks = list_films(*(site.films/name for name in names))
    expected = assess_many(tasks, site.films/'expected.csv', sex='F', model=PAGE_MODEL, workers=1, progress=False)
    with site.visit() as page:
        all_are(page, 'F')
        give(page, *(site.films/name for name in names))
        settled(page, 4)
        for film, row in zip(expected, read_results(saved_table(page)), strict=True):
            same((row.id, row.status, row.warnings), (film.id, film.status, film.warnings))
            told, python = (str(reason).partition(': give a radiograph as')[0] for reason in (row.reason, film.reason))
            same(told, python.replace(f'{site.films}/', ''))  # Python reads more kinds of files
        same(page.locator('.item').evaluate_all('items => items.map(item => item.dataset.status)'),
             ['failed', 'failed', 'answered', 'refused'])
        for place, name in enumerate(('broken.png', 'letter.txt')):
            card = page.locator('.item').nth(place)
            if card.locator('.toggle[aria-expanded=false]').count(): card.locator('.toggle').click()
            assert name in card.locator('.body .problem').inner_text() and name in card.locator('.file').inner_text()


def test_damaged(site):
    "files that are cut short, damaged inside a DICOM, or hold several frames are refused as in Python"
    files = sorted((site.films/'damaged').iterdir())
    with site.visit() as page:
        all_are(page, 'F')
        give(page, *files)
        settled(page, len(files))
        same(page.locator('.item').evaluate_all('items => items.map(item => item.dataset.status)'), ['failed'] * len(files))
        for file, row in zip(files, saved_table(page).read_text(encoding='utf-8').splitlines()[1:], strict=True):
            assert any(words in row for words in DAMAGES), row
            try: python_answer(file, 'F')
            except ValueError as error: assert any(words in str(error) for words in DAMAGES), error
            else: raise AssertionError(f'Python reads {file.name}')


def test_twenty(site):
    "twenty films at once agree with Python; the CSV is one that `boneage assess --out` could have written"
    from boneage.apps.results import RESULT_COLUMNS, read_results
    many = sorted(site.films.glob('many/*.png'))
    assert len(many) == AT_ONCE
    with ThreadPoolExecutor(1) as beside, site.visit() as page:
        answers = beside.submit(lambda: [python_answer(film, 'F') for film in many])
        all_are(page, 'F')
        give(page, *many)
        settled(page, AT_ONCE)
        same(page.locator('.body:visible').count(), 1)
        assert f'{AT_ONCE} films · {AT_ONCE} answered' == text_of(page, '#count')
        table = Path(shutil.copy(saved_table(page), site.films/'bone_ages.csv'))
        page.get_by_role('button', name='Remove all').click()
        assert not page.locator('.item').count() and not page.locator('#films').is_visible()
    same(table.read_text(encoding='utf-8').partition('\n')[0], ','.join(RESULT_COLUMNS))
    rows, away = read_results(table), []
    for film, python, row in zip(many, answers.result(), rows, strict=True):
        same((row.file, row.id, row.warnings), (film.name, film.stem, python.warnings))
        told = python.to_dict() | {'status': 'warned' if python.warnings else 'answered', 'reason': None}
        for name in ('status', 'reason', 'sex', 'interval_level', 'site', 'site_applied', 'model', 'model_version',
                     'film_sha256', 'note'):
            same(getattr(row, name), told.get(name))
        away.append(abs(row.bone_age_months - python.bone_age_months))
    near(max(away), 0, CLOSE)
    near(sum(away) / len(away), 0, CLOSE_ON_AVERAGE)
    assert "\n'=sum" in table.read_text(encoding='utf-8'), 'a file name that is a formula was not made harmless'
    print(f'      {AT_ONCE} films: {sum(away) / len(away):.3f} months from Python on average, {max(away):.3f} at most')


def test_dicom(site):
    "a DICOM film: sex and age from the file, and no name of a patient on the page, in the table or on paper"
    python = python_answer(site.films/'film.dcm')
    with site.visit() as page:
        give(page, site.films/'film.dcm')
        page.wait_for_selector('.chart')
        found = results_of(page)[-1]
        near(found['bone_age_months'], python.bone_age_months, CLOSE)
        near(found['chronological_age_months'], python.growth.chronological_age_months, 0.05)
        same((found['sex'], found['warnings']), (python.sex, list(python.warnings)))
        assert page.locator('.item').get_by_label('female', exact=True).is_checked()
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        left = page.content() + saved_table(page).read_text(encoding='utf-8') + json.dumps(found)
        for word in SILENT: assert word not in left.lower(), word
        page.locator('.item').get_by_label('male', exact=True).check(force=True)
        page.wait_for_selector('.item[data-status=warned]')
        same(results_of(page)[-1]['warnings'], list(python_answer(site.films/'film.dcm', 'M').warnings))


def test_offline(site):
    "after one visit the page loads, answers and draws a map without a connection; what it lacks it names"
    with site.first_visit() as page:
        all_are(page, 'F')
        give(page, site.films/'girl.png')
        page.wait_for_selector('.item[data-status=answered]')
        page.context.set_offline(True)
        page.get_by_role('button', name='Show the heat map').click()
        page.get_by_text('-map.tflite cannot be loaded').wait_for()
        page.context.set_offline(False)
        page.get_by_role('button', name='Show the heat map').click()
        page.get_by_role('button', name='Hide the heat map').wait_for()
        page.context.set_offline(True)
        page.reload()
        ready(page)
        all_are(page, 'F')
        give(page, site.films/'girl.png')
        page.wait_for_selector('.item[data-status=answered]')
        page.get_by_role('button', name='Show the heat map').click()
        page.get_by_role('button', name='Hide the heat map').wait_for()
        same(results_of(page)[0]['bone_age_months'] > 0, True)
        page.get_by_role('button', name='Girl of 1', exact=True).click()
        settled(page, 2)


def fits(page):
    "Nothing is wider than the window, and everything to be pressed is large enough for a finger."
    same(page.evaluate('document.documentElement.scrollWidth <= innerWidth'), True)
    small = [one for one in page.evaluate(CONTROLS) if 0 < one['height'] < SMALLEST_TARGET and not one['inText']]
    same(small, [])


def test_phone_and_zoom(site):
    "at the width of a phone and at 200 % nothing is cut off, with answers, refusals and a long name"
    long = site.films/('hand_' * 30 + '.png')
    shutil.copy(site.films/'girl.png', long)
    for width, height in (PHONE, ZOOMED):
        with site.visit(width, height) as page:
            fits(page)
            page.get_by_role('button', name='Girl of 8').click()
            page.get_by_role('button', name='Two hands').click()
            give(page, long)
            settled(page, 3)
            fits(page)


def test_keyboard(site):
    "everything is done without a mouse: choosing, sex, age, the card, the map, removing; the focus is never lost"
    def press(*keys):
        for key in keys: page.keyboard.press(key)
    def focused(): return page.evaluate(FOCUSED)
    def tab_to(name):
        for _ in range(40):
            if name in focused(): return
            press('Tab')
        raise AssertionError(f'no Tab leads to {name}; the last was {focused()}')
    with site.visit() as page:
        with page.expect_file_chooser() as chooser:  # from before the Tab on, or Chromium may not listen yet
            tab_to('Choose films')
            press('Enter')
        chooser.value.set_files(str(site.films/'girl.png'))
        page.wait_for_selector('.item[data-status=sex]')
        tab_to('girl.png')
        press('Tab', 'Space')
        page.wait_for_selector('.item[data-status=answered]')
        same(page.locator('.item').get_by_label('female', exact=True).is_checked(), True)
        press('Tab')
        page.keyboard.type('7y6m')
        press('Enter')
        page.wait_for_selector('.chart')
        tab_to('Show the heat map')
        press('Enter')
        page.get_by_role('button', name='Hide the heat map').wait_for()
        page.wait_for_function("document.activeElement.innerText === 'Hide the heat map'")
        page.locator('.toggle').focus()
        press('Enter')
        assert not page.locator('.body').is_visible()
        tab_to('Remove girl.png')
        press('Enter')
        same((page.locator('.item').count(), focused()), (0, 'Choose films'))


def test_words(site):
    "every control has a name, text stands out from its background in light and dark, and the terms are in sight"
    for scheme in ('light', 'dark'):
        with site.visit(scheme=scheme) as page:
            assert page.get_by_text('Not a medical device').first.is_visible()
            assert 'non-commercial' in text_of(page, '#terms')
            page.get_by_role('button', name='Girl of 1', exact=True).click()
            page.get_by_role('button', name='Two hands').click()
            settled(page, 2)
            page.get_by_role('textbox').first.fill('soon')
            page.keyboard.press('Enter')
            assert 'write 9y4m' in text_of(page, '.head .problem')
            same([one for one in page.evaluate(CONTROLS) if not one['name']], [])
            faint = [one for one in page.evaluate(CONTRASTS) if one['contrast'] < LEAST_CONTRAST]
            same(faint, [])
            dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
            same(sum(dark) < 200, scheme == 'dark')


def test_print(site):
    "one A4 page a film, however much it has to say; without its name and blurred outside the box unless asked for"
    with site.visit() as page:
        all_are(page, 'F')
        give(page, site.films/'girl.png', site.films/'noise.png', site.films/'crowded.png')
        settled(page, 3)
        page.get_by_role('button', name='Answer all the same').last.click()
        page.get_by_role('textbox').last.fill('15m')
        page.keyboard.press('Enter')
        page.wait_for_selector('.chart')
        page.get_by_role('button', name='Show the heat map').last.click()
        page.get_by_role('button', name='Hide the heat map').wait_for()
        same(len(results_of(page)[-1]['warnings']), 4)
        seen = []
        for named in (False, True):
            if named: page.get_by_label('names on printed pages').check()
            pdf = page.pdf(prefer_css_page_size=True)
            same(len(re.findall(rb'/Type\s*/Page\b', pdf)), 3)
            page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
            sheets = page.locator('#sheets').text_content()
            same('girl.png' in sheets, named)
            same(sheets.count('Not a medical device'), 3)
            seen.append(page.locator('.sheet canvas').first.evaluate('canvas => canvas.toDataURL()'))
        assert seen[0] != seen[1], 'the film is not blurred'
        assert page.locator('.sheet .big').all_text_contents()[1] == 'No answer'
        page.evaluate("window.dispatchEvent(new Event('afterprint')); window.print = () => {}")
        page.get_by_role('button', name='Print page').first.click()
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        same(page.locator('.sheet').count(), 1)
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        same(page.locator('.sheet').count(), 0)


def test_policy(site):
    "the browser itself forbids the page to talk to anyone else or to run what is written into it"
    with site.visit() as page:
        same(page.evaluate("""() => new Promise(resolve => {
            document.addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective));
            fetch('http://localhost:1/', { mode: 'no-cors' }).catch(() => {});
        })"""), 'connect-src')
        same(page.evaluate("""() => { const one = document.createElement('script');
            one.textContent = 'window.ran = true'; document.head.append(one); return Boolean(window.ran); }"""), False)
        told = [line for line in site.complaints if 'Content Security Policy' in line]
        same(sorted(site.complaints), sorted(told))
        site.complaints.clear()


def test_worker_policy(site):
    "on a host that sends no policy the part that reads films is held to that of the page, from the first visit on"
    with plain_host(site.page_folder) as server:
        page = site.open(server)
        worker, = page.workers
        same(worker.evaluate("""() => new Promise(resolve => {
            self.addEventListener('securitypolicyviolation', event => resolve(event.effectiveDirective));
            fetch('http://localhost:1/', { mode: 'no-cors' }).catch(() => setTimeout(resolve, 3000, 'nothing'));
        })"""), 'connect-src')
        page.context.close()
    site.complaints.clear()


def test_update(site):
    "the second visit loads nothing; after an update the next one loads what has changed, and that alone"
    def loaded_since(count): return [path for path in server.asked[count:] if path not in ('/sw.js', '/precache.js')]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(site.page_folder, Path(folder)/'page'))
        with serving(copy) as server:
            page = site.open(server)
            page.locator('#state-words', has_text='also without a connection').wait_for()
            kept = page.evaluate("""async () => (await (await caches.open(
                `boneage ${(await navigator.serviceWorker.ready).scope}`)).keys()).map(one => new URL(one.url).pathname)""")
            same(len(kept), len(set(kept)))
            assert any(path.endswith('.wasm') for path in kept) and any('/weights/' in path for path in kept), kept
            assert not any('-map.' in path for path in kept), 'the map is loaded before it is asked for'
            before = len(server.asked)
            page.reload()
            ready(page)
            same(loaded_since(before), [])
            change(copy, 'style.css', '\n/* changed */\n')
            before = len(server.asked)
            page.evaluate("""async () => { const kept = await navigator.serviceWorker.getRegistration();
                await kept.update(); while (!kept.waiting) await new Promise(resolve => setTimeout(resolve, 50)); }""")
            context = page.context
            page.close()
            page = context.new_page()
            page.goto(address(server))
            ready(page)
            same(loaded_since(before), ['/style.css'])
            same(page.evaluate("async () => (await (await fetch('style.css')).text()).includes('changed')"), True)
            context.close()
    site.check()


def change(folder, name, more):
    "Change a file of a built page as the next build would."
    path, precache = folder/name, folder/'precache.js'
    hashes = []
    for content in (path.read_bytes(), path.read_bytes() + more.encode()):
        path.write_bytes(content)
        hashes.append('sha256-' + base64.b64encode(hashlib.sha256(content).digest()).decode())
    text = precache.read_text()
    assert hashes[0] in text, f'{name} is not in the list of files'
    precache.write_text(text.replace(*hashes))


def test_same_origin(site):
    "every request of all tests went to the page's own address, by GET, with nothing in it"
    foreign = [request for request in site.requests
               if not request[1].startswith(('http://127.0.0.1:', 'blob:http://127.0.0.1:'))]
    same(foreign, [])
    told = [request for request in site.requests if request[0] != 'GET' or request[2] or '?' in request[1]]
    same(told, [])
    assert not any(word in url.lower() for _, url, _ in site.requests for word in (*SILENT, 'girl.png', 'noise'))
    print(f'      {len(site.requests)} requests, {len({url for _, url, _ in site.requests})} addresses')


def test_command(site):
    "`boneage app` gives the page on 127.0.0.1, says where, and ends with Ctrl-C"
    from urllib.request import urlopen
    if not (LIVE/'index.html').is_file(): build(LIVE)
    command = [sys.executable, '-u', '-m', 'boneage', 'app', '--port', '0']
    heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background ignores Ctrl-C, and its children would
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=LIVE.parents[2], preexec_fn=heed)
    try:
        url = process.stdout.readline().split()[0]
        assert url.startswith('http://127.0.0.1:'), url
        with urlopen(url, timeout=10) as answer: assert b'Bone age from a hand radiograph' in answer.read()
        process.send_signal(signal.SIGINT)
        same(process.wait(10), 0)
    finally: process.kill()


# ---- the films

def write_dicom(path, pixels, jpeg=None):
    "A film as a hospital sends it: dark bone, twelve bits, with a name that must not be told; or eight bits as JPEG."
    import numpy as np
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom import uid
    from pydicom.encaps import encapsulate
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    meta.TransferSyntaxUID = uid.JPEGBaseline8Bit if jpeg else uid.ExplicitVRLittleEndian
    film = FileDataset(str(path), {}, file_meta=meta, preamble=b'\0' * 128)
    film.SOPClassUID, film.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    film.PatientName, film.PatientID, film.PatientSex, film.PatientAge = SECRET, 'SECRET-1', 'F', '090M'
    film.Modality, film.BodyPartExamined, film.ImageLaterality = 'DX', 'HAND', 'L'
    film.PhotometricInterpretation, film.SamplesPerPixel, film.PixelRepresentation = 'MONOCHROME1', 1, 0
    film.Rows, film.Columns = pixels.shape
    film.BitsAllocated, film.BitsStored, film.HighBit = (8, 8, 7) if jpeg else (16, 12, 11)
    film.PixelData = encapsulate([jpeg]) if jpeg else (4095 - 16 * pixels.astype(np.uint16)).tobytes()
    film.save_as(path, enforce_file_format=True)


def write_damaged(folder, pixels):
    "Files that some browsers would show in part without a word."
    import io
    from PIL import Image
    def saved(form, **options):
        file = io.BytesIO()
        image.save(file, form, **options)
        return file.getvalue()
    folder.mkdir()
    image = Image.fromarray(pixels)
    jpeg, later = saved('JPEG'), saved('JPEG', progressive=True)
    bitmap, webp = saved('BMP'), saved('WEBP', lossless=True)
    hole = jpeg.index(b'\xff\xda') + (len(jpeg) - jpeg.index(b'\xff\xda')) // 2
    write_dicom(folder/'holed.dcm', pixels, jpeg[:hole] + jpeg[hole + 100:])
    (folder/'cut.jpg').write_bytes(later[:len(later) // 2])
    (folder/'end_missing.jpg').write_bytes(jpeg[:-2])
    (folder/'cut.bmp').write_bytes(bitmap[:len(bitmap) // 2])
    (folder/'cut.webp').write_bytes(webp[:len(webp) * 3 // 4])
    (folder/'moving.webp').write_bytes(saved('WEBP', save_all=True, append_images=[image.rotate(90)]))


def draw_films(folder):
    "Phantoms, noise, a broken film, a letter and a DICOM file."
    import numpy as np
    from boneage.films.phantom import phantom
    from boneage.films.radiograph import write_png
    hand = phantom(96, 'F', 3)
    folder.mkdir()
    write_png(folder/'girl.png', hand)
    write_png(folder/'noise.png', np.random.default_rng(0).integers(0, 256, (512, 400), dtype=np.uint8))
    child = phantom(18, 'M', 2)
    write_png(folder/'crowded.png', np.concatenate([child, child[:, ::-1]], axis=1))  # refused, and three warnings
    (folder/'broken.png').write_bytes((folder/'girl.png').read_bytes()[:4000])
    (folder/'letter.txt').write_text('Dear colleague, the film follows by post.\n')
    write_dicom(folder/'film.dcm', hand)
    write_damaged(folder/'damaged', hand)
    names = [f'hand_{number:02}.png' for number in range(AT_ONCE - 1)] + ['=sum(A1).png']
    for number, name in enumerate(names): write_png(folder/'many'/name, phantom(24 + 9 * number, 'F', 100 + number))


# ---- running them

@contextmanager
def serving(folder):
    "The page's server in a thread, which also remembers what it was asked for."
    from boneage.apps.live_server import LiveHandler, app_server, live_files
    class Counting(LiveHandler):
        def _find(self):
            self.server.asked.append(self.path)
            return super()._find()
    server = app_server(0, folder)
    server.RequestHandlerClass, server.asked = partial(Counting, files=live_files(folder)), []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try: yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def plain_host(folder):
    "A web server that gives the page away and says nothing of its own."
    class Silent(SimpleHTTPRequestHandler):
        def log_message(self, *_): pass
    server = ThreadingHTTPServer(('127.0.0.1', 0), partial(Silent, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try: yield server
    finally:
        server.shutdown()
        server.server_close()


def find_browser():
    given = os.environ.get('BONEAGE_BROWSER')
    return given or next(filter(None, map(shutil.which, BROWSERS)), None)


def run_tests(site, chosen):
    failed = []
    for name, test in chosen.items():
        began = time.time()
        try: test(site)
        except Exception as error:
            failed.append(name)
            print(f'FAIL  {test.__doc__} ({time.time() - began:.1f} s)', flush=True)
            print(f'      {type(error).__name__}: {error}', flush=True)
        else: print(f'PASS  {test.__doc__} ({time.time() - began:.1f} s)', flush=True)
    print(f'{len(chosen) - len(failed)} passed, {len(failed)} failed', flush=True)
    return 1 if failed else 0


def main():
    tests = {name[5:]: value for name, value in globals().items() if name.startswith('test_')}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('tests', nargs='*', help=f'some of: {", ".join(tests)}')
    args = parser.parse_args()
    chosen = {name: test for name, test in tests.items() if not args.tests or name in args.tests}
    if not chosen: parser.error(f'choose from {", ".join(tests)}')
    program = find_browser() if shutil.which('npm') else None
    try: from playwright.sync_api import sync_playwright
    except ModuleNotFoundError: program = None
    if not program:
        print('browser: not tested, npm, Playwright or Chromium is missing')
        return 0
    with tempfile.TemporaryDirectory() as folder:
        films, page = Path(folder)/'films', build(Path(folder)/'page', site=True)
        draw_films(films)
        with serving(page) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=['--no-sandbox'])
            try: return run_tests(Site(browser, server, films, page), chosen)
            finally: browser.close()


if __name__ == '__main__': sys.exit(main())
