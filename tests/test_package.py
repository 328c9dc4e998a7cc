"""What is installed from the wheel does what the checkout does, in any folder, and writes nothing into itself."""

import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import PIL.Image
import pytest

from tests.browser.conftest import running_server
from tests.conftest import ROOT
from tests.visiting import title

_CARDS = {path.parent.name for path in ROOT.glob("models/*/card.toml")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    subprocess.run([*command, "-w", folder, ROOT], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def segdeck(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the command of an environment with that wheel, which sees the packages of this one, not the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    packages = next(folder.glob("lib/*/site-packages"))
    (packages / "others.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    command = [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-index", "--no-compile", wheel], check=True)
    where = [folder / "bin/python", "-I", "-c", "import segcore; print(segcore.__file__)"]
    found = subprocess.run(where, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
    assert Path(found).parents[1] == packages
    return folder / "bin/segdeck"


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let nothing of the checkout, of its settings or of this user's folders reach the installed command."""
    for name in [name for name in os.environ if name.startswith("SEGDECK_") or name == "PYTHONPATH"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_everything_travels_in_one_namespace_and_no_weights(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}
    pages = {path.relative_to(ROOT) for path in _files(ROOT / "pages") if "__pycache__" not in path.parts}
    core = {path.relative_to(ROOT) for path in _files(ROOT / "segcore") if "__pycache__" not in path.parts}
    models = {name for name in inside if name.startswith("segcore/_app/models/")}
    app = {f"segcore/_app/{path}" for path in ("app.py", ".streamlit/config.toml", *map(Path.as_posix, pages))}
    assert inside == {*map(Path.as_posix, core), *app, *models}
    assert {name.split("/")[3] for name in models if name.endswith("card.toml")} == _CARDS
    assert {Path(name).name for name in models} == {"card.toml", "README.md"} | {
        f"{picture}" for picture in ("example.jpg", "reference.jpg", "reference.png")
    }


@pytest.mark.usefixtures("alone")
def test_a_photo_is_segmented_in_any_folder(segdeck: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pages/assets/astronaut.jpg", "me.jpg")
    before = _files(segdeck.parents[1])
    subprocess.run([segdeck, "segment", "me.jpg", "out.png", "--recipe", "color_pop_red"], check=True)
    with PIL.Image.open("me.jpg") as photo, PIL.Image.open("out.png") as result:
        assert result.size == photo.size
    listed = subprocess.run([segdeck, "models", "list"], check=True, capture_output=True, text=True).stdout
    assert all(name in listed for name in _CARDS)
    done = subprocess.run([segdeck, "models", "remove", "selfie"], check=True, capture_output=True, text=True)
    assert done.stdout == "selfie_general: not installed\nselfie_landscape: not installed\n"
    assert _files(segdeck.parents[1]) == before
    assert _files(tmp_path) == {tmp_path / "me.jpg", tmp_path / "out.png"}


@pytest.mark.usefixtures("alone", "weights")
def test_a_network_s_weights_go_to_the_user_s_folder(segdeck: Path, tmp_path: Path) -> None:
    """They are put where a download puts them; what is tried and found then is the same."""
    weights = next((ROOT / "models/selfie_general").glob("*.tflite"))
    folder = tmp_path / "data/segdeck/models/selfie_general"
    folder.mkdir(parents=True)
    shutil.copy(weights, folder)
    before = _files(segdeck.parents[1])
    done = subprocess.run([segdeck, "models", "install", "selfie_general"], check=True, capture_output=True, text=True)
    assert done.stdout == "selfie_general: installed\n"
    assert {path.name for path in folder.iterdir()} == {weights.name, "installed.toml"}
    assert 'verified = "reference"' in (folder / "installed.toml").read_text("utf-8")
    assert _files(segdeck.parents[1]) == before


@pytest.mark.usefixtures("alone")
def test_the_dashboard_runs_in_any_folder(segdeck: Path, tmp_path: Path) -> None:
    before = _files(segdeck.parents[1])
    with running_server(tmp_path, command=[str(segdeck)], cwd=tmp_path) as server:
        with urllib.request.urlopen(f"{server.url}/_stcore/health") as answer:
            assert answer.read() == b"ok"
        assert title(server.url, "photo") == "Photo"
        assert title(server.url, "models") == "Models"
    assert _files(segdeck.parents[1]) == before
