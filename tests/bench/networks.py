"""Each runtime on the networks of ../shared, and labels at 1280x720 against every channel at full size."""

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx

from segcore.networks.masks import channels_first, read_probability, to_probability
from segcore.networks.repair import repair
from segcore.networks.runtimes import Runtime, Tensor, forward_image, load
from segcore.picture.scaling import shrink
from tests.bench.common import HEIGHT, WIDTH, interleaved, picture, verdict

_MODELS = Path(__file__).resolve().parents[2].parent / "shared" / "models"
_DEEPLAB = "deeplab_v3_1_default_1.onnx"
_IMAGENET = (1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_FILES = {  # the side of the input; scale, mean and deviation
    _DEEPLAB: (257, (1 / 127.5, (1, 1, 1), (1, 1, 1))),
    "espnetv2_s1.0_pascal_256x256.onnx": (256, _IMAGENET),
    "espnetv2_s2.0_pascal_384x384.onnx": (384, _IMAGENET),
    "skin_clothes_hair_pan.onnx": (512, _IMAGENET),
}
_FASTER = 2


def blob(side: int, feed: tuple[float, tuple[float, ...], tuple[float, ...]]) -> npt.NDArray[np.float32]:
    scale, mean, std = feed
    small = cv2.dnn.blobFromImage(shrink(picture(0), side, side), scale, swapRB=True)
    return ((small - np.reshape(mean, (1, 3, 1, 1))) / np.reshape(std, (1, 3, 1, 1))).astype(np.float32)


def answer(runtime: Runtime, fed: Tensor) -> Tensor:
    (only,) = forward_image(runtime, fed).values()
    return only


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """Return what does some work ten times and tells the milliseconds of one."""

    def run() -> float:
        start = time.perf_counter()
        for _ in range(10):
            work()
        return (time.perf_counter() - start) * 100

    return run


def every_channel(probability: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The obvious way: every channel at full size, the highest of them, and all but the background."""
    small = np.rint(((probability - 0.1) * (255 / 0.8)).clip(0, 255)).astype(np.uint8)
    planes = np.stack([cv2.resize(plane, (WIDTH, HEIGHT)) for plane in small])
    return planes.argmax(axis=0).astype(np.uint8), planes[1:]


def run() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for name, (side, feed) in _FILES.items():
            path = _MODELS / name
            if not path.is_file():
                yield f"{name}: skipped, it is not in ../shared/models"
                continue
            if name == _DEEPLAB:
                onnx.save(repair(onnx.load(path)), path := Path(folder, name))
            fed = blob(side, feed)
            plain = load([path], "nchw", "opencv")
            yield from compare_runtimes(name, path, plain, fed)
            if name == _DEEPLAB:
                yield compare_labels(to_probability(channels_first(answer(plain, fed), (side, side), "nchw")))


def compare_runtimes(name: str, path: Path, plain: Runtime, fed: npt.NDArray[np.float32]) -> Iterator[str]:
    try:
        fast = load([path], "nchw", "openvino")
    except ImportError:
        yield f"{name}: skipped, the extra openvino is not installed"
        return
    first, second = answer(plain, fed), answer(fast, fed)
    fast_ms, plain_ms, ratio = interleaved(timed(lambda: answer(fast, fed)), timed(lambda: answer(plain, fed)))
    apart = np.abs(first - second).max()
    detail = f"{fast_ms:.1f} ms against {plain_ms:.1f} ms, one thread; answers at most {apart:.1g} apart"
    yield verdict(f"{name}: OpenVINO's speed against OpenCV's", ratio, _FASTER, at_least=True, detail=detail)


def compare_labels(probability: npt.NDArray[np.float32]) -> str:
    labels = range(1, len(probability))

    def ours() -> object:
        return read_probability(probability, labels, HEIGHT, WIDTH, background=True)

    ours_ms, plain_ms, ratio = interleaved(timed(ours), timed(lambda: every_channel(probability)))
    detail = f"{ours_ms:.1f} ms, the obvious way {plain_ms:.1f} ms, the network apart"
    return verdict("21 channels at 1280x720 against the obvious way", 1 / ratio, 0.4, at_least=False, detail=detail)
