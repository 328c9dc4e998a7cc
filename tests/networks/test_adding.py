import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from segcore.errors import SegdeckError
from segcore.methods.network import NetworkOptions
from segcore.networks.adding import add, try_on
from segcore.networks.answers import ProbabilityAnswer
from segcore.networks.card import ModelCard, Reference
from segcore.networks.catalogue import cards
from segcore.networks.check import MAX_BYTES
from segcore.networks.formats import sort_files
from segcore.networks.label_guesses import VOC, describe_labels, propose_labels
from segcore.networks.proposal import propose
from tests.conftest import noise
from tests.hand_written import write_caffe, write_darknet
from tests.plain import refused
from tests.streams import Stream

PERSON = 15
FACE = np.s_[80:160, 200:260]

pytestmark = pytest.mark.usefixtures("models_dir")


@pytest.fixture
def darknet(tmp_path: Path) -> list[Path]:
    """Red + 0.5 and blue - 0.5."""
    return write_darknet(tmp_path, np.array([0.5, -0.5, 1, 0, 0, 0, 0, 1]))


@pytest.fixture
def caffe(tmp_path: Path) -> list[Path]:
    """The same through a sigmoid."""
    return write_caffe(tmp_path)


def paths(*names: str) -> list[Path]:
    return [Path(name) for name in names]


@pytest.mark.parametrize("name", ["a.onnx", "a.TFLITE", "a.pb"])
def test_one_file_is_a_network(name):
    assert sort_files(paths(name)) == (Path(name),)


@pytest.mark.parametrize(("weights", "layout"), [("a.caffemodel", "b.prototxt"), ("a.Weights", "b.cfg")])
def test_a_pair_is_told_apart_in_any_order(weights, layout):
    assert sort_files(paths(weights, layout)) == (Path(weights), Path(layout))
    assert sort_files(paths(layout, weights)) == (Path(weights), Path(layout))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["a.caffemodel"], ".prototxt"),
        (["a.prototxt"], ".caffemodel"),
        (["a.weights"], ".cfg"),
        (["a.cfg"], ".weights"),
        (["a.txt"], "ONNX (.onnx)"),
        (["a"], "ONNX (.onnx)"),
        (["a.onnx", "b.onnx"], "not one network"),
        (["a.onnx", "b.tflite"], "not one network"),
        (["a.onnx", "b.cfg"], "not one network"),
        (["a.weights", "b.prototxt"], "not one network"),
        (["a.weights", "b.cfg", "c.cfg"], "not one network"),
    ],
)
def test_what_is_not_one_network_is_refused_by_its_endings(names, words):
    with refused(words):
        sort_files(paths(*names))


def test_labels_are_guessed_from_their_number():
    assert [label.name for label in propose_labels(1)] == ["person"]
    assert tuple(label.name for label in propose_labels(20)) == VOC
    assert [label.name for label in propose_labels(3)] == ["label 1", "label 2", "label 3"]


def test_colors_of_labels_differ_visibly():
    colors = [tuple(bytes.fromhex(label.color[1:])) for label in propose_labels(20)]
    lab = cv2.cvtColor(np.array([colors], np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2) + 100 * np.eye(20)
    assert apart.min() > 10, "CIE76 distance; 2.3 is just noticeable"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["person"], "Finds person."),
        (["skin", "clothes", "hair"], "Finds skin, clothes and hair."),
        (VOC, "Finds aeroplane, bicycle, bird and 17 more."),
    ],
)
def test_labels_in_words(names, words):
    assert describe_labels(names) == words


@pytest.mark.parametrize(
    ("file", "size", "output", "labels", "words"),
    [
        ("espnetv2_s1.0_pascal_256x256.onnx", (256, 256), "logits", 20, "ONNX · takes 256x256 pixels"),
        ("SINet_Softmax.onnx", (320, 320), "probability", 1, "answers with 2 channels"),
        ("deeplab_nchw.pb", (513, 513), "logits", 1, "TensorFlow"),
        ("skin_clothes_hair_pan.onnx", (512, 512), "probability", 2, "answers with 3 channels"),
        ("road_segmentation_adas_0001.onnx", (896, 512), "probability", 3, "takes 896x512 pixels"),
        ("deeplab_v3_1_default_1.onnx", (257, 257), "logits", 20, "repaired"),
    ],
)
def test_a_card_is_proposed(file, size, output, labels, words, shared, models_dir):
    proposal = propose([shared / "models" / file])
    card = proposal.card
    assert (card.input.width_px, card.input.height_px) == size
    assert (card.output.kind, len(card.labels)) == (output, labels)
    assert card.licence == "unknown"
    assert card.by_hand
    assert words in proposal.facts.describe()
    assert list(models_dir.iterdir()) == []


def test_a_network_is_fed_as_its_kind_mostly_is(shared):
    pytorch = propose([shared / "models/espnetv2_s1.0_pascal_256x256.onnx"]).card.input
    assert (pytorch.scale, pytorch.mean, pytorch.std) == (1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    tensorflow = propose([shared / "models/deeplab_nchw.pb"]).card.input
    assert (tensorflow.scale, tensorflow.mean, tensorflow.std) == (1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("stem", "name", "title"),
    [("My Net (1)", "my_net_1", "My net 1"), ("---", "network", "Network"), ("x" * 99, "x" * 40, "X" + "x" * 39)],
)
def test_a_name_is_made_from_the_files(stem, name, title, darknet):
    card = propose(sort_files(darknet), stem).card
    assert (card.name, card.family, card.title) == (name, name, title)


def test_a_name_that_is_taken_gets_a_number(darknet, write_card):
    write_card("net", family="selfie")
    assert propose(sort_files(darknet), "net").card.name == "net_2"
    assert propose(sort_files(darknet), "selfie").card.name == "selfie_2"


def espnet(shared: Path, **changes: object) -> tuple[ModelCard, dict[str, Path]]:
    proposal = propose([shared / "models/espnetv2_s1.0_pascal_256x256.onnx"], stem="espnet")
    return proposal.card.model_copy(update=changes), dict(proposal.files)


def test_an_added_network_is_one_like_the_others(shared, models_dir, astronaut):
    card, files = espnet(shared)
    assert add(card, files).verified == "unverified"
    assert sorted(path.name for path in models_dir.rglob("*")) == [
        "card.toml",
        "espnet",
        "installed.toml",
        "network.onnx",
    ]
    assert cards() == {"espnet": card}
    assert card.installed
    assert card.finding().verified == "unverified"
    found = Stream(NetworkOptions(model="espnet")).segment(astronaut)
    assert (found.label_map[FACE] == PERSON).all()


def test_the_card_is_toml_that_reads_back(shared):
    card, _ = espnet(shared)
    assert ModelCard.model_validate({"name": "espnet", **tomllib.loads(card.to_toml())}) == card


def test_a_repaired_network_is_added(shared, astronaut):
    proposal = propose([shared / "models/deeplab_v3_1_default_1.onnx"], stem="deeplab")
    assert proposal.facts.repaired
    found = add(proposal.card, proposal.files)
    assert found.file != proposal.card.weights.name
    label_map = Stream(NetworkOptions(model="deeplab")).segment(astronaut).label_map
    assert (label_map[FACE] == PERSON).mean() > 0.95


@pytest.mark.parametrize("pair", ["darknet", "caffe"])
def test_a_pair_of_files_is_added(pair, request, models_dir):
    proposal = propose(sort_files(request.getfixturevalue(pair)), pair)
    assert (proposal.card.input.width_px, proposal.card.input.height_px) == (32, 16)
    assert add(proposal.card, proposal.files).verified == "unverified"
    assert len(list((models_dir / pair).iterdir())) == 4
    assert Stream(NetworkOptions(model=pair)).segment(noise(40, 60)).label_map.shape == (40, 60)


def test_a_card_is_tried_on_a_picture_before_anything_is_saved(shared, models_dir, astronaut):
    card, files = espnet(shared)
    assert (try_on(card, files, astronaut).label_map[FACE] == PERSON).all()
    dark = card.input.model_copy(update={"scale": 1e-6})
    assert (try_on(card.model_copy(update={"input": dark}), files, astronaut).label_map[FACE] != PERSON).all()
    assert list(models_dir.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": propose_labels(3)}, "3 or 4 channels are expected"),
        ({"output": ProbabilityAnswer()}, "outside 0 to 1"),
        ({"input": {"std": (1e-38, 1e-38, 1e-38)}}, "not finite"),
    ],
)
def test_what_does_not_do_as_its_card_says_is_refused(changes, words, shared, models_dir):
    card, files = espnet(shared)
    feed = card.input.model_copy(update=changes.pop("input", {}))
    wrong = card.model_copy(update={"input": feed, **changes})
    with refused(words):
        add(wrong, files)
    with refused(words):
        try_on(wrong, files, noise(20, 30))
    assert list(models_dir.iterdir()) == []


def test_a_name_of_another_network_or_family_is_refused(shared, write_card, models_dir):
    write_card("mine", family="ours")
    before = sorted(models_dir.rglob("*"))
    for name in ("mine", "ours"):
        card, files = espnet(shared, name=name)
        with refused(f"'{name}' already", "another name"):
            add(card, files)
    assert sorted(models_dir.rglob("*")) == before


def test_of_two_who_take_one_name_at_once_one_gets_it(darknet, models_dir):
    proposal = propose(sort_files(darknet), "net")

    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(add, proposal.card, proposal.files) for _ in range(3)]
    errors = [error for job in jobs if (error := job.exception())]
    assert [type(error) for error in errors] == [SegdeckError, SegdeckError]
    assert all("already" in str(error) for error in errors)
    assert [path.name for path in models_dir.iterdir()] == ["net"]


def test_what_a_killed_process_left_goes_when_the_next_network_is_added(darknet, models_dir):
    proposal = propose(sort_files(darknet), "net")
    code = (
        "import sys, time; from pathlib import Path; from segcore.networks import adding, formats, proposal;"
        "adding.check = lambda *_: time.sleep(60);"
        "made = proposal.propose(formats.sort_files([Path(name) for name in sys.argv[1:]]), 'killed');"
        "adding.add(made.card, made.files)"
    )
    with subprocess.Popen([sys.executable, "-c", code, *darknet]) as process:
        while not list(models_dir.glob(".adding-*/killed/*.cfg")):
            assert process.poll() is None
            time.sleep(0.05)
        add(proposal.card.model_copy(update={"name": "other", "family": "other"}), proposal.files)
        at_work = {path.name[:8] for path in models_dir.iterdir()}
        process.kill()
    assert at_work == {"other", ".adding-"}, "what is still at work is left alone"
    add(proposal.card, proposal.files)
    assert {path.name for path in models_dir.iterdir()} == {"net", "other"}


def test_a_folder_that_can_not_be_written_to_is_said(darknet, models_dir):
    proposal = propose(sort_files(darknet), "net")
    models_dir.rmdir()
    models_dir.write_bytes(b"")
    with refused("could not be saved"):
        add(proposal.card, proposal.files)


def test_a_network_that_is_silently_wrong_fails_its_reference(shared, models_dir, tmp_path):
    """TFLite's DeepLabV3 loads and looks healthy, and finds the wrong things."""
    proposal = propose([shared / "models/deeplabv3.tflite"], stem="deeplab")
    golden = shared / "data/voc_golden"
    mask = tmp_path / "mask.png"
    tens = cv2.imread(str(golden / "segmentation_golden_rotation0.png"), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(mask), tens // 10)
    reference = Reference(picture="reference.jpg", mask="reference.png")
    files = {"reference.jpg": golden / "segmentation_input_rotation0.jpg", "reference.png": mask}
    with refused("reference picture", "0.9"):
        add(proposal.card.model_copy(update={"reference": reference}), {**proposal.files, **files})
    assert list(models_dir.iterdir()) == []
    assert add(proposal.card, proposal.files).verified == "unverified"


@pytest.mark.parametrize(
    ("file", "words"), [("frozen_inference_graph.pb", "Assert"), ("deeplabv3_mnv2_pascal_quant.tflite", "UINT8")]
)
def test_a_network_that_is_not_supported_is_refused_with_the_reason(file, words, shared):
    with refused(words):
        propose([shared / "models" / file])


def test_a_file_that_is_no_network_is_refused(shared, tmp_path, models_dir):
    whole = (shared / "models/espnetv2_s1.0_pascal_256x256.onnx").read_bytes()
    for name, content in (("a.onnx", b"Dear network, ..."), ("b.onnx", whole[: len(whole) // 2]), ("c.tflite", b"")):
        (tmp_path / name).write_bytes(content)
        with refused("network"):
            propose([tmp_path / name])
    assert list(models_dir.iterdir()) == []


def test_a_file_that_is_too_large_is_refused(tmp_path):
    with (tmp_path / "a.onnx").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with refused("largest accepted"):
        propose([tmp_path / "a.onnx"])


def test_a_network_with_more_channels_than_labels_can_be_is_refused(tmp_path):
    assert len(propose(sort_files(write_darknet(tmp_path, np.ones(255 * 4)))).card.labels) == 254
    with refused("256 channels", "at most 255"):
        propose(sort_files(write_darknet(tmp_path, np.ones(256 * 4))))
