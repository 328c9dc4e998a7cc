"""Repair of ONNX networks that OpenCV refuses for a reason that can be removed: they are rewritten to what it reads.

Needs the extra ``onnx``. Every function takes a model and returns another one; none is changed.
"""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto

Shape: TypeAlias = tuple[int, ...]

REPAIRED_ENDING = ".mended.onnx"
"""How a repaired copy is called on the disk, where earlier installs have put it."""
_OPSET = 13
_TO_CHANNELS_FIRST = [0, 3, 1, 2]
_TO_CHANNELS_LAST = [0, 2, 3, 1]


def repair(model: "ModelProto") -> "ModelProto":
    """Make all changes that are known to help: to resizing, to single pixels, and to outer transposes.

    Parameters
    ----------
    model
        A network of any opset.

    Returns
    -------
    ModelProto
        One of opset 13 or later.

    Raises
    ------
    Exception
        Whatever ``onnx`` raises for a network that it can't convert: its kinds of error are many.
    """
    return without_outer_transposes(with_expand(with_resize(model)))


def with_resize(model: "ModelProto") -> "ModelProto":
    """Replace every ``Upsample``, which ended with opset 9, by ``Resize``.

    A linear one from n to (n - 1) * k + 1 pixels by a factor that is not whole was a resize with aligned corners
    (TensorFlow 1) before it was exported: ``Upsample`` can't say so, ``Resize`` does. All others start at the first
    pixel, as ``Upsample`` does.
    """
    from onnx import helper, numpy_helper, version_converter

    if not any(node.op_type == "Upsample" for node in model.graph.node):
        return model
    shapes = _shapes(model)
    ends = [(shapes[node.input[0]], shapes[node.output[0]]) for node in model.graph.node if node.op_type == "Upsample"]
    repaired = version_converter.convert_version(model, _OPSET)
    # Before opset 10 there is no Resize: all that are here now were an Upsample, in the same order.
    resizes = [node for node in repaired.graph.node if node.op_type == "Resize"]
    for number, (node, (small, large)) in enumerate(zip(resizes, ends, strict=True)):
        linear = any(attribute.name == "mode" and attribute.s == b"linear" for attribute in node.attribute)
        corners = linear and all(map(_corners_align, small[2:], large[2:]))
        if all(large):
            sizes = f"repaired_sizes_{number}"
            repaired.graph.initializer.append(numpy_helper.from_array(np.array(large, np.int64), sizes))
            del node.input[1:]
            node.input.extend(["", "", sizes])
        node.attribute.append(
            helper.make_attribute("coordinate_transformation_mode", "align_corners" if corners else "asymmetric")
        )
        if not linear:
            node.attribute.append(helper.make_attribute("nearest_mode", "floor"))
    return repaired


def _corners_align(small: int, large: int) -> bool:
    return small == large or (small > 1 and large % small != 0 and (large - 1) % (small - 1) == 0)


def with_expand(model: "ModelProto") -> "ModelProto":
    """Replace every ``Resize`` of a single pixel by ``Expand``: it only repeats it."""
    from onnx import helper, numpy_helper

    shapes, repaired = _shapes(model), _copy(model)
    for number, node in enumerate(repaired.graph.node):
        if node.op_type != "Resize":
            continue
        small, large = shapes[node.input[0]], shapes[node.output[0]]
        if small[2:] == (1, 1) and all(large):
            shape = f"repaired_shape_{number}"
            repaired.graph.initializer.append(numpy_helper.from_array(np.array(large, np.int64), shape))
            node.CopyFrom(helper.make_node("Expand", [node.input[0], shape], list(node.output), name=node.name))
    return repaired


def without_outer_transposes(model: "ModelProto") -> "ModelProto":
    """Drop the ``Transpose`` after a network's input and before its output: channels come first outside as inside."""
    repaired = _copy(model)
    graph = repaired.graph
    weights = {one.name for one in graph.initializer}
    for entry in [one for one in graph.input if one.name not in weights]:
        users = _users(graph, entry.name)
        if len(users) == 1 and _permutation(users[0]) == _TO_CHANNELS_FIRST:
            _rename(graph, users[0].output[0], entry.name)
            graph.node.remove(users[0])
            _permute(entry, _TO_CHANNELS_FIRST)
    for end in graph.output:
        (last,) = [node for node in graph.node if end.name in node.output] or [None]
        if last is not None and _permutation(last) == _TO_CHANNELS_LAST and not _users(graph, end.name):
            graph.node.remove(last)
            _rename(graph, last.input[0], end.name)
            _permute(end, _TO_CHANNELS_FIRST)
    return repaired


def _copy(model: "ModelProto") -> "ModelProto":
    copy = type(model)()
    copy.CopyFrom(model)
    return copy


def _shapes(model: "ModelProto") -> dict[str, Shape]:
    """Return the shape of every value, 0 for a length that is not known; empty where nothing is."""
    from onnx import shape_inference

    graph = shape_inference.infer_shapes(model).graph
    shapes = {name: () for node in graph.node for name in (*node.input, *node.output)}
    known = {one.name: _shape(one) for one in (*graph.value_info, *graph.input, *graph.output)}
    return shapes | known


def _shape(value: "ValueInfoProto") -> Shape:
    return tuple(length.dim_value for length in value.type.tensor_type.shape.dim)


def _users(graph: "GraphProto", name: str) -> list["NodeProto"]:
    return [node for node in graph.node if name in node.input]


def _permutation(node: "NodeProto") -> list[int]:
    return list(node.attribute[0].ints) if node.op_type == "Transpose" and node.attribute else []


def _rename(graph: "GraphProto", old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == old:
                    names[place] = new


def _permute(value: "ValueInfoProto", permutation: list[int]) -> None:
    """Reorder the lengths of a value's shape."""
    lengths = value.type.tensor_type.shape.dim
    old = [type(length)() for length in lengths]
    for one, length in zip(old, lengths, strict=True):
        one.CopyFrom(length)
    for length, place in zip(lengths, permutation, strict=True):
        length.CopyFrom(old[place])
