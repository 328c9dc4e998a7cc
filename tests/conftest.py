"""What tests share: pictures, weights, a models folder of their own."""

import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest
import tomli_w

from segcore.errors import SegdeckError
from segcore.networks.catalogue import cards, family
from segcore.networks.files import file_sha256
from segcore.networks.store import install
from segcore.segmentation import Image
from segcore.settings import settings
from tests.astronaut import read_astronaut
from tests.weights_server import serving

ROOT = Path(__file__).resolve().parents[1]
WriteCard = Callable[..., str]

hypothesis.settings.register_profile("segdeck", deadline=None, max_examples=40, derandomize=True)
hypothesis.settings.load_profile("segdeck")


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = ROOT.parent / "shared"
    if not (folder / "models").is_dir():
        pytest.skip("the shared test files are not here: ../shared/models is missing")
    return folder


@pytest.fixture(scope="session")
def weights() -> None:
    if not all(card.installed for card in family("selfie")):
        pytest.skip("the selfie weights are not installed: run make weights")


@pytest.fixture(scope="session")
def astronaut() -> Image:
    """A person before a flag and a rocket, (512, 512, 3), read-only."""
    try:
        return read_astronaut()
    except SegdeckError as error:
        pytest.skip(f"the astronaut is not here: {error}")


@pytest.fixture
def models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of models that segcore uses for the length of one test."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("SEGDECK_MODELS_DIR", str(folder))
    settings.cache_clear()
    yield folder
    settings.cache_clear()


@pytest.fixture(scope="session")
def library_folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with our cards that name an address, each installed from a server on this computer."""
    folder = tmp_path_factory.mktemp("library") / "models"
    with pytest.MonkeyPatch.context() as patch, serving() as server:
        patch.setenv("NO_PROXY", "127.0.0.1")
        for ours in (ROOT / "models").glob("*/card.toml"):
            card = tomllib.loads(ours.read_text("utf-8"))
            (file,) = card["files"]
            weights = shared / "models" / file["name"]
            if "url" in file and weights.is_file():
                server.files[weights.name] = weights.read_bytes()
                file["url"] = f"{server.address}/{weights.name}"
                (folder / ours.parent.name).mkdir(parents=True)
                (folder / ours.parent.name / "card.toml").write_text(tomli_w.dumps(card), "utf-8")
                for picture in (*ours.parent.glob("*.jpg"), *ours.parent.glob("*.png")):
                    shutil.copy(picture, folder / ours.parent.name)
        patch.setenv("SEGDECK_MODELS_DIR", str(folder))
        settings.cache_clear()
        for installed in cards().values():
            install(installed)
    settings.cache_clear()
    return folder


@pytest.fixture
def library(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That folder, for segcore to use for the length of one test, which leaves it as it is."""
    monkeypatch.setenv("SEGDECK_MODELS_DIR", str(library_folder))
    settings.cache_clear()
    yield library_folder
    settings.cache_clear()


@pytest.fixture
def write_card(models_dir: Path) -> WriteCard:
    """Write a card, by default of a tiny 4x2 network; ``weights_from`` puts a file beside it and its hash into it."""

    def write(name: str, weights_from: Path | None = None, **changes: object) -> str:
        folder = models_dir / name
        folder.mkdir()
        weights = {"name": "net.onnx", "size_bytes": 1, "sha256": "0" * 64, "url": "http://127.0.0.1:9/net.onnx"}
        if weights_from:
            weights |= {"name": weights_from.name, "sha256": file_sha256(weights_from)}
            (folder / weights_from.name).symlink_to(weights_from)
        card = {
            "title": name.title(),
            "family": name,
            "task": "Finds things.",
            "licence": "MIT",
            "project": "none",
            "files": [weights],
            "output": {"kind": "probability"},
            "input": {"width_px": 4, "height_px": 2},
            "labels": [{"name": "thing", "color": "#34c759"}],
        }
        (folder / "card.toml").write_text(tomli_w.dumps(card | changes), "utf-8")
        return name

    return write


def noise(height: int, width: int, seed: int = 0) -> Image:
    """A picture of random colours that is the same each time."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
