"""The truth: images, or a clip's frames, and the mask of each."""

from pathlib import Path

import cv2
import numpy as np

from segcore.errors import SegdeckError
from segcore.evaluation.mask_files import fit, read_mask
from segcore.picture.photo import read_photo
from segcore.segmentation import Image, Plane, u8

IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
MASKS = (".png", ".bmp")


def pair(images: Path, masks: Path) -> tuple[list[tuple[Path, Path]], int]:
    """Match images with masks: two files as they are, two folders by their files' names without the endings.

    Parameters
    ----------
    images, masks
        Two files or two folders.

    Returns
    -------
    tuple
        Pairs of image and mask in the order of their names, and how many images have no mask.

    Raises
    ------
    SegdeckError
        If there is no pair.
    """
    if images.is_file() and masks.is_file():
        return [(images, masks)], 0
    if not (images.is_dir() and masks.is_dir()):
        raise SegdeckError("Images and masks must both be files or both be folders that exist.")
    by_name = files_by_name(masks, MASKS)
    found = files_by_name(images, IMAGES)
    pairs = [(path, by_name[name]) for name, path in found.items() if name in by_name]
    if not pairs:
        raise SegdeckError(
            f"No mask has the name of an image: {len(found)} images and {len(by_name)} masks "
            f"({' or '.join(MASKS)}) were looked at."
        )
    return pairs, len(found) - len(pairs)


def files_by_name(folder: Path, endings: tuple[str, ...]) -> dict[str, Path]:
    """Return a folder's files with one of some endings, by their names without it, in order."""
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in endings and path.is_file()}


def read_image(path: Path) -> Image:
    """Read an image, (H, W, 3) BGR: what `read_photo` takes, and BMP.

    Raises
    ------
    SegdeckError
        If it can't be read.
    """
    if path.suffix.lower() != ".bmp":
        try:
            return read_photo(path.read_bytes()).image
        except SegdeckError as error:
            raise SegdeckError(f"{path.name}: {error}") from None
    decoded = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
    if decoded is None:
        raise SegdeckError(f"The image {path.name!r} can't be read.")
    return u8(decoded)


class Truth:
    """True masks of some images or of a clip, read once for all recipes.

    Attributes
    ----------
    source
        A clip, an image or a folder of images.
    is_clip
        Which of these.
    pairs
        Each image's file and its mask's; none of a clip.
    masks
        The masks' files, by the number of their frame or image, from 0 on.
    values
        Every value in any of the masks.
    """

    def __init__(self, images: Path, masks: Path) -> None:
        """Read the masks.

        Parameters
        ----------
        images
            A clip, an image or a folder of images.
        masks
            Of an image a file, else a folder: named as the images, or by the numbers of the clip's frames.

        Raises
        ------
        SegdeckError
            If they do not go together, or a mask can't be read.
        """
        self.source = images
        self.is_clip = images.is_file() and images.suffix.lower() not in IMAGES
        self.pairs, self._without_mask = ([], 0) if self.is_clip else pair(images, masks)
        self.masks = _numbered(masks) if self.is_clip else {n: mask for n, (_, mask) in enumerate(self.pairs)}
        self._planes = {number: read_mask(path) for number, path in self.masks.items()}
        self._fitted: set[str] = set()
        self.values = {int(value) for plane in self._planes.values() for value in np.unique(plane)}

    def mask(self, number: int, height: int, width: int) -> Plane:
        """Return an image's mask at the image's size, (height, width) uint8.

        Raises
        ------
        SegdeckError
            If its own size is too far off.
        """
        plane, name = self._planes[number], self.masks[number].name
        fitted = fit(plane, height, width, name)
        if fitted is not plane:
            self._fitted.add(name)
        return fitted

    def missing_note(self) -> list[str]:
        """Return what should be known about images that are left out."""
        return [f"images without a mask, left out: {self._without_mask}"] if self._without_mask else []

    def fitted_note(self) -> list[str]:
        """Return what should be known about the masks that were asked for so far."""
        off = len(self._fitted)
        return [f"masks a pixel or two off in size, fitted: {off}"] if off else []


def _numbered(masks: Path) -> dict[int, Path]:
    """Return a folder's masks by the number of their frame."""
    if not masks.is_dir():
        raise SegdeckError("A video's masks must be in a folder, each named by the number of its frame, from 0 on.")
    numbered = {int(name): path for name, path in files_by_name(masks, MASKS).items() if name.isdecimal()}
    if not numbered:
        raise SegdeckError("No mask in this folder is named by the number of a frame, such as 00000.png.")
    return numbered
