import os
import sys
from pathlib import Path

import pytest

from segcore.files.paths import check_apart, check_source, check_target, exists, read_source
from tests.plain import refused


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_target_needs_a_folder_and_is_none() -> None:
    check_target(Path("new.png"))
    Path("shelf").mkdir()
    with refused("There is no folder 'no'"):
        check_target(Path("no/new.png"))
    with refused("'shelf' is a folder"):
        check_target(Path("shelf"))


def test_what_can_be_read_is_a_file() -> None:
    Path("shelf").mkdir()
    Path("book").write_bytes(b"words")
    Path("link").symlink_to("book")
    Path("loop").symlink_to("loop")
    os.mkfifo("pipe")
    assert [check_source(Path(name)) for name in ("book", "link")] == [Path("book"), Path("link")]
    for name, said in [
        ("none", "There is no file 'none'."),
        ("book/page", "There is no file 'book/page'."),
        ("a\0b", "There is no file 'a\\x00b'."),
        ("shelf", "'shelf' is a folder; name a file."),
        ("pipe", "'pipe' is a pipe or a device; name a file."),
        ("loop", "'loop' can't be used: Too many levels of symbolic links."),
        ("x" * 300, "can't be used: File name too long."),
    ]:
        with refused(said):
            check_source(Path(name))
    assert [name for name in ("book", "shelf", "pipe", "none", "a\0b") if exists(Path(name))] == [
        "book",
        "shelf",
        "pipe",
    ]
    with refused("This book is a folder"):
        check_source(Path("shelf"), "This book")


def test_no_more_is_read_than_may_be() -> None:
    Path("book").write_bytes(b"x" * 1_000_000)
    assert len(read_source(Path("book"), 1)) == 1_000_000
    Path("book").write_bytes(b"x" * 1_000_001)
    with refused("'book' has more than the 1 MB that are accepted."):
        read_source(Path("book"), 1)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_file_that_hides_its_size_is_not_read_whole() -> None:
    with refused("has more than the 1 MB that are accepted."):
        read_source(Path("/proc/self/pagemap"), 1)


def test_what_is_written_has_names_of_its_own() -> None:
    source, first, second = Path("in"), Path("a"), Path("b")
    check_apart(source, "photo", [first, second])
    for targets in ([source], [first, first], [first, Path("x/../in")]):
        with refused("a name of its own, and not that of the photo"):
            check_apart(source, "photo", targets)
