"""Another background."""

from collections.abc import Callable
from functools import cached_property, lru_cache, partial
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from segcore.errors import SegdeckError
from segcore.overlays.background import EMBEDDED, background_names, background_picture, covering
from segcore.overlays.base import Overlay
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import YuvMatrix
from segcore.segmentation import Segmentation

_LARGEST_EMBEDDED = 8_000_000  # characters
_KEPT_PIXELS = 3840 * 2160  # larger than any video's picture


class Replace(Overlay):
    """What has a label stands before a picture."""

    title: ClassVar[str] = "Replace the background"
    order: ClassVar[int] = 1
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
        if picture.startswith(EMBEDDED):
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
        return behind.blended(canvas, segmentation.foreground())

    def _behind(self, size: tuple[int, int], matrix: YuvMatrix | None) -> Canvas:
        """Return the background at a size: for a video's next picture the one that is kept, for a photo a new one."""
        if size[0] * size[1] > _KEPT_PIXELS:
            return covering(background_picture(self.picture), size, matrix)
        return self._kept(size, matrix)

    @cached_property
    def _kept(self) -> Callable[[tuple[int, int], YuvMatrix | None], Canvas]:
        """The background at a size, kept as long as this overlay and no longer: it may be a visitor's own."""
        return lru_cache(maxsize=2)(partial(covering, background_picture(self.picture)))
