"""What runs a network's files: OpenCV's dnn module always, OpenVINO where its extra is installed."""

import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Tensor: TypeAlias = npt.NDArray[np.float32]
"""float32 of any shape: an input or an output of a network, as the network itself has it."""
Layout: TypeAlias = Literal["nchw", "nhwc"]
RuntimeName: TypeAlias = Literal["opencv", "openvino"]

RUNTIME_TITLES: dict[RuntimeName, str] = {"opencv": "OpenCV", "openvino": "OpenVINO"}
"""What people call them."""


class Runtime(Protocol):
    """A loaded network. Threads may share it."""

    @property
    def image_input(self) -> str:
        """The name of the input that takes the image: the first."""
        ...

    @property
    def layout(self) -> Layout:
        """The order of axes of the images that it takes."""
        ...

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the network.

        Parameters
        ----------
        inputs
            By name, each in the shape that the network wants.

        Returns
        -------
        dict
            The outputs by name, in the network's order and as it shapes them; copies.

        Raises
        ------
        Exception
            The runtime's own kinds of error.
        """
        ...


def load(files: Sequence[Path], layout: Layout, name: RuntimeName) -> Runtime:
    """Load a network.

    Parameters
    ----------
    files
        The weights; then, for Caffe and Darknet, the network's layout.
    layout
        The order of axes that OpenCV wants. OpenVINO tells its own.
    name
        What runs it.

    Raises
    ------
    Exception
        The runtime's own kinds of error: ``cv2.error`` for OpenCV.
    """
    return OpenCVRuntime(files, layout) if name == "opencv" else OpenVINORuntime(files[0])


def forward_image(runtime: Runtime, image: Tensor) -> dict[str, Tensor]:
    """Run a network on an image, (1, 3, H, W) float32, whatever order of axes it wants, and return its outputs."""
    fed = image if runtime.layout == "nchw" else np.ascontiguousarray(image.transpose(0, 2, 3, 1))
    return runtime.forward({runtime.image_input: fed})


class OpenCVRuntime:
    """OpenCV's dnn module. A ``cv2.dnn.Net`` gives wrong masks if two threads run it at once: hence the lock."""

    image_input = ""  # OpenCV tells no names of inputs; this one stands for the first

    def __init__(self, files: Sequence[Path], layout: Layout) -> None:
        self._net = cv2.dnn.readNet(*(str(file) for file in files[:2]))
        self._outputs = self._net.getUnconnectedOutLayersNames()
        self.layout = layout
        self._lock = threading.Lock()

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the network: see `Runtime`."""
        with self._lock:
            for name, tensor in inputs.items():
                self._net.setInput(tensor, name)
            answers = self._net.forward(self._outputs)
            # Copies: the net uses its memory again.
            return {name: np.array(one, np.float32) for name, one in zip(self._outputs, answers, strict=True)}


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

    def __init__(self, file: Path) -> None:
        core = openvino_core()
        model = core.read_model(file)
        hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        # One request, guarded, loses nothing: all would queue for the one thread.
        self._request: Any = core.compile_model(model, "CPU", hints).create_infer_request()
        self._places = _names(model.inputs)
        self._outputs = _names(model.outputs)
        self.image_input = next(iter(self._places))
        shape = model.input(0).partial_shape
        channels_last = len(shape) == 4 and shape[3] == 3 and shape[1] != 3
        self.layout: Layout = "nhwc" if channels_last else "nchw"
        self._lock = threading.Lock()

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the network: see `Runtime`."""
        with self._lock:
            self._request.infer({self._places[name]: tensor for name, tensor in inputs.items()}, share_inputs=True)
            return {
                name: np.array(self._request.get_output_tensor(place).data, np.float32)
                for name, place in self._outputs.items()
            }


def _names(ports: Sequence[Any]) -> dict[str, int]:
    """Return the places of a model's inputs or outputs by name; one without a name is called by its place."""
    return {port.get_any_name() if port.names else str(place): place for place, port in enumerate(ports)}
