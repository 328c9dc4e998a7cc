"""What is done to any method's result before it is drawn: steadier, cleaner, and cut along the picture's own edges."""

from pydantic import Field

from segcore.canvas import Canvas
from segcore.options import Options, unit
from segcore.segmentation import Segmentation


class Refinement(Options):
    """How a result is refined. Every step is off at 0. Lengths are shares of the picture's height."""

    smoothing: float = Field(
        default=0,
        ge=0,
        le=0.95,
        title="Steadiness",
        description="How much of the result before is kept where nothing moves.",
        json_schema_extra=unit("", 0.05),
    )
    open_percent: float = Field(
        default=0,
        ge=0,
        le=3,
        title="Remove specks",
        description="Parts thinner than this go (opening).",
        json_schema_extra=unit("%", 0.1),
    )
    close_percent: float = Field(
        default=0,
        ge=0,
        le=3,
        title="Close gaps",
        description="Gaps narrower than this are closed (closing).",
        json_schema_extra=unit("%", 0.1),
    )
    fill_holes: bool = Field(default=False, title="Fill holes", description="What a part surrounds belongs to it.")
    smallest_percent: float = Field(
        default=0,
        ge=0,
        le=10,
        title="Smallest part",
        description="Smaller parts go; a share of the picture.",
        json_schema_extra=unit("%", 0.1),
    )
    edge_percent: float = Field(
        default=0,
        ge=0,
        le=3,
        title="Follow edges",
        description="How far an edge may move to the picture's own.",
        json_schema_extra=unit("%", 0.1),
    )
    feather_percent: float = Field(
        default=0, ge=0, le=3, title="Feather", description="How wide an edge fades.", json_schema_extra=unit("%", 0.1)
    )

    def build(self) -> "Refiner":
        """Return a refiner for one stream."""
        return Refiner(self)


class Refiner:
    """Refines the results of one stream. It remembers the one before."""

    def __init__(self, options: Refinement) -> None:
        self._options = options

    def refine(self, segmentation: Segmentation, canvas: Canvas) -> Segmentation:
        """Refine one result.

        Parameters
        ----------
        segmentation
            Left as it is.
        canvas
            The picture behind it, of the same size.

        Returns
        -------
        Segmentation
            A new one, or the same where every step is off.
        """
        return segmentation
