import threading

import numpy as np
import pytest

from segcore.methods.network import NetworkOptions, load_network, nearest
from segcore.model_card import family
from tests.conftest import noise
from tests.plain import refused

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
VOC = [{"name": f"class {number}", "color": "#34c759"} for number in range(1, 21)]
PERSON = 15


@pytest.mark.usefixtures("weights")
def test_the_selfie_network_finds_the_astronaut(astronaut):
    found = NetworkOptions().build().segment(astronaut)
    inside = found.label_map
    assert 0.5 < inside.mean() < 0.6
    assert inside[80:140, 195:265].all(), "her face"
    assert inside[330:500, 60:250].all(), "her suit"
    assert not inside[:150, :130].any(), "the flag"
    assert not inside[:250, 380:].any(), "the rocket"
    assert ((found.confidence[0] > 127) == inside.astype(bool)).all()
    edge = (found.confidence[0] > 0) & (found.confidence[0] < 255)
    assert 0.001 < edge.mean() < 0.1, "unsure at the edge only"


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("width", "height", "name"),
    [(1280, 720, "selfie_landscape"), (600, 480, "selfie_general"), (720, 1280, "selfie_general"),
     (512, 512, "selfie_general"), (1, 999, "selfie_general"), (2560, 1080, "selfie_landscape")],
)  # fmt: skip
def test_the_network_of_the_nearest_shape_is_used(width, height, name):
    networks = tuple(load_network(card) for card in family("selfie"))
    assert nearest(networks, width / height).card.name == name
    assert nearest(networks[::-1], width / height).card.name == name


@pytest.mark.usefixtures("weights")
def test_one_network_is_loaded_for_all_who_use_it():
    (card,) = family("selfie_general")
    assert load_network(card) is load_network(family("selfie_general")[0])


@pytest.mark.usefixtures("weights")
def test_threads_that_share_a_network_get_what_one_gets(astronaut):
    pictures = [np.roll(astronaut, 40 * turn, axis=1) for turn in range(6)]
    alone = NetworkOptions(model="selfie_general").build()
    expected = [alone.segment(picture).confidence for picture in pictures]
    assert not np.array_equal(expected[0], expected[1])
    wrong, start = [], threading.Barrier(4)

    def work():
        segmenter = NetworkOptions(model="selfie_general").build()
        start.wait()
        for number, picture in enumerate(pictures):
            if not np.array_equal(segmenter.segment(picture).confidence, expected[number]):
                wrong.append(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_network_with_many_labels_and_a_background(shared, write_card, astronaut):
    feed = {"width_px": 256, "height_px": 256, **IMAGENET}
    write_card("esp", shared / "models/espnetv2_s1.0_pascal_256x256.onnx", input=feed, output="logits", labels=VOC)
    found = NetworkOptions(model="esp").build().segment(astronaut)
    assert found.confidence.shape == (20, 512, 512)
    assert (found.label_map[80:160, 200:260] == PERSON).all()
    assert (found.label_map[:100, 300:360] == 0).all()
    assert found.mask(PERSON)[80:160, 200:260].min() > 127


def test_a_network_with_as_many_channels_as_labels_has_no_background_channel(shared, write_card, astronaut):
    feed, labels = {"width_px": 512, "height_px": 512, **IMAGENET}, VOC[:3]
    write_card("parts", shared / "models/skin_clothes_hair_pan.onnx", input=feed, labels=labels)
    found = NetworkOptions(model="parts").build().segment(astronaut)
    skin, clothes, hair = 1, 2, 3
    assert found.label_map[120, 222] == skin
    assert found.label_map[400, 200] == clothes
    assert found.label_map[30, 230] == hair
    assert found.label_map[20, 330] == 0


@pytest.mark.parametrize(
    ("file", "changes", "parts"),
    [
        ("deeplabv3_mnv2_pascal_quant.tflite", {}, ("OpenCV can't run", "UINT8")),
        ("frozen_inference_graph.pb", {}, ("OpenCV can't run", "not supported")),
        ("deeplab_v3_1_default_1.onnx", {}, ("OpenCV can't run", "Upsample")),
        ("espnetv2_s1.0_pascal_256x256.onnx", {"output": "logits"}, ("(21, 256, 256)", "1 or 2 channels")),
        ("espnetv2_s1.0_pascal_256x256.onnx", {"labels": VOC}, ("outside 0 to 1",)),
        ("espnetv2_s1.0_pascal_256x256.onnx", {"labels": VOC, "std": 1e-38}, ("not finite",)),
        ("SOURCES.md", {}, ("OpenCV can't run",)),
    ],
)
def test_a_network_that_does_not_fit_is_refused_when_it_is_loaded(file, changes, parts, shared, write_card):
    changes = dict(changes)
    feed = {"width_px": 256, "height_px": 256, "std": [changes.pop("std", 1.0)] * 3}
    write_card("net", shared / "models" / file, input=feed, **changes)
    with refused("Net", *parts):
        NetworkOptions(model="net").build()


def test_weights_that_are_missing_or_damaged_are_refused(write_card, models_dir):
    write_card("net")
    with refused("Net", "not installed", "segdeck models install net"):
        NetworkOptions(model="net").build()
    (models_dir / "net" / "net.onnx").write_bytes(b"anything")
    with refused("Net", "damaged", "segdeck models install net"):
        NetworkOptions(model="net").build()


@pytest.mark.usefixtures("weights")
def test_the_picture_is_left_as_it_is():
    image = noise(33, 32)
    before = image.copy()
    NetworkOptions().build().segment(image)
    assert np.array_equal(image, before)
