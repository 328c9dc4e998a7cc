import struct
import sys

import numpy as np
import pytest

from segcore.networks.check import inspect
from segcore.networks.formats import stated_input
from segcore.networks.runtimes import forward_image, load
from tests.tiny_networks import mixer, save

CFG = """
[net]
# width=99
width = 16
height=8
channels=3

[convolutional]
filters=2
size=1
stride=1
pad=0
activation=linear
"""
PROTOTXT = """
name: "tiny"
layer {{ name: "data" type: "Input" top: "data" input_param {{ shape: {{ {dims} }} }} }}
layer {{ name: "answer" type: "Softmax" bottom: "data" top: "answer" }}
"""


@pytest.fixture
def darknet(tmp_path):
    """A pair of files: two channels, red and twice blue."""
    (tmp_path / "net.cfg").write_text(CFG)
    header = struct.pack("<iiiQ", 0, 2, 0, 0)
    numbers = np.array([0, 0, 1, 0, 0, 0, 0, 2], "<f4")  # two biases, then the weights
    (tmp_path / "net.weights").write_bytes(header + numbers.tobytes())
    return tmp_path / "net.weights", tmp_path / "net.cfg"


@pytest.fixture
def caffe(tmp_path):
    """A pair of files of a network that has no weights."""
    (tmp_path / "net.prototxt").write_text(PROTOTXT.format(dims="dim: 1 dim: 3 dim: 8 dim: 16"))
    (tmp_path / "net.caffemodel").write_bytes(b"\x0a\x04tiny")
    return tmp_path / "net.caffemodel", tmp_path / "net.prototxt"


def test_a_darknet_pair_is_found_out_and_run(darknet):
    facts = inspect(darknet)
    assert (facts.kind, facts.input_height_px, facts.input_width_px) == ("darknet", 8, 16)
    assert (facts.output, facts.output_shape) == ("logits", (2, 8, 16))
    blob = np.random.default_rng(0).random((1, 3, 8, 16), np.float32)
    (answer,) = forward_image(load(darknet, "nchw", "opencv"), blob).values()
    assert np.allclose(answer[0], [blob[0, 0], 2 * blob[0, 2]])


def test_a_caffe_pair_is_found_out_and_run(caffe):
    facts = inspect(caffe)
    assert (facts.kind, facts.input_height_px, facts.input_width_px) == ("caffe", 8, 16)
    assert (facts.output, facts.output_shape) == ("probability", (3, 8, 16))


def test_the_older_way_to_write_a_caffe_input_is_read(tmp_path, caffe):
    (tmp_path / "net.prototxt").write_text('input: "data"\ninput_dim: 1\ninput_dim: 3\ninput_dim: 5\ninput_dim: 7\n')
    assert stated_input("caffe", caffe) == ("nchw", 5, 7)


@pytest.mark.parametrize("reader", ["onnx", "openvino"])
def test_either_extra_can_tell_an_onnx_file_s_input(reader, tmp_path, monkeypatch):
    pytest.importorskip(reader, reason=f"the extra is not installed: pip install 'segdeck[{reader}]'")
    first = save(mixer([[1, 0, 0]]), tmp_path / "first.onnx")
    last = save(mixer([[1, 0, 0]], channels_last=True), tmp_path / "last.onnx")
    monkeypatch.setitem(sys.modules, {"onnx": "openvino", "openvino": "onnx"}[reader], None)
    assert stated_input("onnx", [first]) == ("nchw", 8, 16)
    assert stated_input("onnx", [last]) == ("nhwc", 8, 16)


def test_lengths_that_are_left_open_are_0(tmp_path):
    path = save(mixer([[1, 0, 0]], "height", "width"), tmp_path / "net.onnx")
    assert stated_input("onnx", [path]) == ("nchw", 0, 0)


def test_the_input_of_a_tflite_file_is_read(shared):
    # OpenCV turns it to channels first; in the file they are last.
    assert stated_input("tflite", [shared / "models/deeplabv3.tflite"]) == ("nchw", 257, 257)
    quantised = shared / "models/deeplabv3_mnv2_pascal_quant.tflite"
    assert stated_input("tflite", [quantised]) == ("nchw", 513, 513)


@pytest.mark.parametrize("kind", ["onnx", "tflite", "tensorflow", "caffe", "darknet"])
@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"[net]\nwidth=\n"])
def test_of_files_that_tell_nothing_nothing_is_known(kind, content, tmp_path):
    (tmp_path / "net").write_bytes(content)
    assert stated_input(kind, [tmp_path / "net", tmp_path / "net"]) is None
