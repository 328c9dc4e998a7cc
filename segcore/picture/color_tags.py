"""What a video frame's colour tags mean: how its Y, U and V follow from red, green and blue."""

from dataclasses import dataclass, replace
from typing import Literal

import av

from segcore.segmentation import Color

_LIMITED_RANGE, _FULL_RANGE = 1, 2  # AVCOL_RANGE_MPEG and _JPEG
_RGB, _UNSPECIFIED = 0, 2  # AVCOL_SPC_*
_HD_FROM_PX = 720  # players take an untagged image this high for BT.709


@dataclass(frozen=True, slots=True)
class YuvMatrix:
    """How a frame's Y, U and V follow from red, green and blue.

    Attributes
    ----------
    name
        The standard, as PyAV spells it.
    kr, kb
        The share of red and of blue in Y.
    full_range
        Whether Y runs from 0 to 255 instead of 16 to 235.
    """

    name: Literal["ITU601", "ITU709", "SMPTE240M", "FCC", "BT2020"]
    kr: float
    kb: float
    full_range: bool = False

    @property
    def range_name(self) -> Literal["JPEG", "MPEG"]:
        """The range, as PyAV spells it."""
        return "JPEG" if self.full_range else "MPEG"

    def to_yuv(self, color: Color) -> tuple[int, int, int]:
        """Return blue, green, red as Y, U, V, 0 to 255 (ITU-R BT.601-7 and BT.709-6, section 3)."""
        blue, green, red = color
        luma = self.kr * red + (1 - self.kr - self.kb) * green + self.kb * blue
        u = (blue - luma) / (2 * (1 - self.kb))
        v = (red - luma) / (2 * (1 - self.kr))
        if self.full_range:
            return round(luma), min(255, round(u + 128)), min(255, round(v + 128))
        return round(16 + luma * 219 / 255), round(128 + u * 224 / 255), round(128 + v * 224 / 255)


BT601 = YuvMatrix("ITU601", 0.299, 0.114)
BT709 = YuvMatrix("ITU709", 0.2126, 0.0722)
_MATRICES = {
    1: BT709,
    4: YuvMatrix("FCC", 0.30, 0.11),
    5: BT601,
    6: BT601,
    7: YuvMatrix("SMPTE240M", 0.212, 0.087),
    9: YuvMatrix("BT2020", 0.2627, 0.0593),
    10: YuvMatrix("BT2020", 0.2627, 0.0593),
}
_SPACE_TAGS = {"ITU709": 1, "FCC": 4, "ITU601": 6, "SMPTE240M": 7, "BT2020": 9}


def matrix_of(frame: av.VideoFrame, untagged: YuvMatrix | None = None) -> YuvMatrix:
    """Return how a frame's YUV was made.

    Parameters
    ----------
    frame
        The frame.
    untagged
        What to assume where the frame does not say. By default BT.709 from 720 lines on, BT.601 below.

    Returns
    -------
    YuvMatrix
        For a frame that is not YUV, the one that it will be converted with.
    """
    if frame.format.is_rgb or frame.colorspace == _RGB:
        return BT601
    matrix = _MATRICES.get(frame.colorspace) or untagged
    if matrix is None:
        matrix = BT709 if frame.height >= _HD_FROM_PX else BT601
    full_range = frame.color_range == _FULL_RANGE or frame.format.name.startswith("yuvj")
    return replace(matrix, full_range=True) if full_range else matrix


def space_tag(matrix: YuvMatrix) -> int:
    """Return the ``AVCOL_SPC_*`` that says that YUV was made by this matrix."""
    return _SPACE_TAGS[matrix.name]


def range_tag(matrix: YuvMatrix) -> int:
    """Return the ``AVCOL_RANGE_*`` of a matrix."""
    return _FULL_RANGE if matrix.full_range else _LIMITED_RANGE
