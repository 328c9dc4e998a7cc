import re
import subprocess

import cv2
import pytest

from segcore.networks.card import missing
from segcore.networks.catalogue import broken_cards, cards, family
from segcore.networks.files import file_sha256
from segcore.networks.finding import FINDING, Finding
from segcore.settings import Settings
from tests.conftest import ROOT
from tests.plain import refused

WHEEL = {"package": "a==1", "platform": "any", "python": "3.11", "sha256": "0" * 64, "member": "x"}
FILE = {"name": "net.onnx", "size_bytes": 1, "sha256": "0" * 64}


def test_every_card_of_ours_is_in_order():
    folder = Settings().models_dir
    assert {card.parent.name for card in folder.glob("*/card.toml")} == set(cards())
    assert broken_cards() == {}
    for name, card in cards().items():
        assert card.name == name
        assert (folder / name / "README.md").is_file() or card.by_hand
        for picture in (card.example, card.reference and card.reference.picture):
            assert picture is None or cv2.imread(str(folder / name / picture)) is not None
        if card.installed:
            card.verify()
            assert sum((card.folder / file.name).stat().st_size for file in card.files) == card.size_bytes


def test_our_cards_tell_where_they_are_from():
    ours = [card for card in cards().values() if not card.by_hand]
    assert len(ours) >= 6
    for card in ours:
        assert card.reference is not None, "each can be verified without a person"
        assert len({label.color for label in card.labels}) == len(card.labels)
        for file in card.files:
            fixed = r"https://[^/]+/[^/]+/[^/]+/[0-9a-f]{40}/[!-~]+"
            assert file.wheel or re.fullmatch(fixed, file.url), "a fixed commit"
        assert card.licence in ("Apache-2.0", "MIT")


def test_what_is_installed_here_is_not_in_git():
    written = [
        f"models/any/{name}" for name in (FINDING, "a.onnx", "a.mended.onnx", "a.onnx.part", "a.onnx.etag", "a.pb")
    ]
    written += [f"models/any/a.{ending}" for ending in ("tflite", "caffemodel", "prototxt", "weights", "cfg")]
    written += ["models/any/.installing/a.onnx"]
    ignored = subprocess.run(["git", "check-ignore", *written], cwd=ROOT, capture_output=True, text=True, check=False)
    if ignored.returncode == 128:
        pytest.skip("this is no git repository")
    assert ignored.stdout.split() == written


# what was found at install


@pytest.fixture
def here(write_card, tmp_path):
    """A card whose weights are here, and which was found to need repair."""
    weights, repaired = tmp_path / "net.onnx", tmp_path / "net.mended.onnx"
    weights.write_bytes(b"weights")
    repaired.write_bytes(b"repaired")
    (card,) = family(write_card("net", weights_from=weights))
    (card.folder / repaired.name).write_bytes(b"repaired")
    found = Finding(
        weights_sha256=file_sha256(weights),
        file=repaired.name,
        file_sha256=file_sha256(repaired),
        runtime="opencv",
        opencv_ms=1.5,
        verified="unverified",
    )
    (card.folder / FINDING).write_text(found.to_toml())
    return card, found


def test_a_finding_is_read_back(here):
    card, found = here
    assert card.finding() == found
    card.verify()


@pytest.mark.parametrize("content", ["", "[", "file = 1", "\xff"])
def test_a_finding_that_can_not_be_read_is_none(content, here):
    card, _ = here
    (card.folder / FINDING).write_text(content, "latin-1")
    assert card.finding() is None


def test_a_finding_of_other_weights_is_none(here):
    card, found = here
    older = found.model_copy(update={"weights_sha256": "0" * 64})
    (card.folder / FINDING).write_text(older.to_toml())
    assert card.finding() is None


@pytest.mark.parametrize("content", [None, b"damaged"])
def test_a_repaired_file_that_is_damaged_is_found(content, here):
    card, found = here
    file = card.folder / found.file
    file.unlink() if content is None else file.write_bytes(content)
    with refused("Net", "damaged", found.file, "segdeck models install net"):
        card.verify()


def test_a_layout_that_is_damaged_is_found(write_card, tmp_path):
    weights, layout = tmp_path / "net.weights", tmp_path / "net.cfg"
    weights.write_bytes(b"weights")
    layout.write_bytes(b"layout")
    pair = [{"name": file.name, "size_bytes": 7, "sha256": file_sha256(file)} for file in (weights, layout)]
    (card,) = family(write_card("net", weights_from=weights, files=pair))
    with refused("Net", "is missing", "added by hand"):
        card.verify()
    (card.folder / layout.name).write_bytes(b"layout")
    card.verify()
    (card.folder / layout.name).write_bytes(b"other")
    with refused("Net", "damaged", "net.cfg", "added by hand", "segdeck models remove net"):
        card.verify()


def test_how_to_get_what_is_missing_depends_on_where_it_is_from(write_card):
    write_card("far")
    write_card("mine", files=[FILE])
    assert "segdeck models install far" in str(missing(family("far")[0]))
    assert "added by hand" in str(missing(family("mine")[0]))


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"output": {"kind": "guess"}}, ("output.kind", "'guess'", "one of probability, logits, argmax")),
        ({"output": {}}, ("output.kind", "one of probability, logits, argmax")),
        ({"output": {"kind": "logits", "size": 1}}, ("output.size", "no such field")),
        ({"labels": []}, ("labels", "at least 1")),
        ({"labels": [{"name": "a", "color": "#000000"}] * 2}, ("labels", "two of them are called 'a'")),
        ({"title": ""}, ("title", "must not be empty")),
        ({"files": []}, ("files", "at least 1")),
        ({"files": [FILE] * 2}, ("files", "two of them are called 'net.onnx'")),
        ({"files": [FILE | {"url": "http://x", "wheel": WHEEL}]}, ("files.0", "a url or a wheel, not both")),
        ({"files": [FILE | {"url": "ftp:x"}]}, ("files.0.url", "'ftp:x'", "http or https")),
        ({"files": [FILE | {"name": ".."}]}, ("files.0.name", "'..'", "file name")),
        ({"files": [FILE | {"size_bytes": 0}]}, ("files.0.size_bytes", "0", "above 0")),
        ({"files": [FILE | {"sha256": "0"}]}, ("files.0.sha256", "64 hexadecimal digits")),
        ({"weights": FILE}, ("weights", "no such field")),
        ({"extra": 1}, ("extra", "no such field")),
    ],
)
def test_a_wrong_card_is_refused_by_its_name(changes, parts, write_card):
    write_card("net", **changes)
    with refused("models/net/card.toml", *parts):
        family("net")


def test_sha256_is_that_of_the_content(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
