"""Reading mask files of many kinds: their values, their size, and the labels that the values stand for."""

from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from segcore.errors import SegdeckError, quote, suggest
from segcore.segmentation import LabelMap, Plane, grey_levels, u8

_MAY_BE_OFF_PX = 2
_MAPPED_MODES = ("1", "L", "P", "I;16", "I")


def read_mask(path: Path) -> Plane:
    """Read a mask's values as they stand in the file: a palette's numbers, greys, or 0 and 1.

    Parameters
    ----------
    path
        A PNG or BMP file.

    Returns
    -------
    Plane
        (H, W) uint8.

    Raises
    ------
    SegdeckError
        If it can't be read, is coloured without a palette, or holds a value above 255.
    """
    try:
        with PIL.Image.open(path, formats=("PNG", "BMP")) as mask:
            mapped = mask.mode in _MAPPED_MODES
            values = np.asarray(mask if mapped else mask.convert("RGB")).astype(np.int64)
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError):
        raise SegdeckError(f"The mask {path.name!r} can't be read; PNG and BMP are accepted.") from None
    if not mapped:
        if (values != values[..., :1]).any():
            raise SegdeckError(f"The mask {path.name!r} is coloured; a palette, greys, or 0 and 1 are accepted.")
        values = values[..., 0]
    if values.max() > 255:
        raise SegdeckError(f"The mask {path.name!r} holds the value {values.max()}; 0 to 255 are accepted.")
    return values.astype(np.uint8)


def fit(mask: Plane, height: int, width: int, name: str) -> Plane:
    """Bring a mask that is a pixel or two off to its image's size.

    Raises
    ------
    SegdeckError
        If it is further off.
    """
    off = max(abs(mask.shape[0] - height), abs(mask.shape[1] - width))
    if off > _MAY_BE_OFF_PX:
        raise SegdeckError(
            f"The mask {name!r} is {mask.shape[1]}x{mask.shape[0]} pixels and its image {width}x{height}; "
            f"up to {_MAY_BE_OFF_PX} pixels off are accepted."
        )
    return u8(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)) if off else mask


class LabelReader:
    """Tells which of a recipe's labels a mask's values stand for.

    One label, or one chosen by name: any value but 0 is it. Several: values are the labels' numbers, or 10 times
    these, or the greys that Segdeck itself writes; whichever takes all the values, tried in this order.
    """

    def __init__(self, values: set[int], labels: tuple[str, ...], chosen: str | None) -> None:
        """Settle it for all masks together.

        Parameters
        ----------
        values
            Every value in any of the masks.
        labels
            The recipe's labels by name, in order.
        chosen
            The label that the masks stand for, or None.

        Raises
        ------
        SegdeckError
            If the recipe has no such label, or no reading takes all the values.
        """
        if chosen is not None and chosen not in labels:
            raise SegdeckError(f"There is no label {quote(chosen)} in this recipe; {suggest(chosen, labels)}")
        self.note = ""
        self._table = np.zeros(256, np.uint8)
        self.chosen = labels.index(chosen) + 1 if chosen is not None else 1 if len(labels) == 1 else None
        if self.chosen:
            self._table[1:] = self.chosen
            return
        numbers = np.arange(1, len(labels) + 1)
        greys = grey_levels(len(labels))[1 : len(labels) + 1].astype(np.int64)
        for steps, note in (
            (numbers, ""),
            (10 * numbers, "the masks' values were read as 10 times the label's number"),
            (greys, "the masks' greys were read as Segdeck's own"),
        ):
            if values <= {0, *steps.tolist()}:
                usable = steps <= 255
                self._table[steps[usable]] = numbers[usable]
                self.note = note
                return
        raise SegdeckError(
            f"The masks hold the value {max(values)}, and the recipe has {len(labels)} labels; "
            "name the one that they stand for with --label."
        )

    def __call__(self, mask: Plane) -> LabelMap:
        """Return a mask's labels, (H, W) uint8, 0 = background."""
        return u8(cv2.LUT(mask, self._table))
