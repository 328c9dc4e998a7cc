"""Segment by colour: every pixel whose colour lies in a range gets that range's label.

The idea of OpenCV's ``inRange`` tutorial, with any number of named ranges and a hue that wraps through red.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypeAlias

import cv2
import numpy as np
from pydantic import FailFast, Field, model_validator

from segcore.methods.base import MethodOptions
from segcore.options import HexColor, Options, wrong_value
from segcore.picture.frame import FROM_BGR, ColorSpace, Frame
from segcore.picture.scaling import row_bands
from segcore.segmentation import Color, Image, Label, LabelMap, Plane, Segmentation, hex_to_color, in_range, u8

Channels: TypeAlias = tuple[int, int, int]
"""A value for each channel."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One of a colour space's three numbers: 0 to ``highest``; ``wraps`` if the end meets the start."""

    name: str
    highest: int = 255
    wraps: bool = False


CHANNELS: dict[ColorSpace, tuple[Channel, Channel, Channel]] = {
    "hsv": (Channel("Hue", 179, wraps=True), Channel("Saturation"), Channel("Brightness")),
    "bgr": (Channel("Blue"), Channel("Green"), Channel("Red")),
    "lab": (Channel("Lightness"), Channel("Green to red"), Channel("Blue to yellow")),
}


class ColorRange(Options):
    """A named range of colours, ends included. A hue whose low is above its high wraps through red."""

    name: str = Field(min_length=1, max_length=40, description="What this colour is called.")
    color: HexColor = Field(default="#ff3b30", description="The colour it is shown in.")
    low: Channels = Field(description="The smallest value of each channel.")
    high: Channels = Field(description="The largest value of each channel.")


class ColorRangeOptions(MethodOptions):
    """Segment by colour."""

    title: ClassVar[str] = "Colour range"
    method: Literal["color_range"] = "color_range"
    space: ColorSpace = Field(default="hsv", title="Colour space", description="How a colour is put into numbers.")
    ranges: Annotated[tuple[ColorRange, ...], Field(min_length=1, max_length=20), FailFast()] = Field(
        title="Ranges", description="Where two overlap, the first listed wins."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> "ColorRangeOptions":
        names = [one.name for one in self.ranges]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise wrong_value(("ranges", number, "name"), name, "each range needs a name of its own")
        return self

    @model_validator(mode="after")
    def _ends_fit(self) -> "ColorRangeOptions":
        for number, one in enumerate(self.ranges):
            for place, channel in enumerate(CHANNELS[self.space]):
                for end, value in (("low", one.low[place]), ("high", one.high[place])):
                    if not 0 <= value <= channel.highest:
                        words = f"{channel.name} must be from 0 to {channel.highest}"
                        raise wrong_value(("ranges", number, end, place), value, words)
                if one.low[place] > one.high[place] and not channel.wraps:
                    words = f"{channel.name} must not be above its high end, {one.high[place]}"
                    raise wrong_value(("ranges", number, "low", place), one.low[place], words)
        return self

    def build(self) -> "ColorRangeSegmenter":
        """Return the segmenter."""
        return ColorRangeSegmenter(self)


class ColorRangeSegmenter:
    """Labels pixels by colour. Its buffers are reused, so it belongs to one stream."""

    def __init__(self, options: ColorRangeOptions) -> None:
        self._options = options
        self._labels = tuple(Label(one.name, hex_to_color(one.color)) for one in options.ranges)
        self._planes: list[Plane] = []
        self._channels: list[Plane] = []

    def segment(self, frame: Frame) -> Segmentation:
        """Label every pixel with the first range that holds its colour.

        Parameters
        ----------
        frame
            Of any size.

        Returns
        -------
        Segmentation
            With a hard label map.
        """
        label_map = np.empty(frame.size, np.uint8)
        for rows in row_bands(*frame.size):
            self._take_channels(frame.in_space(self._options.space, rows))
            self._label(label_map[rows])
        return Segmentation(label_map, self._labels)

    def _label(self, label_map: LabelMap) -> None:
        """Write the labels of a band, whose channels have been taken."""
        if len(self._options.ranges) == 1:
            cv2.threshold(self._inside(self._options.ranges[0]), 0, 1, cv2.THRESH_BINARY, label_map)
            return
        label_map[...] = 0
        for value in range(len(self._labels), 0, -1):
            np.copyto(label_map, np.uint8(value), where=self._inside(self._options.ranges[value - 1]).view(np.bool_))

    def _take_channels(self, image: Image) -> None:
        """Copy a band's three channels to planes of their own."""
        height, width = image.shape[:2]
        if not self._planes or self._planes[0].shape[1] != width or len(self._planes[0]) < height:
            self._planes = [np.empty((height, width), np.uint8) for _ in range(3)]
        self._channels = [plane[:height] for plane in self._planes]
        cv2.split(image, self._channels)

    def _inside(self, one: ColorRange) -> Plane:
        """Return where all three channels lie in their ends, (H, W) uint8, 0 or 255."""
        first, second, third = (
            in_range(plane, low, high)
            if low <= high
            else u8(cv2.bitwise_not(in_range(plane, high + 1, low - 1)))  # all but the gap: through red
            for plane, low, high in zip(self._channels, one.low, one.high, strict=True)
        )
        cv2.bitwise_and(first, second, first)
        return u8(cv2.bitwise_and(first, third, first))


def range_around(name: str, color: str, tolerance: int, space: ColorSpace = "hsv") -> ColorRange:
    """Make a range from one colour.

    Parameters
    ----------
    name
        What the range is called.
    color
        The colour in its middle, ``#rrggbb``; it is also shown in it.
    tolerance
        How far each channel may be away, 0 to 127. A hue gets a quarter of it, for it tells colours apart best.
    space
        The colour space of the range.

    Returns
    -------
    ColorRange
        Its hue wraps where it reaches past red.
    """
    bgr: Color = hex_to_color(color)
    pixel = np.array([[bgr]], np.uint8)
    middle = [int(value) for value in (pixel if space == "bgr" else cv2.cvtColor(pixel, FROM_BGR[space]))[0, 0]]
    low, high = [], []
    for channel, value in zip(CHANNELS[space], middle, strict=True):
        if channel.wraps:
            reach = round(tolerance / 4)
            low.append((value - reach) % (channel.highest + 1))
            high.append((value + reach) % (channel.highest + 1))
        else:
            low.append(max(0, value - tolerance))
            high.append(min(channel.highest, value + tolerance))
    return ColorRange(name=name, color=color, low=tuple(low), high=tuple(high))
