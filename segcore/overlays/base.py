"""What every overlay has: options, a title, and how it draws."""

from abc import abstractmethod
from typing import Annotated, ClassVar, TypeAlias

from pydantic import Field

from segcore.options import Options, unit
from segcore.picture.canvas import Canvas
from segcore.segmentation import Segmentation

Strength: TypeAlias = Annotated[float, Field(ge=0, le=1, title="Strength", json_schema_extra=unit("", 0.05))]


class Overlay(Options):
    """What every overlay has.

    Attributes
    ----------
    title
        Its name for people.
    order
        People are offered the lowest first.
    hides_raw
        Whether the picture's own background is out of sight.
    """

    title: ClassVar[str]
    order: ClassVar[int]
    hides_raw: ClassVar[bool]
    kind: str

    @abstractmethod
    def draw(self, canvas: Canvas, segmentation: Segmentation) -> Canvas:
        """Draw.

        Parameters
        ----------
        canvas
            The image. Left as it is.
        segmentation
            Of the same height and width.

        Returns
        -------
        Canvas
            A new one, of the same kind.
        """


def paint(canvas: Canvas, segmentation: Segmentation, strength: float) -> Canvas:
    """Return a new canvas with every label's pixels moved toward its colour; ``strength`` 1 is plain colour."""
    colors = [label.color for label in segmentation.labels]
    if len(colors) > 1 and not segmentation.soft:
        return canvas.coated(segmentation.label_map, colors, strength)
    masks = [segmentation.mask(value) for value in range(1, len(colors) + 1)]
    present = [place for place, mask in enumerate(masks) if not mask.empty] or [0]
    result = canvas
    for place in present:
        result = result.blended(canvas.toward(colors[place], strength), masks[place])
    return result
