"""What runs a network's file: OpenCV's dnn module always, OpenVINO where its extra is installed."""

import sys
import threading
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Blob: TypeAlias = npt.NDArray[np.float32]
"""(1, 3, H, W) float32: one picture, as a network is fed."""
Answer: TypeAlias = npt.NDArray[np.float32]
"""(C, h, w) float32: what a network says, in its own size."""
Layout: TypeAlias = Literal["nchw", "nhwc"]
RuntimeName: TypeAlias = Literal["opencv", "openvino"]

RUNTIME_TITLES: dict[RuntimeName, str] = {"opencv": "OpenCV", "openvino": "OpenVINO"}
"""What people call them."""


class Runtime(Protocol):
    """A loaded network. Threads may share it."""

    def forward(self, blob: Blob) -> Answer:
        """Run the network.

        Parameters
        ----------
        blob
            (1, 3, H, W) float32, whatever layout the file itself wants.

        Returns
        -------
        ndarray
            (C, h, w) float32, a copy.

        Raises
        ------
        Exception
            The runtime's own kinds of error.
        """
        ...


def load(path: Path, config: Path | None, layout: Layout, name: RuntimeName) -> Runtime:
    """Load a network's file.

    Parameters
    ----------
    path
        The weights.
    config
        The network's layout, where it is a file of its own (Caffe, Darknet).
    layout
        The order of axes that OpenCV wants. OpenVINO tells its own.
    name
        What runs it.

    Raises
    ------
    Exception
        The runtime's own kinds of error: ``cv2.error`` for OpenCV.
    """
    return OpenCVRuntime(path, config, layout) if name == "opencv" else OpenVINORuntime(path)


class OpenCVRuntime:
    """OpenCV's dnn module. A ``cv2.dnn.Net`` gives wrong masks if two threads run it at once: hence the lock."""

    def __init__(self, path: Path, config: Path | None, layout: Layout) -> None:
        self._net = cv2.dnn.readNet(str(path), str(config) if config else "")
        self._layout = layout
        self._lock = threading.Lock()

    def forward(self, blob: Blob) -> Answer:
        """Run the network: see `Runtime`."""
        fed = blob if self._layout == "nchw" else np.ascontiguousarray(blob.transpose(0, 2, 3, 1))
        with self._lock:
            self._net.setInput(fed)
            answer = np.array(self._net.forward(), np.float32)  # a copy: the net reuses its memory
        return channels_first(answer, blob.shape[2:], self._layout)


def openvino_core() -> Any:
    """Return OpenVINO's core, without the messages to its maker that importing it sends otherwise.

    Raises
    ------
    ImportError
        If the extra is not installed.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # as if it was not installed
    import openvino  # type: ignore[import-untyped, import-not-found, unused-ignore]

    return openvino.Core()


class OpenVINORuntime:
    """OpenVINO on one thread of the processor, in float32: its own choice may be bfloat16, which moves edges."""

    def __init__(self, path: Path) -> None:
        core = openvino_core()
        model = core.read_model(path)
        hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        # One request, guarded, loses nothing: all would queue for the one thread.
        self._request: Any = core.compile_model(model, "CPU", hints).create_infer_request()
        shape = model.input(0).partial_shape
        channels_last = len(shape) == 4 and shape[3] == 3 and shape[1] != 3
        self._layout: Layout = "nhwc" if channels_last else "nchw"
        self._lock = threading.Lock()

    def forward(self, blob: Blob) -> Answer:
        """Run the network: see `Runtime`."""
        fed = blob if self._layout == "nchw" else np.ascontiguousarray(blob.transpose(0, 2, 3, 1))
        with self._lock:
            self._request.infer({0: fed}, share_inputs=True)
            answer = np.array(self._request.get_output_tensor(0).data, np.float32)
        return channels_first(answer, blob.shape[2:], self._layout)


def channels_first(answer: npt.NDArray[np.float32], size: tuple[int, ...], layout: Layout) -> Answer:
    """Bring a network's answer to (C, h, w).

    Parameters
    ----------
    answer
        One picture's, with any number of leading ones in its shape.
    size
        Height and width of what the network was fed. The two axes of the answer in the same proportion are its
        height and width: some networks take channels last and answer with channels first.
    layout
        What decides where both orders fit.
    """
    while answer.ndim > 3 and answer.shape[0] == 1:
        answer = answer[0]
    if answer.ndim == 2:
        answer = answer[None]
    if answer.ndim != 3:
        return answer
    first = in_proportion(answer.shape[1:], size)
    last = in_proportion(answer.shape[:2], size)
    if last and (not first or layout == "nhwc"):
        return np.ascontiguousarray(answer.transpose(2, 0, 1))
    return answer


def in_proportion(shape: tuple[int, ...], size: tuple[int, ...]) -> bool:
    """Tell whether a shape is a size made smaller or larger, within the rounding of a pixel."""
    (height, width), (full_height, full_width) = shape, size
    return abs(height * full_width - width * full_height) <= max(full_height, full_width)
