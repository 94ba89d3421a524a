"""The live tool in the engines of Firefox and Safari, one line each: `.venv/bin/python tools/test_engines.py`.

`test_browser.py` tries everything in Chromium; here a visitor of another engine gives films, looks at a map and goes on
without a connection. Firefox needs geckodriver on the path, Safari's engine Debian's `webkit2gtk-driver`, and a display
or `xvfb-run`. What is missing is said, and passes.
"""
import argparse
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from build_browser import build
from test_browser import CLOSE, CLOSE_ON_AVERAGE, address, draw_films, near, python_answer, same, serving

SECONDS = 120  # to wait: other work may share the machine
MINI_BROWSERS = '/usr/lib/*/webkit2gtk-4.*/MiniBrowser'  # where Debian keeps the window of WebKitGTK
SOME = 6  # of the twenty films of the Chromium test

READY = "return document.querySelector('#state')?.dataset.kind === 'ready'"
KEPT = "return document.querySelector('#state').textContent.includes('also without a connection')"
SETTLED = """const items = [...document.querySelectorAll('.item')];
  return items.length === arguments[0] && items.every(item => / months/.test(item.textContent))"""
DRAWN = "return [...document.querySelectorAll('button')].some(one => one.textContent === 'Hide the heat map')"
FAILED = """const items = [...document.querySelectorAll('.item')];
  return items.length === arguments[0] && items.every(item => item.dataset.status === 'failed')"""
MONTHS = """return [...document.querySelectorAll('.item')].map(
  item => Number(item.textContent.match(/([\\d.]+) months/)[1]))"""


@contextmanager
def firefox():
    "A window of Firefox, or None where it cannot be driven."
    from selenium import webdriver
    program, driver = shutil.which('firefox') or shutil.which('firefox-esr'), shutil.which('geckodriver')
    if not (program and driver): yield None
    else:
        options = webdriver.FirefoxOptions()
        options.binary_location = program
        options.add_argument('-headless')
        window = webdriver.Firefox(options, webdriver.FirefoxService(driver))
        try: yield window
        finally: window.quit()


@contextmanager
def webkit():
    "A window of WebKitGTK, or None where it cannot be driven."
    from selenium import webdriver
    driver = shutil.which('WebKitWebDriver')
    programs = sorted(Path('/').glob(MINI_BROWSERS[1:]))
    if not (driver and programs and os.environ.get('DISPLAY')): yield None
    else:
        options = webdriver.WebKitGTKOptions()
        options.binary_location = str(programs[-1])
        options.add_argument('--automation')
        window = webdriver.WebKitGTK(options, service=webdriver.WebKitGTKService(driver))
        try: yield window
        finally: window.quit()


ENGINES = {'Firefox': firefox, 'WebKitGTK': webkit}


class Visitor:
    "What a person does with the page."

    def __init__(self, window): self.window = window

    def wait(self, script, *given):
        "Until a script says yes."
        from selenium.webdriver.support.ui import WebDriverWait
        WebDriverWait(self.window, SECONDS).until(lambda window: window.execute_script(script, *given))

    def press(self, words, kind='button'):
        self.window.execute_script("[...document.querySelectorAll(arguments[0])].find(one => one.textContent.trim() "
                                   "=== arguments[1]).click()", kind, words)

    def read(self, films):
        "Give films of girls, one by one, since only what came alone shows its answer at once; their months."
        self.press('all female', 'label')
        for count, film in enumerate(films, 1):
            self.window.find_element('id', 'files').send_keys(str(film))
            self.wait(SETTLED, count)
        return self.window.execute_script(MONTHS)

    def refuses(self, files):
        "All of these, given at once to the empty page."
        self.press('Remove all')
        self.window.find_element('id', 'files').send_keys('\n'.join(map(str, files)))
        self.wait(FAILED, len(files))

    def map_is_drawn(self):
        self.press('Show the heat map')
        self.wait(DRAWN)


def visit(window, page, films):
    """Answers are Python's, a map is drawn, damaged files are refused, and it goes on when the server is gone; how far
    each answer is away, months."""
    visitor, expected = Visitor(window), [python_answer(film, 'F').bone_age_months for film in films]
    with serving(page) as server:
        window.get(address(server))
        visitor.wait(READY)
        found = visitor.read(films)
        visitor.map_is_drawn()
        visitor.wait(KEPT)
        visitor.refuses(sorted((films[-1].parent/'damaged').iterdir()))
    window.get(address(server))  # a refresh by driver may pass the service worker by
    visitor.wait(READY)
    same(visitor.read(films[:1]), found[:1])
    visitor.map_is_drawn()
    away = [abs(one - other) for one, other in zip(found, expected, strict=True)]
    near(max(away), 0, CLOSE)
    near(sum(away) / len(away), 0, CLOSE_ON_AVERAGE)
    return away


def run_engine(name, page, films):
    "Print one line; whether all went well, or the engine is not there."
    began = time.time()
    try:
        with ENGINES[name]() as window:
            if window:
                engine, away = f'{name} {window.capabilities["browserVersion"]}', visit(window, page, films)
                said = (f'{engine}: {len(films)} films within {max(away):.1f} months of Python, a heat map, damage told, '
                        'and again without a connection')
            else: said = f'{name}: not tested, the browser, its driver or a display is missing'
    except Exception as error:
        print(f'FAIL  {name} ({time.time() - began:.1f} s)\n      {type(error).__name__}: {error}', flush=True)
        return False
    print(f'PASS  {said} ({time.time() - began:.1f} s)', flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('engines', nargs='*', help=f'some of: {", ".join(ENGINES)}')
    chosen = parser.parse_args().engines or list(ENGINES)
    with tempfile.TemporaryDirectory() as folder:
        page, films = build(Path(folder)/'page', site=True), Path(folder)/'films'
        draw_films(films)
        some = [*sorted(films.glob('many/hand*.png'))[:SOME - 1], films/'film.dcm']
        passed = sum(run_engine(name, page, some) for name in chosen)
    print(f'{passed} passed, {len(chosen) - passed} failed', flush=True)
    return int(passed < len(chosen))


if __name__ == '__main__': sys.exit(main())
