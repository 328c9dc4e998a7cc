"""Pictures that stand behind what was found: bundled ones by name, and visitors' own, embedded in a recipe."""

import base64
import math
from functools import cache
from importlib.resources import files

import cv2
import numpy as np

from segcore.errors import SegdeckError
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import YuvMatrix
from segcore.picture.photo import read_photo
from segcore.segmentation import Image, u8

EMBEDDED = "data:image/"
_BACKGROUNDS = files("segcore.overlays") / "backgrounds"
_ONLY_COLORS_FROM = 16  # times as large as it is, a background shows no detail that a 32nd of its pixels would move
_BESIDE_PX = 4  # pixels beyond a cut that still colour those before it: cubic interpolation looks two far
_TRIES_PX = 256  # of the result: among so many cuts, one is off by a hundredth of a pixel or so


@cache
def background_names() -> tuple[str, ...]:
    """Return the names of the bundled background pictures."""
    return tuple(
        sorted(entry.name.removesuffix(".jpg") for entry in _BACKGROUNDS.iterdir() if entry.name.endswith(".jpg"))
    )


def background_picture(picture: str) -> Image:
    """Return a background picture.

    Parameters
    ----------
    picture
        A bundled name or an embedded picture, as in `Replace`.

    Returns
    -------
    Image
        At its own size.

    Raises
    ------
    SegdeckError
        If an embedded picture can't be read.
    """
    if not picture.startswith(EMBEDDED):
        content = (_BACKGROUNDS / f"{picture}.jpg").read_bytes()
    else:
        try:
            content = base64.b64decode(picture.partition(";base64,")[2], validate=True)
        except ValueError:
            raise SegdeckError("The embedded picture is not valid base64.") from None
    return read_photo(content).image


def covering(image: Image, size: tuple[int, int], matrix: YuvMatrix | None) -> Canvas:
    """Return a picture so large that it covers ``size`` (height, width), its middle in the middle.

    Only what will be seen is made large: the whole of a narrow picture would be a thousand times as high as a wide one.
    """
    height, width = size
    scale = max(height / image.shape[0], width / image.shape[1])
    down, across = (
        max(wanted, round(length * scale)) / length for length, wanted in zip(image.shape[:2], size, strict=True)
    )
    if scale > _ONLY_COLORS_FROM:
        left, top = (round(image.shape[1] * across) - width) // 2, (round(image.shape[0] * down) - height) // 2
        to_image = np.array([[1 / across, 0, (left + 0.5) / across - 0.5], [0, 1 / down, (top + 0.5) / down - 0.5]])
        how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        fitted = u8(cv2.warpAffine(image, to_image, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE))
    else:
        seen = image[_middle(image.shape[0], height, down), _middle(image.shape[1], width, across)]
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        covering = u8(cv2.resize(seen, None, fx=across, fy=down, interpolation=how))
        top, left = (covering.shape[0] - height) // 2, (covering.shape[1] - width) // 2
        fitted = np.ascontiguousarray(covering[top : top + height, left : left + width])
    return Canvas.sharing_image(fitted) if matrix is None else Canvas.converted_from(fitted, matrix)


def _middle(length: int, wanted: int, scale: float) -> slice:
    """Return the middle of a side that is enough to cover a length once it is scaled.

    As much is cut off at either end as is nearly whole pixels of the result, so that these lie as they would anyway.
    """
    most = max(0, (length - math.ceil(wanted / scale)) // 2 - _BESIDE_PX)
    tries = range(max(0, most - math.ceil(_TRIES_PX / scale)), most + 1)
    cut = min(tries, key=lambda number: abs(number * scale - round(number * scale)))
    return slice(cut, length - cut)


def embed_picture(image: Image) -> str:
    """Return a picture as text for `Replace`, at most 1920 pixels wide or high.

    Parameters
    ----------
    image
        (H, W, 3) uint8, BGR.
    """
    height, width = image.shape[:2]
    scale = min(1.0, 1920 / max(height, width))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    _, content = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return f"{EMBEDDED}jpeg;base64,{base64.b64encode(content.tobytes()).decode()}"
