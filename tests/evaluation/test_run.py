from pathlib import Path

import cv2
import numpy as np
import pytest

from segcore.evaluation.metrics import LabelMetrics
from segcore.evaluation.run import evaluate
from tests.clips import RED, make_clip, picture
from tests.plain import refused
from tests.video.conftest import TINT


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two images and their masks; the second mask misses the right half of the square."""
    images, masks = tmp_path / "images", tmp_path / "masks"
    for folder in (images, masks):
        folder.mkdir()
    for number in range(2):
        image = picture(number)
        mask = cv2.inRange(image, RED, RED)
        if number:
            mask[:, 4 + 2 + 15 :] = 0
        cv2.imwrite(str(images / f"{number}.png"), image)
        cv2.imwrite(str(masks / f"{number}.png"), mask)
    return images, masks


def test_every_recipe_has_its_metrics(folders: tuple[Path, Path]) -> None:
    done, notes = evaluate([("one", TINT), ("two", TINT)], *folders)
    assert [one.recipe for one in done] == ["one", "two"]
    for one in done:
        assert (one.pictures, one.flicker, notes) == (2, None, [])
        assert one.labels["red"].iou == 3 / 4
        assert one.labels["red"].recall == 1
        assert one.mean == one.labels["red"]


def test_an_image_without_a_mask_is_left_out_and_noted(folders: tuple[Path, Path]) -> None:
    images, masks = folders
    (masks / "1.png").unlink()
    [one], notes = evaluate([("one", TINT)], images, masks)
    assert one.labels == {"red": LabelMetrics(1, 1, 1, 1)}
    assert notes == ["images without a mask, left out: 1"]


def test_a_clips_frames_are_judged_where_there_is_a_mask(folders: tuple[Path, Path], tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=6, options={"crf": "1"})
    [one], _ = evaluate([("one", TINT)], clip, folders[1])
    assert one.pictures == 6
    assert one.labels["red"].iou == pytest.approx(3 / 4, abs=0.05)
    assert one.flicker is not None
    assert np.isfinite(one.frame_ms)
    with refused("must be in a folder"):
        evaluate([("one", TINT)], clip, folders[1] / "0.png")
