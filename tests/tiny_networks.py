"""Networks of one layer or two, made here: what they must answer can be worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra is not installed: pip install 'segdeck[onnx]'")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

__all__ = ["ReferenceEvaluator", "find_red", "helper", "mixer", "model", "onnx", "save"]

Shape = tuple[int | str, ...]


def model(nodes, shape: Shape, answer: Shape, weights=None, opset: int = 13, answer_type=TensorProto.FLOAT):
    """A network from "x" to "y"; ``weights`` by name."""
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", answer_type, answer)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def mixer(mix, height=8, width=16, *, channels_last=False, end="Identity"):
    """A network whose every channel is a sum of red, green and blue: ``mix`` is (C, 3). ``end`` is its last layer."""
    mix = np.asarray(mix, np.float32)
    inner, last = ("door", "mixed") if channels_last else ("x", "y")
    ends = {"Softmax": {"axis": 1}, "ArgMax": {"axis": 1, "keepdims": 1}}.get(end, {})
    nodes = [helper.make_node("Conv", [inner, "w"], ["sum"]), helper.make_node(end, ["sum"], [last], **ends)]
    channels = 1 if end == "ArgMax" else len(mix)
    shape, answer = (1, 3, height, width), (1, channels, height, width)
    if channels_last:
        nodes.insert(0, helper.make_node("Transpose", ["x"], ["door"], perm=[0, 3, 1, 2]))
        nodes.append(helper.make_node("Transpose", ["mixed"], ["y"], perm=[0, 2, 3, 1]))
        shape, answer = (1, height, width, 3), (1, height, width, channels)
    kind = TensorProto.INT64 if end == "ArgMax" else TensorProto.FLOAT
    return model(nodes, shape, answer, {"w": mix[..., None, None]}, answer_type=kind)


def find_red() -> bytes:
    """The file of a network that finds what is red: (1, 3, 2, 4) RGB, 0 to 1, to one probability a pixel."""
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["sum"]), helper.make_node("Sigmoid", ["sum"], ["y"])]
    mix = np.array([20, -10, -10], np.float32).reshape(1, 3, 1, 1)
    weights = {"w": mix, "b": np.array([-5], np.float32)}
    return bytes(model(nodes, (1, 3, 2, 4), (1, 1, 2, 4), weights).SerializeToString())


def save(network, path: Path) -> Path:
    path.write_bytes(network.SerializeToString())
    return path
