import threading

import cv2
import numpy as np
import pytest

from segcore.methods.network import NetworkOptions, nearest
from segcore.networks.card import CardLabel
from segcore.networks.catalogue import family
from segcore.networks.loaded import load_network
from segcore.overlays.tint import Tint
from segcore.recipe import Recipe, parse_recipe
from segcore.segmentation import hex_to_color
from tests.conftest import noise
from tests.plain import refused
from tests.streams import Stream

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
VOC = [{"name": f"class {number}", "color": "#34c759"} for number in range(1, 21)]
PERSON = 15


@pytest.mark.usefixtures("weights")
def test_the_selfie_network_finds_the_astronaut(astronaut):
    found = Stream(NetworkOptions()).segment(astronaut)
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
def test_threads_that_share_a_network_get_what_one_gets(astronaut):
    pictures = [np.roll(astronaut, 40 * turn, axis=1) for turn in range(6)]
    alone = Stream(NetworkOptions(model="selfie_general"))
    expected = [alone.segment(picture).confidence for picture in pictures]
    assert not np.array_equal(expected[0], expected[1])
    wrong, start = [], threading.Barrier(4)

    def work():
        segmenter = Stream(NetworkOptions(model="selfie_general"))
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
    write_card(
        "esp", shared / "models/espnetv2_s1.0_pascal_256x256.onnx", input=feed, output={"kind": "logits"}, labels=VOC
    )
    found = Stream(NetworkOptions(model="esp")).segment(astronaut)
    assert found.confidence.shape == (20, 512, 512)
    assert (found.label_map[80:160, 200:260] == PERSON).all()
    assert (found.label_map[:100, 300:360] == 0).all()
    assert found.mask(PERSON).values[80:160, 200:260].min() > 127


def test_a_network_with_as_many_channels_as_labels_has_no_background_channel(shared, write_card, astronaut):
    feed, labels = {"width_px": 512, "height_px": 512, **IMAGENET}, VOC[:3]
    write_card("parts", shared / "models/skin_clothes_hair_pan.onnx", input=feed, labels=labels)
    found = Stream(NetworkOptions(model="parts")).segment(astronaut)
    skin, clothes, hair = 1, 2, 3
    assert found.label_map[120, 222] == skin
    assert found.label_map[400, 200] == clothes
    assert found.label_map[30, 230] == hair
    assert found.label_map[20, 330] == 0


@pytest.fixture
def parts(shared, write_card):
    """The name of a card that finds skin, clothes and hair."""
    feed = {"width_px": 512, "height_px": 512, **IMAGENET}
    labels = [{"name": name, "color": "#34c759"} for name in ("skin", "clothes", "hair")]
    return write_card("parts", shared / "models/skin_clothes_hair_pan.onnx", input=feed, labels=labels)


def test_only_the_chosen_classes_are_found(parts, astronaut):
    every = Stream(NetworkOptions(model=parts)).segment(astronaut)
    some = Stream(NetworkOptions(model=parts, classes=("hair", "skin"))).segment(astronaut)
    assert [label.name for label in some.labels] == ["skin", "hair"], "in the card's order"
    assert some.confidence.shape == (2, 512, 512)
    for value, old in ((1, 1), (2, 3)):
        found, whole = some.label_map == value, every.label_map == old
        assert found.any()
        assert not (found & ~whole).any()
        assert (found & whole).sum() > 0.95 * whole.sum(), "all but where clothes are as likely"


def test_a_class_is_shown_in_the_colour_that_is_asked_for(parts):
    colors = (CardLabel(name="hair", color="#0a84ff"),)
    labels = Stream(NetworkOptions(model=parts, colors=colors)).segment(noise(9, 9)).labels
    assert [label.color for label in labels] == [hex_to_color("#34c759")] * 2 + [hex_to_color("#0a84ff")]


def test_under_the_confidence_floor_there_is_background(parts, astronaut):
    every = Stream(NetworkOptions(model=parts)).segment(astronaut)
    sure = Stream(NetworkOptions(model=parts, floor=0.85)).segment(astronaut)
    assert 0 < np.count_nonzero(sure.label_map) < np.count_nonzero(every.label_map)
    kept = sure.label_map > 0
    assert np.array_equal(sure.label_map[kept], every.label_map[kept])
    assert np.array_equal(kept, every.confidence.max(axis=0) >= 239), "0.85 of 0.1 to 0.9"


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    "options", [{"classes": ("cat",)}, {"colors": ({"name": "cat", "color": "#000000"},)}], ids=["classes", "colors"]
)
def test_a_label_that_the_network_does_not_have_is_refused_when_it_is_built(options):
    with refused("'cat'", "the known ones are person"):
        Stream(NetworkOptions(**options))


def test_a_recipe_with_classes_of_a_network_that_is_not_here_can_be_read():
    options = NetworkOptions(
        model="elsewhere", classes=("cat", "dog"), colors=(CardLabel(name="cat", color="#ff3b30"),), floor=0.4
    )
    recipe = Recipe(title="Pets", segmenter=options, overlay=Tint())
    assert parse_recipe(recipe.to_toml()) == recipe
    assert hash(options) == hash(options.model_copy())


@pytest.mark.parametrize("floor", [-0.1, 0.96])
def test_a_floor_out_of_range_is_refused(floor):
    with refused("floor", "from 0", "to 0.95"):
        parse_recipe(f'title = "x"\n[segmenter]\nmethod = "network"\nfloor = {floor}\n[overlay]\noverlay = "tint"\n')


def test_the_road_s_network_is_fed_and_read_channels_last(shared, write_card):
    feed = {"width_px": 896, "height_px": 512, "scale": 1.0, "channels": "bgr", "layout": "nhwc"}
    labels = [{"name": name, "color": "#34c759"} for name in ("road", "curb", "mark")]
    write_card("road", shared / "models/road_segmentation_adas_0001.onnx", input=feed, labels=labels)
    found = Stream(NetworkOptions(model="road")).segment(drawn_road())
    road, mark = 1, 3
    assert (found.label_map[300:500, 330:390] == road).mean() > 0.9
    assert (found.label_map[:140] == 0).all(), "the sky"
    assert (found.label_map[452:474, 444:452] == mark).all(), "the nearest piece of the line"


def drawn_road():
    """Sky, woods and meadow, and a grey road whose lines run to the horizon, (512, 896, 3)."""
    image = np.full((512, 896, 3), (180, 170, 155), np.uint8)
    image[150:] = (50, 75, 55)
    cv2.fillConvexPoly(image, np.array([[428, 230], [468, 230], [1000, 511], [-104, 511]]), (95, 93, 91))
    for side in (-1, 1):
        cv2.line(image, (448 + side * 16, 231), (448 + side * 510, 511), (230, 230, 230), 6)
    for step in np.arange(8) / 8:
        top, bottom = 235 + int(277 * step**2), 235 + int(277 * (step + 1 / 16) ** 2)
        half = 2 + int(10 * step**2)
        cv2.rectangle(image, (448 - half, top), (448 + half, bottom), (230, 230, 230), -1)
    return cv2.GaussianBlur(cv2.add(image, noise(512, 896) // 16), (0, 0), 1)


@pytest.mark.parametrize(
    ("file", "changes", "parts"),
    [
        ("deeplabv3_mnv2_pascal_quant.tflite", {}, ("OpenCV can't run", "UINT8")),
        ("frozen_inference_graph.pb", {}, ("OpenCV can't run", "not supported")),
        ("deeplab_v3_1_default_1.onnx", {}, ("OpenCV can't run", "Upsample")),
        ("espnetv2_s1.0_pascal_256x256.onnx", {"output": {"kind": "logits"}}, ("(21, 256, 256)", "1 or 2 channels")),
        ("espnetv2_s1.0_pascal_256x256.onnx", {"labels": VOC}, ("outside 0 to 1",)),
        ("espnetv2_s1.0_pascal_256x256.onnx", {"labels": VOC, "std": 1e-38}, ("not finite",)),
        ("SOURCES.md", {}, ("OpenCV can't run", "not a network")),
    ],
)
def test_a_network_that_does_not_fit_is_refused_when_it_is_loaded(file, changes, parts, shared, write_card):
    changes = dict(changes)
    feed = {"width_px": 256, "height_px": 256, "std": [changes.pop("std", 1.0)] * 3}
    write_card("net", shared / "models" / file, input=feed, **changes)
    with refused("Net", *parts):
        Stream(NetworkOptions(model="net"))


def test_weights_that_are_missing_or_damaged_are_refused(write_card, models_dir):
    write_card("net")
    with refused("Net", "not installed", "segdeck models install net"):
        Stream(NetworkOptions(model="net"))
    (models_dir / "net" / "net.onnx").write_bytes(b"anything")
    with refused("Net", "damaged", "segdeck models install net"):
        Stream(NetworkOptions(model="net"))


@pytest.mark.usefixtures("weights")
def test_the_picture_is_left_as_it_is():
    image = noise(33, 32)
    before = image.copy()
    Stream(NetworkOptions()).segment(image)
    assert np.array_equal(image, before)
