"""Pictures: extreme shapes, seldom modes, damaged files, and headers that lie behind valid checksums."""

import io
import random
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image

from segcore.methods import METHODS
from segcore.overlays.background import embed_picture
from segcore.overlays.cut_out import cut_out_rgba
from segcore.picture.photo import read_photo, write_image
from segcore.pipeline import build_pipeline
from segcore.recipe import change_recipe, ready_recipes, start_with
from tests.fuzz.mutations import mangle, word

_SHAPES = (
    (64, 48), (16, 16), (17, 33), (1, 1), (15, 400), (16, 2000), (2000, 16), (16, 16_000), (16_000, 16), (16, 60_000),
    (60_000, 16), (16, 70_000), (70_000, 16), (16, 1_500_000), (1_500_000, 16), (5000, 5000), (4000, 3000),
    (30_000, 30_000),
)  # fmt: skip
"""Widths and heights in pixels."""
_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK", "YCbCr")
_TAKES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK", "YCbCr"),
    "WEBP": ("RGB", "RGBA"),
}


@dataclass(frozen=True)
class Given:
    """A file that is taken for a photo, and what is to become of it: a recipe's place, and the result's ending."""

    content: bytes
    recipe: str
    ending: str


def make(rng: random.Random) -> Given:
    """Make a photo, or what is none."""
    content = rng.choice(_MAKERS)(rng)
    return Given(content, rng.choice([*ready_recipes(), *METHODS, "behind"]), rng.choice((".png", ".jpg", ".webp")))


def try_one(given: Given, folder: Path) -> Iterable[str]:
    """Read a photo, segment it, and write the result and the cut-out, as the Photo page and ``segdeck segment`` do."""
    photo = read_photo(given.content)
    if given.recipe == "behind":  # the photo stands behind another one
        place = f"overlay.picture={embed_picture(photo.image)}"
        recipe = change_recipe(ready_recipes()["color_pop_red"], ["overlay.kind=replace", place])
        image = np.full((120, 160, 3), (60, 90, 150), np.uint8)
    else:
        recipe, image = ready_recipes().get(given.recipe) or start_with(given.recipe), photo.image
    result = build_pipeline(recipe)(image)
    if result.segmentation.label_map.shape != image.shape[:2]:
        raise AssertionError(f"the label map has another shape: {result.segmentation.label_map.shape}")
    write_image(folder / "made" / f"out{given.ending}", result.image)
    if image is not photo.image:
        return [f"out{given.ending}"]
    write_image(folder / "made" / "cut_out.png", cut_out_rgba(image, result.segmentation, photo.opacity))
    return [f"out{given.ending}", "cut_out.png"]


def encoded(pixels: npt.NDArray[np.uint8], form: str, mode: str = "RGB", **how: object) -> bytes:
    """Write a picture, (H, W, 3) RGB uint8, with Pillow."""
    buffer = io.BytesIO()
    picture = PIL.Image.fromarray(pixels)
    picture = PIL.Image.fromarray(pixels[..., 0].astype(np.uint16) * 257) if mode == "I;16" else picture.convert(mode)
    picture.save(buffer, form, **how)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG, its checksum valid."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bare_png(width: int, height: int, *, bits: int = 8, channels: int = 3, rows: int | None = None) -> bytes:
    """Write a black PNG of any shape without holding it in memory; ``rows``: how many of its rows are there."""
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    row = bytes(1 + (width * bits * channels + 7) // 8)
    packer, parts = zlib.compressobj(1), []
    each = max(1, 1_000_000 // len(row))
    left = height if rows is None else rows
    while left > 0:
        parts.append(packer.compress(row * min(each, left)))
        left -= each
    head = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", b"".join(parts) + packer.flush())
        + chunk(b"IEND", b"")
    )


def _pixels(rng: random.Random, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return noise, a flat colour or blobs."""
    numbers = np.random.default_rng(rng.getrandbits(32))
    if rng.random() < 0.4:
        return np.full((height, width, 3), numbers.integers(0, 256, 3), np.uint8)
    small = numbers.integers(0, 256, (max(1, height // 8), max(1, width // 8), 3), np.uint8)
    return (
        np.repeat(np.repeat(small, 8, 0), 8, 1)[:height, :width]
        if min(width, height) >= 8
        else small[:1, :1].repeat(height, 0).repeat(width, 1)
    )


def _whole(rng: random.Random) -> bytes:
    """A small photo as it should be, of any mode and format."""
    form = rng.choice(tuple(_TAKES))
    width, height = rng.choice(((64, 48), (16, 16), (17, 33), (200, 150), (640, 480)))
    return encoded(_pixels(rng, width, height), form, rng.choice(_TAKES[form]))


def _shaped(rng: random.Random) -> bytes:
    """An extreme shape."""
    width, height = rng.choice(_SHAPES)
    return bare_png(width, height, bits=rng.choice((1, 8)), channels=1)


def _shaped_noise(rng: random.Random) -> bytes:
    """An extreme shape with something in it."""
    width, height = rng.choice([shape for shape in _SHAPES if max(shape) < 60_001 and shape[0] * shape[1] < 1e7])
    return encoded(_pixels(rng, width, height), "PNG")


def _damaged(rng: random.Random) -> bytes:
    return mangle(rng, _whole(rng))


def _lying_png(rng: random.Random) -> bytes:
    """A PNG whose chunks hold other numbers than they should, or stand elsewhere, with valid checksums."""
    head = struct.pack(
        ">IIBBBBB",
        rng.choice((64, 16, 0, word(rng))),
        rng.choice((48, 16, 0, word(rng))),
        rng.choice((8, 1, 2, 4, 16, 0, 3, 255)),
        rng.choice((0, 2, 3, 4, 6, 1, 255)),
        rng.choice((0, 0, 0, 1)),
        rng.choice((0, 0, 0, 1)),
        rng.choice((0, 0, 1, 2)),
    )
    chunks = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rng.choice((bytes(9999), rng.randbytes(9999)))))]
    extra = (
        chunk(b"PLTE", rng.randbytes(rng.choice((3, 768, 4, 0)))),
        chunk(b"tRNS", rng.randbytes(rng.choice((1, 2, 6, 256)))),
        chunk(b"iCCP", b"x\x00\x00" + zlib.compress(bytes(rng.choice((100, 50_000_000))))),
        chunk(b"zTXt", b"x\x00\x00" + zlib.compress(bytes(rng.choice((100, 50_000_000))))),
        chunk(b"iTXt", b"x\x00\x01\x00\x00\x00" + zlib.compress(bytes(10_000))),
        chunk(b"eXIf", b"MM\x00*" + rng.randbytes(60)),
        chunk(b"gAMA", struct.pack(">I", word(rng))),
        chunk(b"pHYs", rng.randbytes(9)),
        chunk(b"acTL", struct.pack(">II", word(rng), word(rng))),
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, *(word(rng) for _ in range(4)), 1, 1, 0, 0)),
        chunk(b"fdAT", struct.pack(">I", 1) + zlib.compress(bytes(100))),
        chunk(b"IHDR", head),
        chunk(rng.randbytes(4), rng.randbytes(40)),
    )
    for _ in range(rng.randrange(4)):
        chunks.insert(rng.choice((1, 1, 2)), rng.choice(extra))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + (chunk(b"IEND", b"") if rng.random() < 0.8 else b"")


def _turned(rng: random.Random) -> bytes:
    """A photo with EXIF: any orientation, right or senseless, and an ICC profile that is none."""
    exif = PIL.Image.Exif()
    exif[0x0112] = rng.choice((*range(10), 65_535))
    exif[0x010F] = "x" * rng.choice((1, 1000))
    raw = exif.tobytes()
    if rng.random() < 0.5:
        raw = raw[:6] + mangle(rng, raw[6:])
    form = rng.choice(("JPEG", "PNG", "WEBP"))
    profile = rng.choice((None, b"", rng.randbytes(500)))
    return encoded(_pixels(rng, 64, 48), form, exif=raw, icc_profile=profile)


def _moving(rng: random.Random) -> bytes:
    """An animated PNG or WebP."""
    pictures = [PIL.Image.fromarray(_pixels(rng, 64, 48)) for _ in range(rng.choice((2, 5)))]
    buffer = io.BytesIO()
    pictures[0].save(buffer, rng.choice(("PNG", "WEBP")), save_all=True, append_images=pictures[1:], duration=100)
    return buffer.getvalue() if rng.random() < 0.5 else mangle(rng, buffer.getvalue())


@cache
def _others() -> tuple[bytes, ...]:
    """Files of other formats, which are not accepted."""
    pixels = np.full((48, 64, 3), 128, np.uint8)
    return (
        *(encoded(pixels, form) for form in ("GIF", "BMP", "TIFF", "ICO", "PPM", "JPEG2000", "TGA", "PCX", "PDF")),
        b"<svg xmlns='http://www.w3.org/2000/svg' width='64' height='48'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\nshowpage\n",
        b"",
        b"Dear photo",
    )


def _other(rng: random.Random) -> bytes:
    return rng.choice(_others())


def _lying_jpeg(rng: random.Random) -> bytes:
    """A JPEG whose header names another size, or another number of channels."""
    data = bytearray(encoded(_pixels(rng, 64, 48), "JPEG", progressive=rng.random() < 0.5))
    start = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    data[start + 4] = rng.choice((8, 8, 12, 0))
    data[start + 5 : start + 9] = struct.pack(">HH", *(rng.choice((16, 48, 64, 0, 5000, 65_535)) for _ in range(2)))
    data[start + 9] = rng.choice((3, 3, 1, 4, 255))
    return bytes(data)


def _lying_webp(rng: random.Random) -> bytes:
    """A WebP whose header names another size."""
    data = bytearray(encoded(_pixels(rng, 64, 48), "WEBP", lossless=rng.random() < 0.5, exif=b"Exif\x00\x00MM\x00*"))
    for _ in range(rng.choice((1, 2))):
        place = rng.randrange(4, 50)
        data[place : place + 3] = struct.pack("<I", word(rng))[:3]
    return bytes(data)


def _short(rng: random.Random) -> bytes:
    """A PNG of an accepted size of which only some rows are there."""
    return bare_png(rng.choice((640, 5000)), rng.choice((480, 4999)), rows=rng.choice((0, 1, 100)))


_MAKERS = (
    *(_whole,) * 2, *(_shaped,) * 4, *(_shaped_noise,) * 3, *(_damaged,) * 5, *(_lying_png,) * 4, *(_turned,) * 2,
    _moving, _other, _lying_jpeg, _lying_webp, _short,
)  # fmt: skip
