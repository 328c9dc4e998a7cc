import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from segcore.networks.runtimes import forward_image, load
from tests.tiny_networks import helper, mixer, onnx, save

MIX = [[1, 0, 0], [0, 2, 0], [0, 0, 3], [1, -1, 1]]
RUNTIMES = ["opencv", "openvino"]


@pytest.fixture(params=RUNTIMES)
def runtime(request):
    if request.param == "openvino":
        pytest.importorskip("openvino", reason="the extra is not installed: pip install 'segdeck[openvino]'")
    return request.param


def blob(seed=0, height=8, width=16):
    return np.random.default_rng(seed).random((1, 3, height, width), np.float32)


@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_a_network_is_fed_and_read_in_its_own_layout(layout, runtime, tmp_path):
    path = save(mixer(MIX, channels_last=layout == "nhwc"), tmp_path / "net.onnx")
    (answer,) = forward_image(load([path], layout, runtime), blob()).values()
    assert answer.dtype == np.float32
    expected = np.einsum("ck,khw->chw", MIX, blob()[0])
    assert np.allclose(answer[0], expected if layout == "nchw" else expected.transpose(1, 2, 0), atol=1e-5)


def test_inputs_and_outputs_go_by_name(runtime, tmp_path):
    """Two inputs, so that one taken for the other is seen, and two outputs of different shapes."""
    tensor = helper.make_tensor_value_info
    shape, kind = (1, 3, 8, 16), onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Sub", ["image", "less"], ["rest"]),
            helper.make_node("Relu", ["rest"], ["over"]),
            helper.make_node("GlobalMaxPool", ["rest"], ["most"]),
        ],
        "two",
        [tensor("image", kind, shape), tensor("less", kind, shape)],
        [tensor("over", kind, shape), tensor("most", kind, (1, 3, 1, 1))],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    loaded = load([save(network, tmp_path / "net.onnx")], "nchw", runtime)
    outputs = loaded.forward({"less": blob(1), "image": blob(0)})
    rest = blob(0) - blob(1)
    assert outputs.keys() == {"over", "most"}
    assert np.allclose(outputs["over"], rest.clip(0))
    assert np.allclose(outputs["most"], rest.max(axis=(2, 3), keepdims=True))


def test_an_answer_stays_when_the_next_one_comes(runtime, tmp_path):
    network = load([save(mixer(MIX), tmp_path / "net.onnx")], "nchw", runtime)
    (first,) = forward_image(network, blob(0)).values()
    kept = first.copy()
    (second,) = forward_image(network, blob(1)).values()
    assert np.array_equal(first, kept)
    assert not np.array_equal(first, second)


def test_threads_that_share_a_network_get_what_one_gets(runtime, tmp_path):
    network = load([save(mixer(MIX, 64, 64), tmp_path / "net.onnx")], "nchw", runtime)
    blobs = [blob(seed, 64, 64) for seed in range(8)]
    expected = [forward_image(network, one) for one in blobs]
    wrong, start = [], threading.Barrier(4)

    def work():
        start.wait()
        for _ in range(10):
            for number, one in enumerate(blobs):
                if not np.array_equal(forward_image(network, one)["y"], expected[number]["y"]):
                    wrong.append(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_openvino_reports_to_nobody_that_it_is_used(tmp_path):
    """By itself it sends an event at each import, and keeps a number for this computer in the home folder."""
    pytest.importorskip("openvino", reason="the extra is not installed: pip install 'segdeck[openvino]'")
    path = save(mixer(MIX), tmp_path / "net.onnx")
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import sys, threading; from pathlib import Path; from segcore.networks.runtimes import load;"
        f"load([Path({str(path)!r})], 'nchw', 'openvino');"
        "print([thread.name for thread in threading.enumerate()])"
    )
    environment = {key: value for key, value in os.environ.items() if key != "CI"} | {"HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['MainThread']"
    assert list(home.rglob("*")) == []
