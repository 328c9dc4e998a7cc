from pathlib import Path

import pytest

from segcore.targets import check_apart, check_target
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


def test_what_is_written_has_names_of_its_own() -> None:
    source, first, second = Path("in"), Path("a"), Path("b")
    check_apart(source, "photo", [first, second])
    for targets in ([source], [first, first], [first, Path("x/../in")]):
        with refused("a name of its own, and not that of the photo"):
            check_apart(source, "photo", targets)
