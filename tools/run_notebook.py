"""Test one notebook as nbdev_test does, in this process: `python tools/run_notebook.py nbs/01a_dataset.ipynb`."""
import sys
from pathlib import Path

from nbdev.config import get_config
from nbdev.test import test_nb


def main(path):
    path = Path(path).resolve()
    config = get_config(path=path.parent)
    passed, _ = test_nb(path, skip_flags=config.tst_flags.split(), basepath=config.config_path)
    return 0 if passed else 1


if __name__ == '__main__': sys.exit(main(sys.argv[1]))
