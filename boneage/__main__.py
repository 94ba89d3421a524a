"`python -m boneage` is the command `boneage`, for where the script is not on the path. Like `__init__.py`, not from a notebook."
from boneage.cli import main

if __name__ == '__main__': main(prog_name='boneage')
