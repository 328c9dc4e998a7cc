from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from segcore.evaluation.mask_files import LabelReader, fit, read_mask
from tests.conftest import noise
from tests.plain import refused

VALUES = np.uint8([[0, 1, 2], [0, 1, 2]])


def test_a_palettes_numbers_are_read_not_its_colours(tmp_path: Path):
    picture = PIL.Image.fromarray(VALUES, "P")
    picture.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    picture.save(tmp_path / "m.png")
    assert np.array_equal(read_mask(tmp_path / "m.png"), VALUES)


@pytest.mark.parametrize("ending", [".png", ".bmp"])
def test_greys_are_read_as_they_are(tmp_path: Path, ending: str):
    PIL.Image.fromarray(VALUES * 10).save(tmp_path / f"m{ending}")
    assert np.array_equal(read_mask(tmp_path / f"m{ending}"), VALUES * 10)


def test_black_and_white_is_read(tmp_path: Path):
    PIL.Image.fromarray(VALUES > 0).save(tmp_path / "m.png")
    assert np.array_equal(read_mask(tmp_path / "m.png") > 0, VALUES > 0)


def test_grey_stored_in_three_channels_is_read(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "m.png"), cv2.merge([VALUES] * 3))
    assert np.array_equal(read_mask(tmp_path / "m.png"), VALUES)


def test_sixteen_bits_are_read_where_the_values_are_small(tmp_path: Path):
    PIL.Image.fromarray(VALUES.astype(np.uint16)).save(tmp_path / "m.png")
    assert np.array_equal(read_mask(tmp_path / "m.png"), VALUES)
    PIL.Image.fromarray(VALUES.astype(np.uint16) * 1000).save(tmp_path / "m.png")
    with refused("2000", "0 to 255"):
        read_mask(tmp_path / "m.png")


def test_a_coloured_mask_is_refused(tmp_path: Path):
    cv2.imwrite(str(tmp_path / "m.png"), noise(4, 4))
    with refused("'m.png' is coloured"):
        read_mask(tmp_path / "m.png")


def test_what_is_no_mask_is_refused(tmp_path: Path):
    for name in ("m.png", "m.bmp"):
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with refused(f"'{name}' can't be read"):
            read_mask(tmp_path / name)


def test_a_mask_a_pixel_off_is_fitted():
    assert fit(VALUES, 2, 3, "m.png") is VALUES
    fitted = fit(VALUES, 3, 4, "m.png")
    assert fitted.shape == (3, 4)
    assert set(np.unique(fitted)) == {0, 1, 2}
    with refused("'m.png' is 3x2 pixels and its image 6x2", "up to 2 pixels"):
        fit(VALUES, 2, 6, "m.png")


@pytest.mark.parametrize(
    ("values", "labels", "chosen", "wanted"),
    [
        ({0, 255}, ("person",), None, {255: 1}),
        ({0, 1, 4}, ("person",), None, {1: 1, 4: 1}),
        ({0, 3}, ("cat", "dog"), "dog", {3: 2}),
        ({0, 1, 2}, ("cat", "dog"), None, {1: 1, 2: 2}),
        ({0, 10, 20}, ("cat", "dog"), None, {10: 1, 20: 2}),
        ({0, 128, 255}, ("cat", "dog"), None, {128: 1, 255: 2}),
    ],
)
def test_values_find_their_labels(values, labels, chosen, wanted):
    reader = LabelReader(values, labels, chosen)
    every = np.uint8([sorted(values)])
    assert dict(zip(every[0].tolist(), reader(every)[0].tolist(), strict=True)) == {0: 0} | wanted


def test_what_fits_no_label_is_refused():
    with refused("hold the value 7", "2 labels", "--label"):
        LabelReader({0, 7}, ("cat", "dog"), None)
    with refused("no label 'cow'", "cat, dog"):
        LabelReader({0, 1}, ("cat", "dog"), "cow")
