"""A recipe at work: an image or a frame in, a result out."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from segcore.objects.measures import Measures, measure
from segcore.picture.canvas import Canvas
from segcore.picture.frame import Frame
from segcore.recipe import Recipe
from segcore.segmentation import Image, Segmentation


@dataclass(frozen=True, slots=True)
class Result:
    """What a pipeline makes of a frame.

    Attributes
    ----------
    canvas
        What the overlay drew.
    segmentation
        The label of each pixel.
    measures
        What is measured of it.
    timings_ms
        How long each stage took, in milliseconds: ``segment``, numbering included, ``refine``, ``draw``, ``measure``.
    """

    canvas: Canvas
    segmentation: Segmentation
    measures: Measures
    timings_ms: Mapping[str, float]

    @property
    def image(self) -> Image:
        """What the overlay drew, as BGR."""
        return self.canvas.bgr()

    def count_objects(self) -> int | None:
        """Return how many objects there are, or None where the method does not number them."""
        return None if self.segmentation.instances is None else len(self.measures.objects)


class Pipeline:
    """A recipe, ready to work. It belongs to one stream of frames, and to one thread at a time."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._segmenter = recipe.segmenter.build()
        self._numberer = recipe.segmenter.build_numberer()
        self._refiner = recipe.refinement.build()
        self._frame: Frame | None = None

    def __call__(self, image: Image) -> Result:
        """Segment the stream's next image, (H, W, 3) uint8, BGR, and draw the overlay. It is left as it is."""
        return self.on_canvas(Canvas.sharing_image(image))

    def on_canvas(self, canvas: Canvas) -> Result:
        """Segment the stream's next frame, and draw the overlay on a new canvas of the same kind.

        Parameters
        ----------
        canvas
            The frame's, as BGR or as planes. Left as it is.

        Returns
        -------
        Result
            With the time of each stage.
        """
        start = time.perf_counter()
        self._frame = Frame(canvas, before=self._frame)
        segmentation = self._segmenter.segment(self._frame)
        segmented = time.perf_counter()
        segmentation = self._refiner.refine(segmentation, self._frame)
        refined = time.perf_counter()
        if self._numberer:
            segmentation = self._numberer.number(segmentation)
        numbered = time.perf_counter()
        drawn_canvas = self.recipe.overlay.draw(canvas, segmentation)
        drawn = time.perf_counter()
        measures = measure(segmentation)
        measured = time.perf_counter()
        timings = {
            "segment": segmented - start + numbered - refined,
            "refine": refined - segmented,
            "draw": drawn - numbered,
            "measure": measured - drawn,
        }
        return Result(drawn_canvas, segmentation, measures, {name: s * 1000 for name, s in timings.items()})


def build_pipeline(recipe: Recipe) -> Pipeline:
    """Make a recipe ready to work: networks are loaded and warm when this returns.

    Parameters
    ----------
    recipe
        For example from `load_recipe`.

    Returns
    -------
    Pipeline
        For one stream of frames.

    Raises
    ------
    SegdeckError
        If something that it needs is missing, with how to get it.
    """
    return Pipeline(recipe)
