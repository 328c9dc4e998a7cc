import os
from pathlib import Path

import pytest

from segcore.networks.catalogue import broken_cards, cards, family
from tests.conftest import WriteCard
from tests.plain import refused


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
    write_card("wrong", family="both", output={"kind": "guess"})
    (models_dir / "folder" / "card.toml").mkdir(parents=True)
    (models_dir / "pipe").mkdir()
    os.mkfifo(models_dir / "pipe" / "card.toml")
    (models_dir / "With Spaces").mkdir()
    (models_dir / "With Spaces" / "card.toml").write_bytes((models_dir / "good" / "card.toml").read_bytes())
    assert list(cards()) == ["good"]
    assert [card.name for card in family("both")] == ["good"]
    broken = broken_cards()
    assert broken.keys() == {"wrong", "folder", "pipe", "With Spaces"}
    assert "models/wrong/card.toml: output.kind: 'guess'" in broken["wrong"]
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
    assert cards()["sly"].folder == models_dir / "sly"


def test_a_card_is_read_once_and_again_when_its_file_changes(write_card: WriteCard, models_dir: Path) -> None:
    write_card("one")
    write_card("other")
    first = cards()
    assert all(card is first[name] for name, card in cards().items())
    assert family("one")[0] is first["one"]

    file = models_dir / "one" / "card.toml"
    before = file.stat()
    file.write_text(file.read_text().replace('"One"', '"Two"'))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # of the same size, and as if it was as old
    assert cards()["one"].title == "Two"
    assert cards()["other"] is first["other"]

    file.write_text("[")
    assert "models/one/card.toml is not valid TOML" in broken_cards()["one"]
    file.unlink()
    assert list(cards()) == ["other"]
    assert broken_cards() == {}
