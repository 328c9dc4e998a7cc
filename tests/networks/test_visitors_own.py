"""A visitor's own network: found by who knows its name, and by nobody else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from segcore.errors import SegdeckError
from segcore.methods.network import NetworkOptions
from segcore.networks import check
from segcore.networks.adding import add, share
from segcore.networks.card import ModelCard
from segcore.networks.catalogue import cards, family, own_cards
from segcore.networks.folders import OWN_NETWORKS, is_own
from segcore.networks.proposal import keep_apart, propose
from segcore.networks.store import confirm, remove
from segcore.pipeline import build_pipeline
from segcore.recipe import parse_recipe
from segcore.settings import settings
from tests.cli.test_main import assert_refused, segdeck
from tests.plain import refused
from tests.tiny_networks import find_red

pytestmark = pytest.mark.usefixtures("models_dir")


@pytest.fixture
def visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A visitor's folder."""
    monkeypatch.setenv("SEGDECK_WORK_DIR", str(tmp_path / "work"))
    settings.cache_clear()
    folder = tmp_path / "work" / "server" / "visit" / OWN_NETWORKS
    folder.mkdir(parents=True)
    yield folder
    settings.cache_clear()


@pytest.fixture
def own(visit: Path, tmp_path: Path) -> ModelCard:
    (tmp_path / "net.onnx").write_bytes(find_red())
    proposal = keep_apart(propose([tmp_path / "net.onnx"]))
    add(proposal.card, proposal.files, visit)
    return own_cards([proposal.card.name])[proposal.card.name]


def test_who_knows_the_name_can_use_it(own: ModelCard) -> None:
    recipe = parse_recipe(
        f'title = "x"\n[segmenter]\nmethod = "network"\nmodel = "{own.name}"\n[overlay]\nkind = "tint"\n'
    )
    red = np.full((16, 32, 3), (0, 0, 255), np.uint8)
    assert build_pipeline(recipe)(red).segmentation.label_map.all()


def test_nobody_is_told_of_it(own: ModelCard) -> None:
    assert cards() == {}
    with pytest.raises(SegdeckError, match="There is no network") as told:
        family("nothing")
    assert own.name not in str(told.value)
    assert own_cards([own.name[:-1], "*", "own" + "?" * 32, f"../{own.name}", "own" + "0" * 32]) == {}


def test_no_two_names_are_alike(own: ModelCard, tmp_path: Path) -> None:
    other = keep_apart(propose([tmp_path / "net.onnx"])).card
    assert is_own(own.name)
    assert is_own(other.name)
    assert own.name != other.name


def test_it_goes_with_the_visit(own: ModelCard, visit: Path) -> None:
    visit.parent.rename(visit.parent.with_name("other"))
    assert own_cards([own.name]), "by its name, wherever the visit's folder is"
    shutil.rmtree(visit.parent.with_name("other"))
    assert own_cards([own.name]) == {}
    with refused("went with the visit"):
        NetworkOptions(model=own.name).build()


def test_its_owner_confirms_and_removes_it(own: ModelCard, visit: Path) -> None:
    confirm(own)
    assert own.finding().verified == "confirmed"
    assert remove(own)
    assert list(visit.iterdir()) == []


def test_the_operator_shares_it(own: ModelCard, models_dir: Path) -> None:
    assert share(own, "red").verified == "unverified"
    assert list(cards()) == ["red"]
    assert sorted(path.name for path in (models_dir / "red").iterdir()) == [
        "card.toml",
        "installed.toml",
        "network.onnx",
    ]
    with refused("called 'red' already"):
        share(own, "red")
    with refused("small letters"):
        share(own, "../red")


def test_the_command_line_shares_it(own: ModelCard, visit: Path, models_dir: Path) -> None:
    where = {"SEGDECK_MODELS_DIR": str(models_dir), "SEGDECK_WORK_DIR": str(visit.parents[2])}
    assert segdeck("models", "share", own.name, "red", **where).stdout == "red: shared, unverified\n"
    assert_refused(segdeck("models", "share", "red", "blue", **where), "begins with own")
    assert_refused(segdeck("models", "share", "own" + "0" * 32, "blue", **where), "went with the visit")


def test_only_so_many_are_tried_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.onnx").write_bytes(find_red())
    monkeypatch.setenv("SEGDECK_NETWORK_CHECKS", "1")
    settings.cache_clear()
    monkeypatch.setattr(check, "_WAIT_S", 0.1)
    with check._turn(), refused("Other networks are being tried"):
        propose([tmp_path / "net.onnx"])
    assert propose([tmp_path / "net.onnx"]).facts.channels == 1
