import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.cli.test_main import RED_CUT_OUT, assert_refused, segdeck
from tests.clips import make_clip, picture


def truth(number: int) -> np.ndarray:
    """The red square of `picture`, 0 or 255."""
    return cv2.inRange(picture(number), (30, 20, 210), (30, 20, 210))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a recipe that finds red, pictures, and their masks."""
    (tmp_path / "red.toml").write_text(RED_CUT_OUT, "utf-8")
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"images/{number:05}.png"), picture(number))
        cv2.imwrite(str(tmp_path / f"masks/{number:05}.png"), truth(number))
    return tmp_path


def metrics(*arguments: object) -> dict:
    done = segdeck("evaluate", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_what_is_found_to_the_pixel_has_full_marks(desk: Path) -> None:
    answer = metrics(desk / "images", desk / "masks", "--recipe", desk / "red.toml")
    [one] = answer["recipes"]
    full = {"iou": 1, "precision": 1, "recall": 1, "boundary_f": 1}
    assert (one["recipe"], one["pictures"], one["labels"], one["mean"]) == ("red", 3, {"red": full}, full)
    assert one["frame_ms"] > 0
    assert "flicker" not in one
    assert answer["notes"] == []


def test_half_a_square_is_half_right(desk: Path) -> None:
    half = truth(0)
    half[: 120 // 4 + 15] = 0
    cv2.imwrite(str(desk / "half.png"), half // 255)
    answer = metrics(desk / "images/00000.png", desk / "half.png", "--recipe", desk / "red.toml")
    found = answer["recipes"][0]["labels"]["red"]
    assert (found["iou"], found["precision"], found["recall"]) == (0.5, 0.5, 1)
    assert 0 < found["boundary_f"] < 1


def test_what_was_mended_is_said(desk: Path) -> None:
    cv2.imwrite(str(desk / "masks/00001.png"), truth(1)[:, :-1])
    (desk / "masks/00002.png").unlink()
    done = segdeck("evaluate", desk / "images", desk / "masks", "--recipe", desk / "red.toml")
    assert done.returncode == 0
    assert "IoU" in done.stdout
    assert "Note: images without a mask, left out: 1." in done.stderr
    assert "Note: masks a pixel or two off in size, fitted: 1." in done.stderr


def test_each_recipe_has_its_row(desk: Path) -> None:
    (desk / "blue.toml").write_text(RED_CUT_OUT.replace("[172, 110, 70]", "[100, 110, 70]").replace("[8,", "[130,"))
    done = segdeck(
        "evaluate", desk / "images", desk / "masks", "--recipe", desk / "red.toml", "--recipe", desk / "blue.toml"
    )
    rows = [line for line in done.stdout.splitlines() if "│" in line]
    assert [row.split("│")[1].strip() for row in rows] == ["red", "blue"]
    assert [row.split("│")[3].strip() for row in rows] == ["1.000", "0.000"]


def test_a_video_also_has_its_flicker(desk: Path) -> None:
    clip = make_clip(desk / "in.mp4", frames=6, options={"crf": "1"})
    answer = metrics(clip, desk / "masks", "--recipe", desk / "red.toml")
    [one] = answer["recipes"]
    assert one["pictures"] == 6
    assert one["labels"]["red"]["iou"] > 0.9
    assert 0 <= one["flicker"] < 0.2


def test_what_can_not_be_compared_is_refused(desk: Path) -> None:
    recipe = ("--recipe", desk / "red.toml")
    (desk / "empty").mkdir()
    assert_refused(segdeck("evaluate", desk / "none", desk / "masks", *recipe), "There is no file or folder")
    clip = make_clip(desk / "in.mp4", frames=2)
    (desk / "masks/00000.png").rename(desk / "empty/00090.png")
    assert_refused(segdeck("evaluate", clip, desk / "empty", *recipe), "frames 0 to 1")
    cv2.imwrite(str(desk / "masks/00000.png"), truth(0)[:50])
    assert_refused(segdeck("evaluate", desk / "images", desk / "masks", *recipe), "160x50")


@pytest.mark.usefixtures("weights")
def test_real_masks_are_read(shared: Path) -> None:
    """Palette masks of the first frame's two people; another is 853 pixels wide where its image has 854."""
    judo = shared / "data/judo"
    first = metrics(judo / "images/00000.jpg", judo / "masks/00000.png", "--recipe", "silhouette")
    assert first["recipes"][0]["labels"]["person"]["iou"] > 0.8
    every = metrics(judo / "images", judo / "masks", "--recipe", "silhouette")
    assert every["notes"] == ["masks a pixel or two off in size, fitted: 1"]
