import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segcore.files.work_folder import ServerFolder, prepare_work_dir
from tests.conftest import ROOT
from tests.plain import refused

_SERVER = """
import sys, time
from pathlib import Path
from segcore.files.work_folder import ServerFolder
folder = ServerFolder(Path(sys.argv[1]))
print(folder.path, flush=True)
time.sleep(300)
"""
StartServer = Callable[[], tuple[subprocess.Popen[str], Path]]


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def start_server(work_dir: Path) -> Iterator[StartServer]:
    """Start a process that has a folder like a server's; return it and the folder, with a file in it."""
    started: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], Path]:
        command = [sys.executable, "-c", _SERVER, str(work_dir)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        folder = Path(process.stdout.readline().strip())
        (folder / "clip.mp4").write_bytes(b"x")
        return process, folder

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_server_has_a_private_folder_and_takes_it_along(work_dir: Path) -> None:
    mine = ServerFolder(work_dir)
    for folder in (work_dir, mine.path):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (mine.path / "clip.mp4").write_bytes(b"x")
    mine.close()
    assert not mine.path.exists()


def test_a_killed_servers_folder_goes_and_a_running_ones_stays(work_dir: Path, start_server: StartServer) -> None:
    """The numbers of processes play no part: in two containers they may be the same."""
    (killed, left), (_, used) = start_server(), start_server()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    mine = ServerFolder(work_dir)
    assert not left.exists()
    assert (used / "clip.mp4").is_file()
    mine.close()


def test_nothing_else_in_the_work_folder_is_touched(work_dir: Path) -> None:
    for name in ("notes", f"{os.getpid()}-0123456789abcdef", "serve"):
        (work_dir / name).mkdir(parents=True)
    ServerFolder(work_dir).close()
    assert {"notes", f"{os.getpid()}-0123456789abcdef", "serve"} <= {path.name for path in work_dir.iterdir()}


def test_a_link_is_refused(work_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    work_dir.symlink_to(tmp_path / "elsewhere")
    with refused("link", "SEGDECK_WORK_DIR"):
        prepare_work_dir(work_dir)


def test_a_file_is_refused(work_dir: Path) -> None:
    work_dir.write_bytes(b"")
    with refused("SEGDECK_WORK_DIR"):
        prepare_work_dir(work_dir)


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_is_refused(work_dir: Path) -> None:
    work_dir.mkdir()
    os.chown(work_dir, 12345, 12345)
    with refused("another user", "SEGDECK_WORK_DIR"):
        prepare_work_dir(work_dir)


def test_the_server_does_not_start_on_such_a_folder(work_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    work_dir.symlink_to(tmp_path / "elsewhere")
    done = subprocess.run(
        [sys.executable, "-m", "segcore.cli", "run"],
        cwd=ROOT,
        env={**os.environ, "SEGDECK_WORK_DIR": str(work_dir)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "link" in done.stderr
