"""Build the page that reads films: sources from browser/, LiteRT.js from npm, cards and tables from the package.

    python tools/build_browser.py                   # boneage/apps/live: networks stay in boneage/weights
    python tools/build_browser.py --site FOLDER     # a whole static site, with the networks
    python tools/build_browser.py --vectors FOLDER  # what Python says, for browser/test
"""
import argparse, base64, hashlib, json, shutil, subprocess, sys
from pathlib import Path

HERE = Path(__file__).parent.parent
sys.path.insert(0, str(HERE))

from boneage.apps.browser import licences, page_card
from boneage.apps.browser_tables import write_tables, write_vectors
from boneage.apps.browser_vectors import golden_vectors
from boneage.apps.live_server import write_page_data
from boneage.basics import BoneAgeError, claim_folder, write_atomically
from boneage.catalog import weights_folder
from boneage.values import save_json

SOURCES, PACKAGES = HERE/'browser', HERE/'browser'/'node_modules'/'@litertjs'
LIVE = HERE/'boneage'/'apps'/'live'
KINDS = '.html', '.js', '.css', '.svg'
# without threads, which need headers that no static site sends; `compat` for browsers without relaxed SIMD
RUNTIMES = 'litert_wasm_internal', 'litert_wasm_compat_internal'


def installed() -> bool:
    "Are the locked versions of the npm packages there?"
    lock = json.loads((SOURCES/'package-lock.json').read_text())['packages']
    wanted = {place: entry['version'] for place, entry in lock.items() if place}
    def found(place):
        card = SOURCES/place/'package.json'
        return json.loads(card.read_text())['version'] if card.is_file() else None
    return all(found(place) == version for place, version in wanted.items())


def install() -> None:
    "Get the npm packages, as locked; raises `BoneAgeError` where that fails."
    if installed(): return
    npm = shutil.which('npm')
    if not npm: raise BoneAgeError('npm is not installed, and LiteRT.js comes from there: install Node 20 or newer.')
    done = subprocess.run([npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], cwd=SOURCES, capture_output=True,
                          text=True)
    if done.returncode: raise BoneAgeError(f'npm could not install LiteRT.js: {done.stderr.strip()[-500:]}')


def copy_sources(folder: Path) -> None:
    "Page and modules, flat."
    for path in sorted(SOURCES.iterdir()):
        if path.suffix in KINDS: shutil.copyfile(path, folder/path.name)


def copy_runtime(folder: Path) -> None:
    "LiteRT.js and its wasm; a browser finds no package by its name, so the one import is given its place."
    target = folder/'litert'
    target.mkdir()
    text = (PACKAGES/'core'/'dist'/'index.js').read_text()
    named = 'from "@litertjs/wasm-utils"'
    if text.count(named) != 1: raise BoneAgeError(f'LiteRT.js no longer holds {named} once: look at its imports.')
    text = text.replace(named, 'from "./wasm-utils.js"')
    (target/'index.js').write_text(without_map(text))
    (target/'wasm-utils.js').write_text(without_map((PACKAGES/'wasm-utils'/'dist'/'index.js').read_text()))
    for file in (f'{name}{suffix}' for name in RUNTIMES for suffix in ('.js', '.wasm')):
        shutil.copyfile(PACKAGES/'core'/'wasm'/file, target/file)


def without_map(text: str) -> str:
    "A script that names no source map: it is not given away."
    return ''.join(line for line in text.splitlines(keepends=True) if not line.startswith('//# sourceMappingURL'))


def integrity(path: Path) -> str:
    "The hash of a file as a browser checks it."
    return 'sha256-' + base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


def write_precache(folder: Path, networks: list[str]) -> None:
    "What the service worker keeps: every file of the page and its hash."
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob('*')) if path.is_file()}
    files |= {f'weights/{name}': weights_folder/name for name in networks}
    left_out = 'sw.js', 'precache.js'
    hashes = {name: integrity(path) for name, path in files.items() if not name.startswith(('.', *left_out))}
    write_atomically(folder/'precache.js', f'self.FILES = {json.dumps(hashes, indent=1)};\n')


def build(
    folder: Path,  # what it held of an earlier build goes
    site: bool = False,  # with the networks
) -> Path:
    "Build the page into a folder; raises `BoneAgeError` where that cannot be done."
    install()
    if site: claim_folder(folder, 'the page that reads films')
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir(): shutil.rmtree(path)
        elif not path.name.startswith('.'): path.unlink()
    copy_sources(folder)
    copy_runtime(folder)
    card = page_card()
    networks = [entry['file'] for entry in (*card['hands'], *card['eyes'], *([card['map']] if card['map'] else []))]
    save_json(folder/'card.json', card)
    write_atomically(folder/'licences.txt', licences())
    write_tables(folder)
    write_page_data(folder, offline=site)
    if site:
        (folder/'weights').mkdir()
        for name in networks: shutil.copyfile(weights_folder/name, folder/'weights'/name)
        write_precache(folder, networks)
    else: (folder/'sw.js').unlink()  # from this machine the page comes at once, and never an old one
    return folder


def write_all_vectors(folder: Path) -> Path:
    "What the tests compare the page's code with, and the npm packages that they need."
    install()
    claim_folder(folder, 'vectors')
    write_vectors(folder)
    golden_vectors(folder)
    save_json(folder/'tables'/'card.json', page_card())
    return folder


def size(folder: Path) -> float:
    "Megabytes of all files."
    return sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--site', type=Path, metavar='FOLDER', help='write a whole static site here')
    parser.add_argument('--vectors', type=Path, metavar='FOLDER', help='write what the tests need here, instead')
    given = parser.parse_args()
    try:
        if given.vectors: folder = write_all_vectors(given.vectors)
        else: folder = build(given.site or LIVE, site=given.site is not None)
    except BoneAgeError as error:
        print(error, file=sys.stderr)
        return 1
    print(f'{folder}: {size(folder):.1f} MB')
    return 0


if __name__ == '__main__': sys.exit(main())
