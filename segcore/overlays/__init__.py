"""What is drawn from a segmentation: one file an overlay, found by itself.

An overlay takes a canvas and its segmentation, and returns a new canvas. It is written once against `Canvas`, so the
same lines work on a BGR image and on a video frame's planes. To add one, add a file with its class here.
"""

import importlib
import pkgutil

from segcore.overlays.base import Overlay

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

OVERLAYS: dict[str, type[Overlay]] = {
    overlay.model_fields["kind"].default: overlay
    for overlay in sorted(Overlay.__subclasses__(), key=lambda overlay: overlay.order)
}
"""In the order in which people are offered them."""

__all__ = ["OVERLAYS", "Overlay"]
