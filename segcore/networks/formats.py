"""The formats of networks' files: which files make a network, and what input they ask for.

Files are read only where a crafted one can do no harm: see `segcore.networks.check`.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

from segcore.errors import SegdeckError
from segcore.networks.runtimes import Layout, openvino_core

Kind: TypeAlias = Literal["onnx", "tflite", "tensorflow", "caffe", "darknet"]
Input: TypeAlias = tuple[Layout, int, int]
"""The order of axes in the file, height and width in pixels, 0 where it is left open."""

KINDS: dict[str, Kind] = {
    ".onnx": "onnx",
    ".tflite": "tflite",
    ".pb": "tensorflow",
    ".caffemodel": "caffe",
    ".weights": "darknet",
}
"""The format of a file with weights, by its ending."""
CONFIG_ENDINGS = {".caffemodel": ".prototxt", ".weights": ".cfg"}
"""The ending of the second file, with the network's layout, that goes with some weights."""
_ACCEPTED = (
    "ONNX (.onnx), TFLite (.tflite), TensorFlow (.pb), Caffe (.prototxt with .caffemodel) and "
    "Darknet (.cfg with .weights) are accepted."
)


def sort_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Put the files of one network in order.

    Parameters
    ----------
    paths
        One file, or a pair in any order.

    Returns
    -------
    tuple
        The weights; then the network's layout, where it is a file of its own.

    Raises
    ------
    SegdeckError
        If, by their endings, they are no network or half of a pair.
    """
    by_ending = {path.suffix.lower(): path for path in paths}
    for weights, config in CONFIG_ENDINGS.items():
        if len(half := {weights, config} & by_ending.keys()) == 1 and len(paths) == 1:
            there, missing = (weights, config) if weights in half else (config, weights)
            raise SegdeckError(f"A {there} file goes with a {missing} file; give both.")
    kind = next((ending for ending in by_ending if ending in KINDS), "")
    wanted = [ending for ending in (kind, CONFIG_ENDINGS.get(kind)) if ending]
    if not wanted or by_ending.keys() != set(wanted) or len(paths) != len(wanted):
        raise SegdeckError(f"This is not one network; {_ACCEPTED}")
    return tuple(by_ending[ending] for ending in wanted)


def stated_input(kind: Kind, files: Sequence[Path]) -> Input | None:
    """Return the input that a network's files ask for, as OpenCV wants it, which reads it but does not tell.

    Parameters
    ----------
    kind
        The format.
    files
        As `sort_files` orders them.

    Returns
    -------
    tuple or None
        None where the files don't tell, or what could read them is not installed.
    """
    for read in _READERS[kind]:
        try:
            layout, height, width = _read_shape(read(files[-1]))
        except Exception:  # what is wrong with the file is for OpenCV to say
            continue
        # OpenCV turns all but ONNX to channels first.
        return (layout if kind == "onnx" else "nchw"), height, width
    return None


def _read_shape(shape: tuple[int, ...]) -> Input:
    _, second, third, last = shape
    return ("nhwc", second, third) if last == 3 and second != 3 else ("nchw", third, last)


def _by_onnx(weights: Path) -> tuple[int, ...]:
    import onnx

    graph = onnx.load(weights, load_external_data=False).graph
    filled = {one.name for one in graph.initializer}
    first = next(one for one in graph.input if one.name not in filled)
    return tuple(length.dim_value for length in first.type.tensor_type.shape.dim)


def _by_openvino(weights: Path) -> tuple[int, ...]:
    shape = openvino_core().read_model(weights).input(0).partial_shape
    return tuple(length.get_length() if length.is_static else 0 for length in shape)


def _by_tflite(weights: Path) -> tuple[int, ...]:
    import tflite  # type: ignore[import-untyped]

    graph = tflite.Model.GetRootAs(weights.read_bytes()).Subgraphs(0)
    tensor = graph.Tensors(graph.Inputs(0))
    return tuple(max(0, tensor.Shape(axis)) for axis in range(tensor.ShapeLength()))


def _of_caffe(config: Path) -> tuple[int, ...]:
    text = config.read_text("utf-8", "replace")
    return tuple(int(length) for length in re.findall(r"\b(?:input_)?dim\s*:\s*(\d+)", text)[:4])


def _of_darknet(config: Path) -> tuple[int, ...]:
    text = config.read_text("utf-8", "replace")
    height, width = (re.findall(rf"^\s*{side}\s*=\s*(\d+)", text, re.MULTILINE)[0] for side in ("height", "width"))
    return 1, 3, int(height), int(width)


_READERS: dict[Kind, list[Callable[[Path], tuple[int, ...]]]] = {
    "onnx": [_by_onnx, _by_openvino],
    "tflite": [_by_tflite],
    "tensorflow": [_by_openvino],
    "caffe": [_of_caffe],
    "darknet": [_of_darknet],
}
"""What tells the shape of the first input, from the last of a network's files."""
