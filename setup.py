"""Packaging: every value comes from settings.ini, which nbdev reads too."""
import shlex
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
parser = ConfigParser(delimiters=['='])
parser.read(here/'settings.ini', encoding='utf-8')
settings = parser['DEFAULT']
library = settings['lib_path']
readme = here/'README.md'


def requirements(name):
    "The requirements under a key of settings.ini, one a line: a marker may hold spaces."
    return [line.strip() for line in settings[name].splitlines() if line.strip()]


base, lab, train, dicom, pdf, cluster, dev = (
    requirements(f'{part}requirements') for part in ('', 'lab_', 'train_', 'dicom_', 'pdf_', 'cluster_', 'dev_'))
everything = lab + train + dicom + pdf + cluster

setup(
    name=settings['lib_name'],
    version=settings['version'],
    description=settings['description'],
    long_description=readme.read_text(encoding='utf-8') if readme.exists() else settings['description'],
    long_description_content_type='text/markdown',
    keywords=settings['keywords'].split(),
    author=settings['author'],
    author_email=settings['author_email'],
    url=settings['git_url'],
    project_urls={'Documentation': settings['doc_host'] + settings['doc_baseurl'] + '/'},
    license='Apache-2.0 (code); non-commercial terms of RSNA (weights, see boneage/weights/LICENSE.txt)',
    license_files=['LICENSE', f'{library}/weights/*LICENSE.txt'],
    classifiers=[
        'Development Status :: 3 - Alpha',
        'Intended Audience :: Science/Research',
        'Natural Language :: English',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
        'Programming Language :: Python :: 3.13',
        'Topic :: Scientific/Engineering :: Medical Science Apps.',
    ],
    python_requires=f">={settings['min_python']},<3.14",
    packages=find_packages(include=[library, f'{library}.*']),
    package_data={library: ['weights/*',  # a trained network, its model card, and the models that find the hand
                            'apps/live/**/*']},  # the page that reads films, where tools/build_browser.py has built it
    install_requires=base,
    extras_require={'lab': lab, 'train': lab + train, 'dicom': dicom, 'pdf': pdf, 'cluster': cluster, 'all': everything,
                    'dev': everything + dev},
    entry_points={
        'console_scripts': shlex.split(settings['console_scripts']),
        'nbdev': [f'{library}={library}._modidx:d'],  # lets other nbdev projects link to these docs
    },
    zip_safe=False,
)
