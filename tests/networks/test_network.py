import sys

import cv2
import numpy as np
import pytest
import tomli_w

from segcore.errors import SegdeckError
from segcore.iou import mean_iou
from segcore.networks.catalogue import cards
from segcore.networks.files import file_sha256
from segcore.networks.finding import FINDING, Finding
from segcore.networks.network import open_network, ramp
from segcore.networks.runtimes import OpenCVRuntime, OpenVINORuntime
from tests.conftest import ROOT, noise
from tests.plain import refused
from tests.tiny_networks import mixer, save

FIRST_OR_THIRD = [[1, 0, 0], [0, 0, 1]]
"""Background where the first channel that the network is fed is over the third, else the thing."""
FEED = {"width_px": 16, "height_px": 8}
REFERENCE = {"picture": "reference.png", "mask": "mask.png"}


@pytest.fixture
def tiny(write_card, models_dir):
    """Write a card of a network that finds what is more blue than red, and what was found when it was installed."""

    def write(found=None, mix=FIRST_OR_THIRD, **changes):
        source = save(mixer(mix, end="Softmax"), models_dir.parent / "net.onnx")
        write_card("tiny", source, **({"input": FEED} | changes))
        card = cards()["tiny"]
        if found is not None:
            sha256 = card.weights.sha256
            whole = {"weights_sha256": sha256, "file": "net.onnx", "file_sha256": sha256, "runtime": "opencv"}
            finding = Finding.model_validate(whole | {"verified": "unverified"} | found)
            (models_dir / "tiny" / FINDING).write_text(tomli_w.dumps(finding.model_dump(exclude_none=True)), "utf-8")
        return card

    return write


def halves(height=8, width=16):
    """Red on the left, blue on the right."""
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2, 2] = image[:, width // 2 :, 0] = 255
    return image


def runtime_of(network):
    return type(network._runtime)


def test_an_image_is_segmented_as_its_card_feeds_the_network(tiny):
    right = np.repeat([[0] * 8 + [1] * 8], 8, axis=0)
    assert np.array_equal(open_network(tiny()).label_map(halves()), right)


def test_the_channel_order_is_the_card_s(tiny):
    left = np.repeat([[1] * 8 + [0] * 8], 8, axis=0)
    assert np.array_equal(open_network(tiny(input=FEED | {"channels": "bgr"})).label_map(halves()), left)


def test_pixels_are_scaled_then_the_mean_is_taken_off_then_divided(tiny):
    feed = FEED | {"scale": 0.5, "mean": [1, 2, 3], "std": [2, 4, 8]}
    network = open_network(tiny(input=feed, output={"kind": "logits"}, mix=FIRST_OR_THIRD))
    image = noise(8, 16)
    red, blue = (image[..., 2] / 2 - 1) / 2, (image[..., 0] / 2 - 3) / 8
    (answer,) = network.forward(image).values()
    assert np.allclose(answer[0, 0], 1 / (1 + np.exp(blue - red)), atol=1e-5)


def test_the_runtime_is_what_was_found_best(tiny, monkeypatch):
    pytest.importorskip("openvino", reason="the extra is not installed: pip install 'segdeck[openvino]'")
    card = tiny({"runtime": "openvino"})
    network = open_network(card)
    assert runtime_of(network) is OpenVINORuntime
    monkeypatch.setitem(sys.modules, "openvino", None)
    fallen_back = open_network(card)
    assert runtime_of(fallen_back) is OpenCVRuntime
    first, second = network.forward(noise(8, 16)), fallen_back.forward(noise(8, 16))
    assert list(first) == list(second) == ["y"]
    assert np.allclose(first["y"], second["y"], atol=1e-5)


@pytest.mark.usefixtures("weights")
def test_where_openvino_fails_opencv_takes_over(write_card, models_dir):
    source = ROOT / "models/selfie_general/selfie_segmentation.tflite"
    write_card("selfie", source, input={"width_px": 256, "height_px": 256})
    sha256 = file_sha256(source)
    found = Finding(
        weights_sha256=sha256, file=source.name, file_sha256=sha256, runtime="openvino", verified="unverified"
    )
    (models_dir / "selfie" / FINDING).write_text(found.to_toml(), "utf-8")
    assert runtime_of(open_network(cards()["selfie"])) is OpenCVRuntime


def test_the_repaired_file_is_run_in_place_of_the_weights(tiny, models_dir):
    repaired = save(mixer(FIRST_OR_THIRD[::-1], end="Softmax"), models_dir.parent / "net.mended.onnx")
    card = tiny({"file": repaired.name, "file_sha256": file_sha256(repaired)})
    with refused("damaged", "segdeck models install tiny"):
        open_network(card)
    repaired.rename(models_dir / "tiny" / repaired.name)
    assert open_network(card).label_map(halves())[0].tolist() == [1] * 8 + [0] * 8


def write_reference(folder, picture, mask):
    cv2.imwrite(str(folder / "reference.png"), picture)
    cv2.imwrite(str(folder / "mask.png"), mask)


@pytest.mark.parametrize(("first_column", "passes"), [(8, True), (9, False)])
def test_a_network_must_find_in_its_reference_what_the_mask_says(first_column, passes, tiny, models_dir):
    card = tiny(reference=REFERENCE)
    mask = np.zeros((8, 16), np.uint8)
    mask[:, first_column:] = 1
    write_reference(models_dir / "tiny", halves(), mask)
    if passes:
        assert open_network(card).reference_iou == 1
    else:  # 8 of 9 columns of the background, 7 of 8 of the thing
        with refused("Tiny", "mean IoU", "0.88", "0.9"):
            open_network(card)


@pytest.mark.parametrize("mask", [np.zeros((8, 15), np.uint8), None])
def test_a_reference_that_can_t_be_used_is_refused(mask, tiny, models_dir):
    card = tiny(reference=REFERENCE)
    if mask is not None:
        write_reference(models_dir / "tiny", halves(), mask)
    with refused("The reference of Tiny", "same size"):
        open_network(card)


def test_mean_iou():
    first = np.array([[0, 0, 1, 1], [2, 2, 2, 2]], np.uint8)
    second = np.array([[0, 1, 1, 1], [2, 2, 3, 3]], np.uint8)
    assert mean_iou(first, second, {0}) == 1 / 2
    assert mean_iou(first, second, {0, 1, 2}) == pytest.approx((1 / 2 + 2 / 3 + 1 / 2) / 3)
    assert mean_iou(first, second, {3}) == 0
    assert mean_iou(first, second, {2, 9}) == 1 / 2, "a label that is nowhere does not count"
    assert mean_iou(first, first, {9}) == 1


def test_the_ramp_has_all_greys():
    assert np.array_equal(np.unique(ramp(3, 512)), np.arange(256))


def test_a_network_that_can_t_be_read_is_refused_without_a_folder_s_name(tiny, models_dir):
    card = tiny()
    content = b"\x93no network"
    (models_dir.parent / "net.onnx").write_bytes(content)
    weights = card.weights.model_copy(update={"sha256": file_sha256(models_dir.parent / "net.onnx")})
    with pytest.raises(SegdeckError) as caught:
        open_network(card.model_copy(update={"files": (weights,)}))
    assert str(models_dir.parent) not in str(caught.value)
    assert "not a network" in str(caught.value)
