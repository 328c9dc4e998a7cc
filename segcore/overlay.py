"""What is drawn from a segmentation: each overlay takes a picture and its segmentation and gives a new picture.

An overlay is written once against `Canvas`, so the same lines work on a BGR picture and on a video frame's planes.
To add one: write its class here and list it in `OVERLAYS`.
"""

import base64
import math
from abc import abstractmethod
from collections.abc import Callable
from functools import cache, cached_property, lru_cache, partial
from importlib.resources import files
from typing import Annotated, ClassVar, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from segcore.canvas import Canvas, YuvMatrix
from segcore.errors import SegdeckError
from segcore.numbering import PALETTE, digit_height_px, write_number
from segcore.options import HexColor, Options, unit
from segcore.photo import read_photo
from segcore.regions import find_regions, present_labels
from segcore.scaling import reference_height, row_bands
from segcore.segmentation import Image, Plane, Segmentation, hex_to_color, in_range, u8

_BACKGROUNDS = files("segcore") / "backgrounds"
_EMBEDDED = "data:image/"
_LARGEST_EMBEDDED = 8_000_000  # characters
_KEPT_PIXELS = 3840 * 2160  # larger than any video's picture
_ONLY_COLORS_FROM = 16  # times as large as it is, a background shows no detail that a 32nd of its pixels would move
_BESIDE_PX = 4  # pixels beyond a cut that still colour those before it: cubic interpolation looks two far
_TRIES_PX = 256  # of the result: among so many cuts, one is off by a hundredth of a pixel or so

Strength: TypeAlias = Annotated[float, Field(ge=0, le=1, title="Strength", json_schema_extra=unit("", 0.05))]


class Overlay(Options):
    """What every overlay has. ``hides_raw`` tells whether the picture's own background is out of sight."""

    title: ClassVar[str]
    hides_raw: ClassVar[bool]
    kind: str

    @abstractmethod
    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw.

        Parameters
        ----------
        canvas
            The picture. Left as it is.
        segmentation
            The picture, split; of the same height and width.

        Returns
        -------
        Canvas
            A new one, of the same kind.
        """


def _paint(canvas: Canvas, segmentation: Segmentation, strength: float) -> Canvas:
    """Move every label's pixels toward its colour."""
    colors = [label.color for label in segmentation.labels]
    if len(colors) > 1 and not segmentation.soft:
        return canvas.coated(segmentation.label_map, colors, strength)
    masks = [segmentation.mask(value) for value in range(1, len(colors) + 1)]
    present = [place for place, mask in enumerate(masks) if cv2.hasNonZero(mask)] or [0]
    result = canvas
    for place in present:
        result = result.blend(canvas.toward(colors[place], strength), masks[place], soft=segmentation.soft)
    return result


class Tint(Overlay):
    """Each label gets a coat of its colour."""

    title: ClassVar[str] = "Tint"
    hides_raw: ClassVar[bool] = False
    kind: Literal["tint"] = "tint"
    strength: Strength = Field(default=0.5, description="0 leaves the picture, 1 is plain colour.")

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        return _paint(canvas, segmentation, self.strength)


class Outline(Overlay):
    """A line around each label."""

    title: ClassVar[str] = "Outline"
    hides_raw: ClassVar[bool] = False
    kind: Literal["outline"] = "outline"
    width_px: int = Field(
        default=4, ge=1, le=20, title="Width", description="Width of the line.", json_schema_extra=unit("px")
    )

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        side = u8(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (self.width_px + 1, self.width_px + 1)))
        present = present_labels(segmentation.label_map) or [1]
        if len(present) == 1:
            line = self._line(segmentation, present[0], side)
            return canvas.blend(canvas.filled(segmentation.labels[present[0] - 1].color), line, soft=False)
        index = np.zeros(canvas.size, np.uint8)
        for value in present:
            np.copyto(index, np.uint8(value), where=self._line(segmentation, value, side).view(np.bool_))
        return canvas.coated(index, [label.color for label in segmentation.labels], 1)

    def _line(self, segmentation: Segmentation, value: int, side: Plane) -> Plane:
        inside = in_range(segmentation.label_map, value, value)
        return u8(cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, side))


class Objects(Overlay):
    """Each object gets a coat and an outline in a colour of its own, and its number; else labels."""

    title: ClassVar[str] = "Numbered objects"
    hides_raw: ClassVar[bool] = False
    kind: Literal["objects"] = "objects"
    strength: Strength = Field(default=0.4, description="Of the coat; 0 leaves the picture, 1 is plain colour.")

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        if segmentation.instances is None:
            return _paint(canvas, segmentation, self.strength)
        regions = find_regions(segmentation.instances)
        table = np.zeros(regions.numbers.max(initial=0) + 1, np.uint8)
        table[regions.numbers] = (regions.numbers - 1) % len(PALETTE) + 1
        index = np.empty(canvas.size, np.uint8)
        for rows in row_bands(*canvas.size):  # numpy turns what it looks up into 64 bits
            table.take(segmentation.instances[rows], out=index[rows])
        width_px = max(1, reference_height(*canvas.size) // 240)
        line = cv2.morphologyEx(index, cv2.MORPH_GRADIENT, np.ones((2 * width_px + 1, 2 * width_px + 1), np.uint8))
        result = canvas.coated(index, PALETTE, self.strength)
        result = result.coated(u8(cv2.copyTo(index, line)), PALETTE, 1)
        digit_px = digit_height_px(*canvas.size, len(regions.numbers))
        for number, center in zip(regions.numbers.tolist(), regions.center_px.tolist(), strict=True):
            write_number(result, number, center, digit_px)
        return result


class CutOut(Overlay):
    """What has a label stays, the rest is plain: OpenCV's ``bitwise_and``. A still also gets real transparency."""

    title: ClassVar[str] = "Cut-out"
    hides_raw: ClassVar[bool] = True
    kind: Literal["cut_out"] = "cut_out"
    color: HexColor = Field(default="#000000", title="Colour around it", description="Shown where nothing was found.")

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        plain = canvas.filled(hex_to_color(self.color))
        return plain.blend(canvas, segmentation.foreground(), soft=segmentation.soft)


class Blur(Overlay):
    """What has a label stays sharp, the rest is blurred."""

    title: ClassVar[str] = "Blur the background"
    hides_raw: ClassVar[bool] = True
    kind: Literal["blur"] = "blur"
    strength_percent: float = Field(
        default=4.0,
        ge=1,
        le=10,
        title="Blur",
        description="How far things run together, as a share of the picture's height.",
        json_schema_extra=unit("%", 0.5),
    )

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        radius_px = reference_height(*canvas.size) * self.strength_percent / 100
        far = canvas.blurred(radius_px, without=segmentation.alpha())
        return far.blend(canvas, segmentation.foreground(), soft=segmentation.soft)


class Replace(Overlay):
    """What has a label stands before a picture."""

    title: ClassVar[str] = "Replace the background"
    hides_raw: ClassVar[bool] = True
    kind: Literal["replace"] = "replace"
    picture: str = Field(
        default="studio",
        max_length=_LARGEST_EMBEDDED,
        title="Background",
        description="A bundled picture by its name, or a PNG, JPEG or WebP as a data:image/...;base64, text.",
    )

    @field_validator("picture")
    @classmethod
    def _no_path(cls, picture: str) -> str:
        if picture.startswith(_EMBEDDED):
            try:
                background_picture(picture)
            except SegdeckError as error:
                raise ValueError(str(error)) from None
        elif picture not in background_names():
            names = ", ".join(background_names())
            raise ValueError(f"it must be one of {names}, or an embedded picture; a path is not accepted")
        return picture

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        behind = self._behind(canvas.size, canvas.matrix)
        return behind.blend(canvas, segmentation.foreground(), soft=segmentation.soft)

    def _behind(self, size: tuple[int, int], matrix: YuvMatrix | None) -> Canvas:
        """Return the background at a size: for a video's next picture the one that is kept, for a photo a new one."""
        if size[0] * size[1] > _KEPT_PIXELS:
            return _covering(background_picture(self.picture), size, matrix)
        return self._kept(size, matrix)

    @cached_property
    def _kept(self) -> Callable[[tuple[int, int], YuvMatrix | None], Canvas]:
        """The background at a size, kept as long as this overlay and no longer: it may be a visitor's own."""
        return lru_cache(maxsize=2)(partial(_covering, background_picture(self.picture)))


class ColorPop(Overlay):
    """What has a label keeps its colours, the rest turns grey."""

    title: ClassVar[str] = "Colour pop"
    hides_raw: ClassVar[bool] = False
    kind: Literal["color_pop"] = "color_pop"

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        return canvas.without_color().blend(canvas, segmentation.foreground(), soft=segmentation.soft)


class Mask(Overlay):
    """The bare mask: white on black, a grey for each where there are several labels."""

    title: ClassVar[str] = "Mask"
    hides_raw: ClassVar[bool] = True
    kind: Literal["mask"] = "mask"

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`."""
        return canvas.write(segmentation.grey())


class SideBySide(Overlay):
    """The picture and, beside it, its tint, each at half size."""

    title: ClassVar[str] = "Side by side"
    hides_raw: ClassVar[bool] = False
    kind: Literal["side_by_side"] = "side_by_side"
    strength: Strength = Field(default=0.7, description="Of the tint; 1 is plain colour.")

    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw, as in `Overlay`; the result is half as high."""
        height, width = (max(2, side // 4 * 2) for side in canvas.size)
        tinted = _paint(canvas, segmentation, self.strength)
        return canvas.scaled(height, width).beside(tinted.scaled(height, width))


OVERLAYS: dict[str, type[Overlay]] = {
    overlay.model_fields["kind"].default: overlay
    for overlay in (Blur, Replace, CutOut, ColorPop, Tint, Outline, Objects, Mask, SideBySide)
}
"""In the order in which people are offered them."""


def cut_out_rgba(image: Image, segmentation: Segmentation, opacity: Plane | None = None) -> npt.NDArray[np.uint8]:
    """Cut a still out, its background transparent.

    Parameters
    ----------
    image
        (H, W, 3) uint8, BGR.
    segmentation
        The picture, split.
    opacity
        (H, W) uint8, how opaque the picture itself was; None if it was solid.

    Returns
    -------
    ndarray
        (H, W, 4) uint8, blue, green, red, alpha. Fully transparent pixels are black, so that nothing hidden leaks.
    """
    alpha = segmentation.alpha()
    if opacity is not None:
        alpha = u8(cv2.multiply(alpha, opacity, scale=1 / 255))
    rgba = np.empty((*alpha.shape, 4), np.uint8)
    for rows in row_bands(*alpha.shape):
        seen = cv2.copyTo(image[rows], alpha[rows], np.zeros_like(image[rows]))
        rgba[rows] = cv2.merge([*cv2.split(seen), alpha[rows]])
    return rgba


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
    if not picture.startswith(_EMBEDDED):
        content = (_BACKGROUNDS / f"{picture}.jpg").read_bytes()
    else:
        try:
            content = base64.b64decode(picture.partition(";base64,")[2], validate=True)
        except ValueError:
            raise SegdeckError("The embedded picture is not valid base64.") from None
    return read_photo(content).image


def _covering(image: Image, size: tuple[int, int], matrix: YuvMatrix | None) -> Canvas:
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
    return Canvas.of_image(fitted) if matrix is None else Canvas.from_image(fitted, matrix)


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
    return f"{_EMBEDDED}jpeg;base64,{base64.b64encode(content.tobytes()).decode()}"
