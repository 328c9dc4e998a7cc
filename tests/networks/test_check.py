import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from segcore.errors import SegdeckError
from segcore.networks.card import ModelCard
from segcore.networks.catalogue import cards
from segcore.networks.check import MAX_BYTES, check, inspect
from segcore.networks.files import file_sha256
from segcore.networks.trial import run_or_repair
from tests.plain import refused
from tests.tiny_networks import helper, mixer, model, save

RGB = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
DEEPLAB = {
    "input": {"width_px": 257, "height_px": 257, "mean": [0.5] * 3, "std": [0.5] * 3},
    "output": {"kind": "logits"},
    "labels": [{"name": f"class {number}", "color": "#34c759"} for number in range(1, 21)],
    "reference": {"picture": "reference.jpg", "mask": "reference.png"},
}


@pytest.fixture
def deeplab(shared, write_card, models_dir):
    """Write a card for one of DeepLab's files with the published picture and mask as its reference."""

    def write(file: str) -> tuple[ModelCard, Path]:
        write_card("deeplab", shared / "models" / file, **DEEPLAB)
        folder, golden = models_dir / "deeplab", shared / "data/voc_golden"
        (folder / "reference.jpg").symlink_to(golden / "segmentation_input_rotation0.jpg")
        grey = cv2.imread(str(golden / "segmentation_golden_rotation0.png"), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(folder / "reference.png"), grey // 10)
        return cards()["deeplab"], folder

    return write


def weights_of(name: str) -> Path:
    card = cards()[name]
    return card.folder / card.weights.name


def tiny(write_card, models_dir, network, **changes):
    folder = models_dir / "tiny"
    source = save(network, models_dir.parent / "net.onnx")
    write_card("tiny", source, **({"input": {"width_px": 16, "height_px": 8}} | changes))
    return cards()["tiny"], folder


@pytest.mark.parametrize(
    ("file", "size", "layout", "answer", "output", "repaired"),
    [
        ("SINet_Softmax.onnx", (320, 320), "nchw", (2, 320, 320), "probability", False),
        ("deeplab_v3_1_default_1.onnx", (257, 257), "nchw", (21, 257, 257), "logits", True),
        ("deeplabv3.tflite", (257, 257), "nchw", (21, 257, 257), "logits", False),
        ("espnetv2_s1.0_pascal_256x256.onnx", (256, 256), "nchw", (21, 256, 256), "logits", False),
        ("deeplab_nchw.pb", (513, 513), "nchw", (2, 513, 513), "logits", False),
        ("road_segmentation_adas_0001.onnx", (512, 896), "nhwc", (4, 512, 896), "probability", False),
        ("skin_clothes_hair_pan.onnx", (512, 512), "nchw", (3, 512, 512), "probability", False),
    ],
)
def test_a_real_network_is_found_out(file, size, layout, answer, output, repaired, shared):
    facts = inspect([shared / "models" / file])
    assert (facts.input_height_px, facts.input_width_px) == size
    assert (facts.layout, facts.output_shape, facts.channels) == (layout, answer, answer[0])
    assert (facts.output, facts.repaired) == (output, repaired)


@pytest.mark.usefixtures("weights")
def test_a_wide_input_is_found_out():
    facts = inspect([weights_of("selfie_landscape")])
    assert (facts.kind, facts.input_height_px, facts.input_width_px) == ("tflite", 144, 256)
    assert (facts.output, facts.output_shape) == ("probability", (1, 144, 256))


@pytest.mark.parametrize(
    ("end", "output", "channels"),
    [("Identity", "logits", 3), ("Softmax", "probability", 3), ("Sigmoid", "probability", 3), ("ArgMax", "argmax", 1)],
)
@pytest.mark.parametrize("channels_last", [False, True])
def test_it_is_told_what_a_network_s_numbers_are(end, output, channels, channels_last, tmp_path):
    facts = inspect([save(mixer(RGB, end=end, channels_last=channels_last), tmp_path / "net.onnx")])
    assert (facts.output, facts.channels, facts.output_shape) == (output, channels, (channels, 8, 16))
    assert facts.layout == ("nhwc" if channels_last else "nchw")


def test_facts_are_told_in_a_line(tmp_path):
    facts = inspect([save(mixer(RGB[:1], end="Sigmoid"), tmp_path / "net.onnx")])
    assert facts.describe() == "ONNX · takes 16x8 pixels · answers with 1 channel of probabilities"


def test_a_size_that_is_left_open_is_tried_out(tmp_path):
    network = mixer(RGB, "height", "width")
    facts = inspect([save(network, tmp_path / "net.onnx")])
    assert (facts.input_height_px, facts.input_width_px) == (256, 256)


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("net.onnx", b"\x93no network" * 99, "not a network"),
        ("net.onnx", b"", "not a network"),
        ("net.tflite", b"\x93no network" * 99, "not a network"),
        ("net.tflite", b"", "not a network"),
        ("net.pb", b"\x93no network" * 99, "not a network"),
        ("net.txt", b"hello", ".onnx, .tflite"),
    ],
)
def test_what_is_no_network_is_refused(name, content, part, tmp_path):
    (tmp_path / name).write_bytes(content)
    with refused(part):
        inspect([tmp_path / name])


def test_a_network_that_is_cut_off_is_refused(shared, tmp_path):
    (tmp_path / "net.onnx").write_bytes((shared / "models/SINet_Softmax.onnx").read_bytes()[:100_000])
    with refused("cut off"):
        inspect([tmp_path / "net.onnx"])


@pytest.mark.parametrize(
    ("file", "part"),
    [("frozen_inference_graph.pb", "its Assert layer"), ("deeplabv3_mnv2_pascal_quant.tflite", "UINT8")],
)
def test_a_network_that_opencv_does_not_support_is_refused_and_the_reason_told(file, part, shared):
    with refused("OpenCV can't run", part):
        inspect([shared / "models" / file])


def test_a_layer_that_is_not_supported_is_named(tmp_path):
    nodes = [helper.make_node("Fancy", ["x"], ["y"], domain="nobody")]
    with refused("Fancy"):
        inspect([save(model(nodes, (1, 3, 8, 16), (1, 3, 8, 16)), tmp_path / "net.onnx")])


def test_a_network_that_is_too_large_is_refused(tmp_path):
    with (tmp_path / "net.onnx").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with refused("500 MB"):
        inspect([tmp_path / "net.onnx"])


def test_a_network_that_is_not_there_is_refused(tmp_path):
    with refused("missing"):
        inspect([tmp_path / "net.onnx"])


def test_a_network_that_wants_more_memory_than_is_given_is_refused(tmp_path):
    shape = np.array([1, 3, 100_000, 100_000], np.int64)
    nodes = [helper.make_node("Relu", ["x"], ["one"]), helper.make_node("Expand", ["one", "shape"], ["y"])]
    network = model(nodes, (1, 3, 1, 1), (1, 3, 100_000, 100_000), {"shape": shape})
    with pytest.raises(SegdeckError):
        inspect([save(network, tmp_path / "net.onnx")])


def test_a_network_that_would_fill_the_server_s_memory_is_refused(tmp_path, write_card, models_dir):
    """It runs in the server: 3 kB of weights make a layer of 800 MB."""
    weights = {"w": np.zeros((800, 3, 1, 1), np.float32), "v": np.zeros((2, 800, 1, 1), np.float32)}
    nodes = [helper.make_node("Conv", ["x", "w"], ["wide"]), helper.make_node("Conv", ["wide", "v"], ["y"])]
    network = model(nodes, (1, 3, 512, 512), (1, 2, 512, 512), weights)
    with refused("of memory", "at most 500 MB"):
        inspect([save(network, tmp_path / "other.onnx")])
    with refused("of memory", "at most 500 MB"):
        check(
            *tiny(write_card, models_dir, network, output={"kind": "logits"}, input={"width_px": 512, "height_px": 512})
        )


@pytest.mark.usefixtures("weights")
def test_a_file_that_crashes_opencv_takes_down_only_the_process_that_reads_it(tmp_path):
    crafted = bytearray(weights_of("selfie_general").read_bytes())
    crafted[248137] = 87  # a segmentation fault in OpenCV 4.14.0
    (tmp_path / "net.tflite").write_bytes(crafted)
    with refused("reading it failed"):
        inspect([tmp_path / "net.tflite"])


def test_a_network_whose_answer_is_no_picture_is_refused(tmp_path):
    nodes = [helper.make_node("GlobalAveragePool", ["x"], ["y"])]
    with refused("(3, 1, 1)"):
        inspect([save(model(nodes, (1, 3, 8, 16), (1, 3, 1, 1)), tmp_path / "net.onnx")])


def test_a_network_that_answers_with_what_is_no_number_is_refused(tmp_path, write_card, models_dir):
    network = mixer(np.full((1, 3), np.nan))
    with refused("not finite"):
        inspect([save(network, tmp_path / "other.onnx")])
    with refused("not finite"):
        check(*tiny(write_card, models_dir, network, output={"kind": "logits"}))


def test_a_healthy_network_is_found_healthy(write_card, models_dir):
    card, folder = tiny(write_card, models_dir, mixer([[0.5, 0.25, 0]]))
    found = check(card, folder)
    assert found.weights_sha256 == found.file_sha256 == file_sha256(folder / "net.onnx")
    assert (found.file, found.verified) == ("net.onnx", "unverified")
    assert found.opencv_ms > 0
    assert {path.name for path in folder.iterdir()} == {"net.onnx", "card.toml"}


def test_a_network_that_is_not_as_its_card_says_is_refused(write_card, models_dir):
    with refused("(3, 8, 16)", "1 or 2 channels"):
        check(*tiny(write_card, models_dir, mixer(RGB)))


def test_deeplab_is_repaired_when_it_is_checked_and_passes_its_reference(deeplab):
    card, folder = deeplab("deeplab_v3_1_default_1.onnx")
    found = check(card, folder)
    assert (found.file, found.verified) == ("deeplab_v3_1_default_1.mended.onnx", "reference")
    assert found.file_sha256 == file_sha256(folder / found.file)
    assert found.weights_sha256 == card.weights.sha256
    assert not list(folder.glob("*.part"))


def test_two_runtimes_that_agree_are_told_so_and_the_faster_one_is_chosen(deeplab):
    pytest.importorskip("openvino", reason="the extra is not installed: pip install 'segdeck[openvino]'")
    found = check(*deeplab("deeplab_v3_1_default_1.onnx"))
    assert found.openvino_iou >= 0.99
    assert found.runtime == ("openvino" if found.openvino_ms < found.opencv_ms else "opencv")


@pytest.mark.usefixtures("weights")
def test_where_openvino_can_t_run_a_network_opencv_does():
    card = cards()["selfie_general"]
    found = check(card, card.folder)
    assert (found.runtime, found.openvino_ms) == ("opencv", None)


def test_a_network_that_looks_healthy_but_fails_its_reference_is_refused(deeplab):
    with refused("reference", "mean IoU", "0.9"):
        check(*deeplab("deeplabv3.tflite"))


def test_without_the_extra_a_network_to_repair_is_refused_and_the_extra_named(shared, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    path = shared / "models/deeplab_v3_1_default_1.onnx"
    with refused("Upsample", "adds the extra segdeck[onnx]"):
        run_or_repair(path, tmp_path, "Net", str, lambda file: cv2.dnn.readNet(str(file)))
