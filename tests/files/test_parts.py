import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from segcore.files.parts import Part, remove_stale_parts, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "name", ["a.mp4", "a" * 250 + ".mp4", "ü" * 120 + ".csv", ".hidden", "2024-05-01T12:30:45.mp4"]
)
def test_a_file_has_its_name_only_when_it_is_whole(name: str, tmp_path: Path) -> None:
    target = tmp_path / name
    with Part(target) as part:
        part.path.write_bytes(b"half")
        assert not target.exists()
        part.path.write_bytes(b"whole")
        part.publish()
    assert target.read_bytes() == b"whole"
    assert names(tmp_path) == [name]


def test_two_that_write_one_file_do_not_meet(tmp_path: Path) -> None:
    with Part(tmp_path / "a.csv") as first, Part(tmp_path / "a.csv") as second:
        first.path.write_text("first")
        second.path.write_text("second")
        second.publish()
        first.publish()
    assert (tmp_path / "a.csv").read_text() == "first"
    assert names(tmp_path) == ["a.csv"]


def test_a_file_that_begins_is_not_swept_away(tmp_path: Path) -> None:
    """Others look for stale files all the while, also in the moment in which it is there and not locked yet."""
    done, lost = threading.Event(), 0

    def sweep() -> None:
        while not done.is_set():
            remove_stale_parts(tmp_path)

    with ThreadPoolExecutor(3) as pool:
        sweeps = [pool.submit(sweep) for _ in range(3)]
        for _ in range(1000):
            with Part(tmp_path / "a.csv") as part:
                done.wait(0.001)
                lost += not part.path.exists()
        done.set()
        for one in sweeps:
            one.result()
    assert lost == 0


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"older")

    def write(path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_whole(tmp_path / "a.png", write)
    assert names(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"older"


_WRITER = """
import sys, time
from pathlib import Path
from segcore.files.parts import Part
part = Part(Path(sys.argv[1]))
print(part.path.name, flush=True)
time.sleep(100)
"""


def test_what_a_killed_process_left_goes_and_what_another_writes_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WRITER]
    others = [tmp_path / name for name in ("film.mp4.part", "notes.segdeck-old.part", "a.mp4.00000000.part")]
    for other in others:
        other.write_bytes(b"another program's")
    with (
        subprocess.Popen([*command, tmp_path / "killed.mp4"], stdout=subprocess.PIPE, text=True) as killed,
        subprocess.Popen([*command, tmp_path / "living.mp4"], stdout=subprocess.PIPE, text=True) as living,
    ):
        assert killed.stdout
        assert living.stdout
        left, kept = killed.stdout.readline().strip(), living.stdout.readline().strip()
        assert {left, kept} < set(names(tmp_path))
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        remove_stale_parts(tmp_path)
        assert names(tmp_path) == sorted([kept, *(path.name for path in others)])
        living.kill()
    write_whole(tmp_path / "next.csv", lambda path: path.write_text("x"))
    assert names(tmp_path) == sorted(["next.csv", *(path.name for path in others)])
