"""Networks of one 1x1 convolution, written byte by byte, for formats whose libraries are not needed otherwise."""

import struct
from pathlib import Path

import numpy as np


def write_darknet(folder: Path, numbers: np.ndarray) -> list[Path]:
    """Write a network of one 1x1 convolution; a filter has one bias and three weights."""
    layout, weights = folder / "tiny.cfg", folder / "tiny.weights"
    net = "[net]\nwidth=32\nheight=16\nchannels=3\n"
    layer = f"[convolutional]\nfilters={len(numbers) // 4}\nsize=1\nstride=1\nactivation=linear\n"
    layout.write_text(f"{net}\n{layer}")
    weights.write_bytes(struct.pack("<iiiq", 0, 2, 0, 0) + numbers.astype(np.float32).tobytes())
    return [layout, weights]


def write_caffe(folder: Path) -> list[Path]:
    """Write red + 0.5 and blue - 0.5 through a sigmoid."""

    def blob(shape: tuple[int, ...], numbers: list[float]) -> bytes:
        dims = field(1, b"".join(map(varint, shape)))
        return field(7, field(7, dims) + field(5, np.array(numbers, np.float32).tobytes()))

    layout, weights = folder / "tiny.prototxt", folder / "tiny.caffemodel"
    layout.write_text(
        'name: "tiny" input: "data" input_shape { dim: 1 dim: 3 dim: 16 dim: 32 }\n'
        'layer { name: "c" type: "Convolution" bottom: "data" top: "c"\n'
        "        convolution_param { num_output: 2 kernel_size: 1 } }\n"
        'layer { name: "s" type: "Sigmoid" bottom: "c" top: "s" }\n'
    )
    layer = field(1, b"c") + field(2, b"Convolution") + blob((2, 3, 1, 1), [1, 0, 0, 0, 0, 1]) + blob((2,), [0.5, -0.5])
    weights.write_bytes(field(1, b"tiny") + field(100, layer))
    return [layout, weights]


def write_tensorflow(folder: Path) -> Path:
    """Write red and blue through a sigmoid, 16x32 pixels, channels last."""

    def attribute(name: str, value: bytes) -> bytes:
        return field(5, field(1, name.encode()) + field(2, value))

    def shape(*lengths: int) -> bytes:
        return b"".join(field(2, whole(1, length)) for length in lengths)

    def node(name: str, operation: str, inputs: list[str], *attributes: bytes) -> bytes:
        named = field(1, name.encode()) + field(2, operation.encode())
        return field(1, named + b"".join(field(3, one.encode()) for one in inputs) + b"".join(attributes))

    floats = attribute("dtype", whole(6, 1))
    mix = np.array([[1, 0], [0, 0], [0, 1]], np.float32).tobytes()
    tensor = field(8, whole(1, 1) + field(2, shape(1, 1, 3, 2)) + field(4, mix))
    strides = attribute("strides", field(1, field(3, bytes([1, 1, 1, 1]))))
    path = folder / "tiny.pb"
    path.write_bytes(
        node("x", "Placeholder", [], floats, attribute("shape", field(7, shape(1, 16, 32, 3))))
        + node("w", "Const", [], floats, attribute("value", tensor))
        + node("c", "Conv2D", ["x", "w"], attribute("T", whole(6, 1)), strides, attribute("padding", field(2, b"SAME")))
        + node("y", "Sigmoid", ["c"], attribute("T", whole(6, 1)))
    )
    return path


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    return bytes([number]) if number < 128 else bytes([number % 128 + 128]) + varint(number // 128)


def whole(number: int, value: int) -> bytes:
    """Return a field of protobuf with a whole number in it."""
    return varint(number << 3) + varint(value)


def field(number: int, content: bytes) -> bytes:
    """Return a field of protobuf: its number, its length, its bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content
