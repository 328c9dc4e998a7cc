from pathlib import Path

import cv2
import numpy as np

from segcore.evaluation.truth import pair, read_image
from tests.conftest import noise
from tests.plain import refused


def test_a_bitmap_is_read_as_an_image(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "p.bmp"), noise(20, 30))
    assert np.array_equal(read_image(tmp_path / "p.bmp"), noise(20, 30))


def test_what_is_no_image_is_refused(tmp_path: Path):
    for name in ("m.png", "m.bmp"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
    with refused("m.png: This is not a photo"):
        read_image(tmp_path / "m.png")
    with refused("'m.bmp' can't be read"):
        read_image(tmp_path / "m.bmp")


def test_folders_are_matched_by_name(tmp_path: Path):
    images, masks = tmp_path / "i", tmp_path / "m"
    images.mkdir()
    masks.mkdir()
    for path in (
        images / "b.jpg",
        images / "a.JPG",
        images / "c.png",
        images / "x.txt",
        masks / "a.png",
        masks / "b.bmp",
    ):
        path.touch()
    assert pair(images, masks) == ([(images / "a.JPG", masks / "a.png"), (images / "b.jpg", masks / "b.bmp")], 1)
    with refused("No mask has the name of an image: 3 images and 0 masks"):
        pair(images, tmp_path)
    with refused("both be files or both be folders"):
        pair(images, masks / "a.png")


def test_two_files_belong_together_whatever_their_names(tmp_path: Path):
    for name in ("one.jpg", "other.png"):
        (tmp_path / name).touch()
    assert pair(tmp_path / "one.jpg", tmp_path / "other.png") == ([(tmp_path / "one.jpg", tmp_path / "other.png")], 0)
