import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w

from tests.cli.test_main import assert_refused, names, segdeck
from tests.conftest import WriteCard
from tests.tiny_networks import find_red
from tests.weights_server import WeightsServer, serving


@pytest.fixture
def server() -> Iterator[WeightsServer]:
    with serving() as one:
        one.files["net"] = find_red()
        yield one


@pytest.fixture
def store(server: WeightsServer, write_card: WriteCard, models_dir: Path) -> dict[str, str]:
    """The environment of a Segdeck with one network, "tiny", of the family "small"."""
    weights = {
        "name": "net.onnx",
        "size_bytes": len(find_red()),
        "sha256": hashlib.sha256(find_red()).hexdigest(),
        "url": f"{server.address}/net",
    }
    write_card("tiny", family="small", files=[weights])
    return {"SEGDECK_MODELS_DIR": str(models_dir), "NO_PROXY": "127.0.0.1"}


def test_models_are_listed_installed_verified_confirmed_and_removed(store: dict[str, str], models_dir: Path) -> None:
    listed = segdeck("models", "list", **store)
    assert listed.returncode == 0
    for word in ("tiny (small)", "Finds things.", "MIT", "0.0 MB", " no "):
        assert word in listed.stdout
    assert_refused(segdeck("models", "verify", **store), "No network is installed")
    assert_refused(segdeck("models", "confirm", "tiny", **store), "segdeck models install small")
    assert segdeck("models", "remove", "tiny", **store).stdout == "tiny: not installed\n"

    assert segdeck("models", "install", "small", **store).stdout == "tiny: installed\n"
    assert segdeck("models", "install", "tiny", **store).stdout == "tiny: already installed\n"
    listed = segdeck("models", "list", **store)
    assert "yes, unverified" in listed.stdout
    runtime = tomllib.loads((models_dir / "tiny" / "installed.toml").read_text())["runtime"]
    assert f"{ {'opencv': 'OpenCV', 'openvino': 'OpenVINO'}[runtime] }, 0 ms" in listed.stdout
    assert segdeck("models", "verify", **store).stdout == "tiny: as its card says\n"

    assert segdeck("models", "confirm", "small", **store).stdout == "tiny: confirmed\n"
    assert "yes, confirmed" in segdeck("models", "list", **store).stdout
    assert segdeck("models", "remove", "small", **store).stdout == "tiny: removed\n"
    assert names(models_dir / "tiny") == ["card.toml"]


def test_damaged_weights_are_told_and_fetched_again(store: dict[str, str], models_dir: Path) -> None:
    segdeck("models", "install", "tiny", **store)
    (models_dir / "tiny" / "net.onnx").write_bytes(b"damaged")
    assert_refused(segdeck("models", "verify", **store), "damaged")
    assert segdeck("models", "install", "tiny", **store).stdout == "tiny: installed\n"
    assert segdeck("models", "verify", **store).returncode == 0


def test_weights_that_were_here_before_findings_were_kept_are_listed(store: dict[str, str], models_dir: Path) -> None:
    (models_dir / "tiny" / "net.onnx").write_bytes(find_red())
    assert "yes, not tried" in segdeck("models", "list", **store).stdout


def test_weights_that_are_not_the_card_s_are_refused(
    store: dict[str, str], server: WeightsServer, models_dir: Path
) -> None:
    server.files["net"] = b"something else"
    assert_refused(segdeck("models", "install", "tiny", **store), "nothing was stored")
    assert names(models_dir / "tiny") == ["card.toml"]


def test_a_network_that_does_not_exist_is_refused(store: dict[str, str]) -> None:
    for command in ("install", "remove", "confirm"):
        assert_refused(segdeck("models", command, "huge", **store), "the known ones are small, tiny")


def test_a_broken_card_is_told_beside_the_others(store: dict[str, str], write_card: WriteCard) -> None:
    write_card("wrong", output={"kind": "guess"})
    listed = segdeck("models", "list", **store)
    assert listed.returncode == 0
    assert "tiny" in listed.stdout
    assert listed.stderr.startswith("segdeck: models/wrong/card.toml: output.kind: 'guess' is not allowed")
    assert segdeck("models", "install", "tiny", **store).returncode == 0
    assert_refused(segdeck("models", "install", "wrong", **store), "models/wrong/card.toml")


def test_a_card_s_words_are_no_markup(store: dict[str, str], models_dir: Path) -> None:
    card = tomllib.loads((models_dir / "tiny" / "card.toml").read_text())
    (models_dir / "tiny" / "card.toml").write_text(
        tomli_w.dumps(card | {"task": "Finds [red]things[/] and [/nothing]."})
    )
    assert "Finds [red]things[/] and [/nothing]." in segdeck("models", "list", **store).stdout
