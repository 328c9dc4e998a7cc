"""A plain image with a message, shown where there is no result to show."""

import textwrap
from functools import lru_cache

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601


@lru_cache(maxsize=8)
def notice(message: str, height: int, width: int) -> Canvas:
    """Return a plain image with a message on it.

    Parameters
    ----------
    message
        What it says.
    height, width
        Its size in pixels; an odd side is made even.

    Returns
    -------
    Canvas
        I420.
    """
    height, width = height + height % 2, width + width % 2
    image = PIL.Image.new("RGB", (width, height), "#1c1c1e")
    size = max(12, height // 18)
    draw = PIL.ImageDraw.Draw(image)
    lines = textwrap.fill(message, max(10, round(width * 0.8 / (size * 0.52))))
    font = PIL.ImageFont.load_default(size)
    draw.multiline_text((width / 2, height / 2), lines, "#f2f2f7", font, anchor="mm", align="center", spacing=size // 2)
    return Canvas.converted_from(np.ascontiguousarray(np.asarray(image, np.uint8)[..., ::-1]), BT601)
