"""What stands where a file is wanted and is none is called what it is, wherever a path comes in."""

import os
from pathlib import Path

import cv2
import pytest

from tests.cli.inside import refusal
from tests.clips import make_clip, picture

WANTED_TO_READ = [
    ("segment", "{}", "out.png"),
    ("segment", "in.png", "out.png", "--recipe", "{}"),
    ("process", "{}", "out.mp4", "--recipe", "find_colors"),
    ("process", "in.mp4", "out.mp4", "--recipe", "{}"),
    ("recipes", "show", "{}"),
    ("models", "add", "{}"),
    ("models", "add", "in.prototxt", "{}"),
    ("models", "add", "in.prototxt", "--test-picture", "{}", "--preview", "out.png"),
    ("evaluate", "in.png", "in.png", "--recipe", "{}"),
]
WANTED_TO_WRITE = [
    ("segment", "in.png", "{}", "--recipe", "find_colors"),
    ("segment", "in.png", "out.png", "--recipe", "find_colors", "--mask", "{}"),
    ("segment", "in.png", "out.png", "--recipe", "count_red_things", "--objects", "{}"),
    ("process", "in.mp4", "{}", "--recipe", "find_colors"),
    ("process", "in.mp4", "out.mp4", "--recipe", "find_colors", "--mask", "{}"),
    ("process", "in.mp4", "out.mp4", "--recipe", "find_colors", "--measures", "{}"),
    ("process", "in.mp4", "out.mp4", "--recipe", "count_red_things", "--objects", "{}"),
    ("models", "add", "in.prototxt", "--test-picture", "in.png", "--preview", "{}"),
]


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("in.png", picture(0))
    make_clip(Path("in.mp4"), frames=3)
    Path("in.prototxt").touch()
    Path("folder").mkdir()
    Path("locked").touch(0)
    os.mkfifo("pipe")


def say(command: tuple[str, ...], path: str) -> str:
    return refusal(*(word.format(path) for word in command))


@pytest.mark.parametrize("command", WANTED_TO_READ, ids=" ".join)
def test_a_file_to_read_is_one(command: tuple[str, ...]) -> None:
    assert "'folder' is a folder; name a file." in say(command, "folder")
    for path in ("pipe", "/dev/zero"):
        assert f"'{path}' is a pipe or a device; name a file." in say(command, path)
    assert "can't be used: File name too long." in say(command, "x" * 300)
    assert "'no/thing'" in say(command, "no/thing")
    if not os.access("locked", os.R_OK):  # root may read all
        assert "'locked' can't be read: its permissions forbid it." in say(command, "locked")


@pytest.mark.parametrize("command", WANTED_TO_WRITE, ids=" ".join)
def test_a_file_to_write_is_no_folder(command: tuple[str, ...]) -> None:
    assert "'folder' is a folder; name a file to write to." in say(command, "folder")
    assert "can't be used: File name too long." in say(command, "x" * 300)
    assert "There is no folder 'no' to write to." in say(command, "no/thing")
    assert not list(Path().glob("out.*"))


def test_pictures_and_masks_may_be_folders_but_nothing_else() -> None:
    for images, masks in (("pipe", "in.png"), ("in.png", "pipe"), ("/dev/zero", "folder")):
        assert "is a pipe or a device" in refusal("evaluate", images, masks, "--recipe", "find_colors")
    assert "There is no file or folder 'none'." in refusal("evaluate", "none", "in.png", "--recipe", "find_colors")


def test_a_recipe_that_is_no_text_is_said_to_be_none() -> None:
    assert "This recipe is not a text file" in refusal("recipes", "show", "in.png")


def test_a_file_that_is_too_large_is_not_loaded() -> None:
    with Path("large.png").open("wb") as file:
        file.truncate(1_000_000_000_000)
    assert "more than the 200 MB" in refusal("segment", "large.png", "out.png", "--recipe", "find_colors")
    assert "more than the 16 MB" in refusal("recipes", "show", "large.png")
