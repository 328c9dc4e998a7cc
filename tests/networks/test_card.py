import os
import re
import subprocess

import cv2
import pytest

from segcore.networks.card import FINDING, Finding, broken_cards, cards, family, file_sha256, missing
from segcore.settings import Settings
from tests.conftest import ROOT
from tests.plain import refused

WHEEL = {"package": "a==1", "platform": "any", "python": "3.11", "sha256": "0" * 64, "member": "x"}


def test_every_card_of_ours_is_in_order():
    folder = Settings().models_dir
    assert {card.parent.name for card in folder.glob("*/card.toml")} == set(cards())
    assert broken_cards() == {}
    for name, card in cards().items():
        assert card.name == name
        assert (folder / name / "README.md").is_file() or card.source.by_hand
        for picture in (card.example, card.reference and card.reference.picture):
            assert picture is None or cv2.imread(str(folder / name / picture)) is not None
        if card.installed:
            card.verify()
            assert card.path.stat().st_size == card.weights.size_bytes


def test_our_cards_tell_where_they_are_from():
    ours = [card for card in cards().values() if not card.source.by_hand]
    assert len(ours) >= 6
    for card in ours:
        assert card.reference is not None, "each can be verified without a person"
        assert len({label.color for label in card.labels}) == len(card.labels)
        if card.source.url:
            assert re.fullmatch(r"https://[^/]+/[^/]+/[^/]+/[0-9a-f]{40}/[!-~]+", card.source.url), "a fixed commit"
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
    """A card whose weights are here, and which was found to need mending."""
    weights, mended = tmp_path / "net.onnx", tmp_path / "net.mended.onnx"
    weights.write_bytes(b"weights")
    mended.write_bytes(b"mended")
    (card,) = family(write_card("net", weights_from=weights))
    (card.path.parent / mended.name).write_bytes(b"mended")
    found = Finding(
        weights_sha256=file_sha256(weights),
        file=mended.name,
        file_sha256=file_sha256(mended),
        runtime="opencv",
        opencv_ms=1.5,
        verified="unverified",
    )
    card.path.with_name(FINDING).write_text(found.to_toml())
    return card, found


def test_a_finding_is_read_back(here):
    card, found = here
    assert card.finding() == found
    card.verify()


@pytest.mark.parametrize("content", ["", "[", "file = 1", "\xff"])
def test_a_finding_that_can_not_be_read_is_none(content, here):
    card, _ = here
    card.path.with_name(FINDING).write_text(content, "latin-1")
    assert card.finding() is None


def test_a_finding_of_other_weights_is_none(here):
    card, found = here
    older = found.model_copy(update={"weights_sha256": "0" * 64})
    card.path.with_name(FINDING).write_text(older.to_toml())
    assert card.finding() is None


@pytest.mark.parametrize("content", [None, b"damaged"])
def test_a_mended_file_that_is_damaged_is_found(content, here):
    card, found = here
    file = card.path.with_name(found.file)
    file.unlink() if content is None else file.write_bytes(content)
    with refused("Net", "damaged", found.file, "segdeck models install net"):
        card.verify()


def test_a_layout_that_is_damaged_is_found(write_card, tmp_path):
    weights, layout = tmp_path / "net.weights", tmp_path / "net.cfg"
    weights.write_bytes(b"weights")
    layout.write_bytes(b"layout")
    config = {"name": layout.name, "size_bytes": 6, "sha256": file_sha256(layout)}
    (card,) = family(write_card("net", weights_from=weights, config=config, source={"project": "by hand"}))
    card.path.with_name(layout.name).write_bytes(b"layout")
    card.verify()
    card.path.with_name(layout.name).write_bytes(b"other")
    with refused("Net", "damaged", "net.cfg", "added by hand", "segdeck models remove net"):
        card.verify()


def test_how_to_get_what_is_missing_depends_on_where_it_is_from(write_card):
    write_card("far")
    write_card("mine", source={"project": "by hand"})
    assert "segdeck models install far" in str(missing(family("far")[0]))
    assert "added by hand" in str(missing(family("mine")[0]))


# cards


def test_a_family_is_all_its_cards_and_a_card_is_itself(write_card):
    write_card("wide", family="both")
    write_card("high", family="both")
    assert [card.name for card in family("both")] == ["high", "wide"]
    assert [card.name for card in family("wide")] == ["wide"]
    assert family("wide")[0].aspect() == 2
    with refused("'xyz'", "both, high, wide"):
        family("xyz")
    with refused("'hihg'; did you mean high?"):
        family("hihg")


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"output": "guess"}, ("output", "'guess'", "'probability', 'logits' or 'argmax'")),
        ({"labels": []}, ("labels", "at least 1")),
        ({"labels": [{"name": "a", "color": "#000000"}] * 2}, ("labels", "two of them are called 'a'")),
        ({"title": ""}, ("title", "must not be empty")),
        ({"source": {"project": "x", "url": "http://x", "wheel": WHEEL}}, ("source", "a url or a wheel, not both")),
        ({"source": {"project": "x", "url": "ftp:x"}}, ("source.url", "'ftp:x'", "http or https")),
        ({"weights": {"name": "..", "size_bytes": 1, "sha256": "0" * 64}}, ("weights.name", "'..'", "file name")),
        ({"weights": {"name": "a.b", "size_bytes": 0, "sha256": "0" * 64}}, ("weights.size_bytes", "0", "above 0")),
        ({"weights": {"name": "a.b", "size_bytes": 1, "sha256": "0"}}, ("weights.sha256", "64 hexadecimal digits")),
        ({"extra": 1}, ("extra", "no such field")),
    ],
)
def test_a_wrong_card_is_refused_by_its_name(changes, parts, write_card):
    write_card("net", **changes)
    with refused("models/net/card.toml", *parts):
        family("net")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[", "is not valid TOML"),
        (b"\xff\xfe", "is not a text file; TOML in UTF-8 is accepted"),
        (b"a=" + b"[" * 10_000, "too many brackets"),
        (b"a=" + b"1" * 5000, "is not valid TOML"),
        (b"a." * 20_000 + b"a=1", "a key of too many parts"),
        (b"#" * 20_000_000, "more than the 16 MB that are accepted"),
    ],
    ids=["cut off", "not text", "brackets", "digits", "dotted", "large"],
)
def test_a_card_that_is_no_toml_is_refused(content, said, models_dir):
    (models_dir / "net").mkdir()
    (models_dir / "net" / "card.toml").write_bytes(content)
    with refused("models/net/card.toml", said):
        family("net")


def test_a_broken_card_does_not_hold_up_the_others(write_card, models_dir):
    write_card("good", family="both")
    write_card("wrong", family="both", output="guess")
    (models_dir / "folder" / "card.toml").mkdir(parents=True)
    (models_dir / "pipe").mkdir()
    os.mkfifo(models_dir / "pipe" / "card.toml")
    (models_dir / "With Spaces").mkdir()
    (models_dir / "With Spaces" / "card.toml").write_bytes((models_dir / "good" / "card.toml").read_bytes())
    assert list(cards()) == ["good"]
    assert [card.name for card in family("both")] == ["good"]
    broken = broken_cards()
    assert broken.keys() == {"wrong", "folder", "pipe", "With Spaces"}
    assert "models/wrong/card.toml: output: 'guess'" in broken["wrong"]
    assert "models/folder/card.toml is a folder" in broken["folder"]
    assert "models/pipe/card.toml is a pipe or a device" in broken["pipe"]
    assert "small letters, digits and underscores" in broken["With Spaces"]
    with refused("'xyz'", "both, good"):
        family("xyz")


def test_a_card_is_called_what_its_folder_is(write_card, models_dir):
    write_card("good")
    write_card("sly")
    with (models_dir / "sly" / "card.toml").open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write(f'name = "good"\n{text}')
    assert cards()["sly"].path.parent == models_dir / "sly"


def test_sha256_is_that_of_the_content(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
