"""Reading people's photos: upright, 8 bit, BGR, with their transparency kept beside."""

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageOps

from segcore.errors import SegdeckError
from segcore.files.parts import write_whole
from segcore.files.paths import check_target
from segcore.picture.scaling import row_bands
from segcore.processes.worker import Limits, Message, ask_once
from segcore.segmentation import Image, Plane
from segcore.settings import settings

_MOST_HEAD_BYTES = 16_000_000  # of what stands before the pixels: EXIF, colour profile, texts, a phone's depth map
_MOST_PIXEL_BYTES = 8  # of a file, for one pixel: red, green, blue and alpha of 16 bits
FORMATS = ("PNG", "JPEG", "WEBP")
_LIMITS = Limits(memory_bytes=2 << 30, silence_s=30)
_NOT_A_PHOTO = "This is not a photo that can be read; PNG, JPEG and WebP are accepted."


@dataclass(frozen=True, slots=True)
class Photo:
    """A still image.

    Attributes
    ----------
    image
        (H, W, 3) uint8, BGR, upright; transparent parts on white.
    opacity
        (H, W) uint8, 255 = solid; None if the whole photo is.
    """

    image: Image
    opacity: Plane | None = None


def read_photo(content: bytes) -> Photo:
    """Decode a PNG, JPEG or WebP file.

    Parameters
    ----------
    content
        The file's bytes.

    Returns
    -------
    Photo
        Turned upright as its EXIF says; 16-bit values scaled to 8 bits.

    Raises
    ------
    SegdeckError
        If it is too large, too small, cut off, or no such file.
    """
    settings().check_bytes(len(content))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)  # check_photo has its own limit
            file = _Metered(content)
            opened = PIL.Image.open(file, formats=FORMATS)
    except (PIL.UnidentifiedImageError, OSError, ValueError, SyntaxError):
        raise SegdeckError(_NOT_A_PHOTO) from None
    except PIL.Image.DecompressionBombError:
        limit = settings().max_photo_mp
        raise SegdeckError(
            f"This photo has far too many pixels; the largest accepted is {limit:g} megapixels."
        ) from None
    settings().check_photo(*opened.size)
    file.left += opened.width * opened.height * _MOST_PIXEL_BYTES
    try:
        PIL.ImageOps.exif_transpose(opened, in_place=True)
        return _to_photo(opened)
    except Exception:  # Pillow lets any kind out of a damaged file: a TypeError or a struct.error from its EXIF
        raise SegdeckError("This photo is damaged or cut off; save it again and try once more.") from None


def read_photo_in_worker(content: bytes) -> Photo:
    """Decode a photo as `read_photo` does, in a process of its own with limits on time and memory.

    Parameters
    ----------
    content
        The file's bytes, from somebody who may mean harm.

    Returns
    -------
    Photo
        As of `read_photo`, but its pixels can't be written to.

    Raises
    ------
    SegdeckError
        As `read_photo`, or if the worker was ended by a limit or by the photo.
    """
    settings().check_bytes(len(content))
    values, pixels = ask_once("segcore.picture.photo:answer", {}, _LIMITS, _NOT_A_PHOTO, content)
    height, width = values["height"], values["width"]
    image, opacity = np.split(np.frombuffer(pixels, np.uint8), [height * width * 3])
    return Photo(image.reshape(height, width, 3), opacity.reshape(height, width) if opacity.size else None)


def answer(content: bytes = b"") -> Iterator[Message]:
    """Do the work of `read_photo_in_worker`, in a worker."""
    photo = read_photo(content)
    opacity = b"" if photo.opacity is None else photo.opacity.tobytes()
    height, width = photo.image.shape[:2]
    yield {"height": height, "width": width}, photo.image.tobytes() + opacity


class _Metered(io.BytesIO):
    """A file of which only so much is given out as a photo's head may have: Pillow would keep all that it reads."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        # Of a WebP all is read at once, whatever it holds, after a look at its start.
        self.left = 2 * len(content) if content[8:12] == b"WEBP" else _MOST_HEAD_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as `io.BytesIO` does."""
        given = super().read(size)
        self.left -= len(given)
        if self.left < 0:
            raise OSError("there is too much beside the picture")
        return given


def _to_photo(opened: PIL.Image.Image) -> Photo:
    """Convert in bands: each step on the way would else take as much memory as the photo, or twice that."""
    width, height = opened.size
    transparent = opened.has_transparency_data
    image = np.empty((height, width, 3), np.uint8)
    opacity = np.full((height, width), 255, np.uint8)
    for rows in row_bands(height, width):
        band = opened.crop((0, rows.start, width, rows.stop))
        if band.mode.startswith("I"):  # 16-bit grey: Pillow would clip it to 8 bits, not scale it
            grey = np.rint(np.asarray(band) / 257).clip(0, 255).astype(np.uint8)
            cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR, image[rows])
        elif not transparent:
            cv2.cvtColor(np.asarray(band.convert("RGB")), cv2.COLOR_RGB2BGR, image[rows])
        else:
            rgba: npt.NDArray[np.uint8] = np.asarray(band.convert("RGBA"))
            opacity[rows] = rgba[..., 3]
            weight = rgba[..., 3:].astype(np.uint16)
            on_white = (rgba[..., :3] * weight + 255 * (255 - weight) + 127) // 255
            cv2.cvtColor(on_white.astype(np.uint8), cv2.COLOR_RGB2BGR, image[rows])
    return Photo(image, opacity if transparent and opacity.min() < 255 else None)


def write_image(path: Path, image: npt.NDArray[np.uint8]) -> None:
    """Write an image as its name's ending says, whole or not at all.

    Parameters
    ----------
    path
        Ends in .png, .jpg, .jpeg or .webp.
    image
        As in `write_png`.

    Raises
    ------
    SegdeckError
        If the ending is another one, no file can be written there, or such a file can't hold so large an image.
    """
    check_target(path)
    ending = path.suffix.lower()
    if ending not in (".png", ".jpg", ".jpeg", ".webp"):
        raise SegdeckError(f"{path.name!r} has no ending that can be written; .png, .jpg and .webp are accepted.")
    encoded, content = cv2.imencode(ending, image)
    if not encoded:
        raise SegdeckError(f"This picture is too large for a {ending} file; .png takes it.")
    write_whole(path, lambda part: part.write_bytes(content.tobytes()))


def write_png(image: npt.NDArray[np.uint8]) -> bytes:
    """Encode an image, (H, W), (H, W, 3) BGR or (H, W, 4) BGRA uint8, as PNG."""
    return cv2.imencode(".png", image)[1].tobytes()
