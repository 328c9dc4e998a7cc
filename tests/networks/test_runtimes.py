import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from segcore.networks.runtimes import channels_first, load
from tests.tiny_networks import mixer, save

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
    answer = load(path, None, layout, runtime).forward(blob())
    assert answer.dtype == np.float32
    assert np.allclose(answer, np.einsum("ck,khw->chw", MIX, blob()[0]), atol=1e-5)


def test_an_answer_stays_when_the_next_one_comes(runtime, tmp_path):
    network = load(save(mixer(MIX), tmp_path / "net.onnx"), None, "nchw", runtime)
    first = network.forward(blob(0))
    kept = first.copy()
    second = network.forward(blob(1))
    assert np.array_equal(first, kept)
    assert not np.array_equal(first, second)


def test_threads_that_share_a_network_get_what_one_gets(runtime, tmp_path):
    network = load(save(mixer(MIX, 64, 64), tmp_path / "net.onnx"), None, "nchw", runtime)
    blobs = [blob(seed, 64, 64) for seed in range(8)]
    expected = [network.forward(one) for one in blobs]
    wrong, start = [], threading.Barrier(4)

    def work():
        start.wait()
        for _ in range(10):
            for number, one in enumerate(blobs):
                if not np.array_equal(network.forward(one), expected[number]):
                    wrong.append(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("shape", "size", "layout", "expected"),
    [
        ((1, 21, 65, 65), (257, 257), "nchw", (21, 65, 65)),
        ((1, 65, 65, 21), (257, 257), "nchw", (21, 65, 65)),
        ((1, 2, 513, 513), (513, 513), "nhwc", (2, 513, 513)),
        ((1, 512, 896, 4), (512, 896), "nhwc", (4, 512, 896)),
        ((1, 144, 256, 1), (144, 256), "nchw", (1, 144, 256)),
        ((1, 144, 256), (144, 256), "nchw", (1, 144, 256)),
        ((144, 256), (144, 256), "nchw", (1, 144, 256)),
        ((1, 8, 8, 8), (8, 8), "nchw", (8, 8, 8)),
        ((1, 1000), (224, 224), "nchw", (1000, 1, 1)),
        ((2, 3, 8, 8), (8, 8), "nchw", (2, 3, 8, 8)),
    ],
)
def test_an_answer_is_brought_to_channels_first(shape, size, layout, expected):
    assert channels_first(np.zeros(shape, np.float32), size, layout).shape == expected


def test_where_both_orders_fit_the_layout_decides():
    answer = np.zeros((1, 8, 8, 8), np.float32)
    answer[0, 1, 2, 3] = 1
    assert channels_first(answer, (8, 8), "nchw")[1, 2, 3] == 1
    assert channels_first(answer, (8, 8), "nhwc")[3, 1, 2] == 1


def test_openvino_reports_to_nobody_that_it_is_used(tmp_path):
    """By itself it sends an event at each import, and keeps a number for this computer in the home folder."""
    pytest.importorskip("openvino", reason="the extra is not installed: pip install 'segdeck[openvino]'")
    path = save(mixer(MIX), tmp_path / "net.onnx")
    home = tmp_path / "home"
    home.mkdir()
    code = (
        "import sys, threading; from pathlib import Path; from segcore.networks.runtimes import load;"
        f"load(Path({str(path)!r}), None, 'nchw', 'openvino');"
        "print([thread.name for thread in threading.enumerate()])"
    )
    environment = {key: value for key, value in os.environ.items() if key != "CI"} | {"HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['MainThread']"
    assert list(home.rglob("*")) == []
