"""The main path, with what only POSIX systems have taken away: see `tests/without_posix/sitecustomize.py`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.conftest import running_server
from tests.clips import make_clip
from tests.conftest import ROOT
from tests.visiting import title

_WARNED = "ignore:only soft file lock is available"  # filelock's own: a Windows computer has another kind


@pytest.fixture(autouse=True)
def without_posix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each Python that a test starts be without."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "tests/without_posix"), str(ROOT)]))
    monkeypatch.setenv("PYTHONWARNINGS", _WARNED)


def segdeck(*arguments: object) -> str:
    command = [sys.executable, "-m", "segcore.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_really_taken_away() -> None:
    code = "import os, socket\nfrom segcore.processes.posix import CAN_FORK\nassert not CAN_FORK\nimport fcntl"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError: import of fcntl halted" in done.stderr


def test_a_photo_is_segmented(tmp_path: Path) -> None:
    segdeck("segment", ROOT / "pages/assets/astronaut.jpg", tmp_path / "out.png", "--recipe", "color_pop_red")
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]


def test_a_clip_is_processed_and_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    make_clip(tmp_path / "in.mp4", frames=10, sound="aac")
    code = "import os, pathlib\nfrom segcore.files.parts import Part\nPart(pathlib.Path('left.mp4'))\nos._exit(9)"
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 9
    assert len(list(tmp_path.glob("left.mp4.*.part"))) == 1
    segdeck("process", tmp_path / "in.mp4", tmp_path / "out.mp4", "--recipe", "color_pop_red")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


def test_a_file_is_copied_where_no_link_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"weights")
    code = "from pathlib import Path\nfrom segcore.processes.posix import stand_in\n"
    code += "stand_in(Path('a'), Path('net.onnx'))"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert not (tmp_path / "a").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"weights"


@pytest.mark.usefixtures("weights")
def test_a_network_is_tried_installed_and_another_added(models_dir: Path) -> None:
    shutil.copytree(ROOT / "models/selfie_general", models_dir / "selfie_general")
    (models_dir / "selfie_general/installed.toml").unlink(missing_ok=True)
    assert segdeck("models", "install", "selfie_general") == "selfie_general: installed\n"
    weights = next((models_dir / "selfie_general").glob("*.tflite"))
    assert 'title = "Other"' in segdeck("models", "add", weights, "--name", "another", "--title", "Other")
    assert sorted(path.name for path in models_dir.iterdir()) == ["another", "selfie_general"]


def test_the_dashboard_runs(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        assert title(server.url, "photo") == "Photo"
        assert title(server.url, "video") == "Video"
