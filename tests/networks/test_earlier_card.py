"""Cards in the spelling from before a card could name several files: three that were written then."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from segcore.networks.card import ModelCard
from segcore.networks.catalogue import cards, family
from tests.conftest import ROOT
from tests.plain import refused

FOLDER = Path(__file__).with_name("earlier_cards")
WHEEL = {"package": "a==1", "platform": "any", "python": "3.11", "sha256": "0" * 64, "member": "x"}


def earlier(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", ["selfie_general", "road"])
def test_a_card_of_then_says_what_it_says_today(name: str) -> None:
    today = tomllib.loads((ROOT / "models" / name / "card.toml").read_text("utf-8"))
    read = ModelCard.model_validate({"name": name, **earlier(name)})
    assert read == ModelCard.model_validate({"name": name, **today})
    assert tomllib.loads(read.to_toml()).keys() == today.keys(), "it is written in the spelling of today"


def test_the_layout_was_a_table_of_its_own() -> None:
    card = ModelCard.model_validate({"name": "pair", **earlier("pair")})
    assert [(file.name, file.size_bytes) for file in card.files] == [("network.weights", 52), ("network.cfg", 130)]
    assert card.by_hand
    assert card.project == "added by hand"
    assert card.output.kind == "argmax"


def test_a_card_of_then_is_found_in_its_folder(models_dir: Path) -> None:
    (models_dir / "road").mkdir()
    (models_dir / "road" / "card.toml").write_bytes((FOLDER / "road.toml").read_bytes())
    assert cards()["road"] == family("road")[0]
    assert not cards()["road"].installed


@pytest.mark.parametrize(
    ("table", "changes", "parts"),
    [
        ("source", {"url": "http://x", "wheel": WHEEL}, ("source", "a url or a wheel, not both")),
        ("source", {"url": "ftp:x"}, ("source.url", "'ftp:x'", "http or https")),
        ("source", {"owner": "x"}, ("source.owner", "no such field")),
        ("weights", {"name": ".."}, ("weights.name", "'..'", "file name")),
        ("weights", {"size_bytes": 0}, ("weights.size_bytes", "0", "above 0")),
        ("config", {"sha256": "0"}, ("config.sha256", "64 hexadecimal digits")),
    ],
)
def test_what_is_wrong_is_told_by_the_name_that_stands_in_the_card(
    table: str, changes: dict[str, Any], parts: tuple[str, ...], models_dir: Path
) -> None:
    card = earlier("pair")
    card[table] |= changes
    (models_dir / "pair").mkdir()
    (models_dir / "pair" / "card.toml").write_text(tomli_w.dumps(card), "utf-8")
    with refused("models/pair/card.toml", *parts):
        family("pair")
