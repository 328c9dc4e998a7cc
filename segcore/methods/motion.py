"""Segment what moves, by learning what the still background looks like.

MOG2: Z. Zivkovic, "Improved adaptive Gaussian mixture model for background subtraction", ICPR 2004.
KNN: Z. Zivkovic and F. van der Heijden, "Efficient adaptive density estimation per image pixel for the task of
background subtraction", Pattern Recognition Letters 27(7), 2006.
"""

from typing import ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from segcore.memory import EVERYTHING, Memory
from segcore.methods.base import MethodOptions
from segcore.options import called, only_if, unit
from segcore.picture.frame import Frame
from segcore.picture.scaling import reduced_size
from segcore.segmentation import Image, Label, Plane, Segmentation, hex_to_color, in_range, u8

_MOVING = 255  # as OpenCV marks it; a shadow is 127
_ENOUGH_PIXELS = 640 * 360  # a larger frame finds the same walkers
_FRAMES_TO_LEARN = 30  # a second of a webcam: what moves has then left most of what it hid
# The share of its memory that a model still gives to the old background when it takes a new one for background as well:
# MOG2's background ratio; for KNN, found by trial.
_KEPT = {"mog2": 0.9, "knn": 0.8}
_LEAST_VARIANCE = 25  # of MOG2: a camera that sets its exposure drifts by ten levels within seconds
_QUICKLY = -1  # OpenCV's own rate, which is high at first
_SPECK_PX = 5  # of the reduced frame; smaller specks are noise
_LEARNING = "Learning the background: hold the camera still, and let what moves keep moving."
_GRID = (16, 12)
_IN_PART = (13, 178)  # of 255: from a twentieth to seven tenths of a cell
_SCATTERED = 0.35  # of the cells, changed in part: a body close by changes a fifth so, a camera that moves most
_SUDDEN = 0.3  # of the frame, changed since the frame before: somebody who runs past close by changes a tenth


class MotionOptions(MethodOptions):
    """Segment what moves."""

    title: ClassVar[str] = "Motion"
    method: Literal["motion"] = "motion"
    kind: Literal["mog2", "knn"] = Field(
        default="mog2",
        title="Background model",
        description="MOG2, a mixture of Gaussians, is fast; KNN, nearest neighbours, bears a drifting light better.",
        json_schema_extra=called(mog2="MOG2", knn="KNN"),
    )
    deviations: float = Field(
        default=4,
        ge=2,
        le=12,
        title="Smallest change",
        description="How far a pixel must be from its background, in standard deviations of its noise.",
        json_schema_extra=unit("", 0.5) | only_if(kind=("mog2",)),
    )
    distance: int = Field(
        default=20,
        ge=5,
        le=80,
        title="Smallest change",
        description="How far a pixel's colour must be from those of its background.",
        json_schema_extra=unit("levels") | only_if(kind=("knn",)),
    )
    still_frames: int = Field(
        default=50,
        ge=10,
        le=1000,
        title="Memory",
        description="About how long a thing stands still before it is background; sets the learning rate.",
        json_schema_extra=unit("frames", 10),
    )
    shadows: bool = Field(default=True, title="Leave shadows out", description="A moving shadow is not a moving thing.")

    @property
    def memory(self) -> Memory:
        """Everything: no warm-up gives the same masks.

        On 700 frames of vtest.avi, a model that began 60 to 300 frames late agreed with one that began with the clip at
        an IoU of 0.91 to 0.95, whatever the warm-up: OpenCV's models weigh all that they have ever seen.
        """
        return EVERYTHING

    def build(self) -> "MotionSegmenter":
        """Return the segmenter, which has yet to learn its background."""
        return MotionSegmenter(self)


class MotionSegmenter:
    """Labels what moves. It learns the background of one stream, and anew when the camera or the light jumps."""

    def __init__(self, options: MotionOptions) -> None:
        self._options = options
        self._labels = (Label("moving", hex_to_color("#ff9500")),)
        self._size = (0, 0)
        self._rate = 1 - _KEPT[options.kind] ** (1 / options.still_frames)

    def segment(self, frame: Frame) -> Segmentation:
        """Label what moves.

        Parameters
        ----------
        frame
            The stream's next.

        Returns
        -------
        Segmentation
            With one label and a hard label map; empty, with a note, while the background is being learnt.
        """
        height, width = frame.size
        if frame.size != self._size:
            self._size = frame.size
            self._learn_anew()
        small = frame.bgr_at(*reduced_size(height, width, _ENOUGH_PIXELS))
        moving = self._moving(small)
        if self._watch.jolted(moving):
            self._learn_anew()
            self._model.apply(small)
        if self._frames_to_learn:
            self._frames_to_learn -= 1
            return Segmentation(np.zeros((height, width), np.uint8), self._labels, note=_LEARNING)
        whole = cv2.resize(moving, (width, height), interpolation=cv2.INTER_LINEAR)
        return Segmentation(u8(cv2.threshold(whole, 127, 1, cv2.THRESH_BINARY)[1]), self._labels)

    def _learn_anew(self) -> None:
        options = self._options
        self._model: cv2.BackgroundSubtractor
        if options.kind == "knn":
            knn = cv2.createBackgroundSubtractorKNN(dist2Threshold=options.distance**2, detectShadows=options.shadows)
            self._model = knn
        else:
            mog2 = cv2.createBackgroundSubtractorMOG2(varThreshold=options.deviations**2, detectShadows=options.shadows)
            mog2.setVarInit(_LEAST_VARIANCE)
            mog2.setVarMin(_LEAST_VARIANCE)
            self._model = mog2
        self._watch = CameraWatch()
        self._frames_to_learn = _FRAMES_TO_LEARN

    def _moving(self, small: Image) -> Plane:
        """Return where a frame differs from the background, shadows and specks apart, (h, w) uint8, 0 or 255."""
        found = u8(self._model.apply(small, learningRate=_QUICKLY if self._frames_to_learn else self._rate))
        return u8(cv2.medianBlur(in_range(found, _MOVING, _MOVING), _SPECK_PX))


class CameraWatch:
    """Tells a camera or a light that jumps from things that move, by where the frame has changed.

    A body fills the cells of a coarse grid that it covers and leaves the others alone: one that fills nearly half of
    the frame, or three quarters, changes no more than a fifth of the cells in part. A camera that moves changes the
    frame along every edge in it, which is most cells in part. A light changes it all, between one frame and the
    next; somebody who runs past close by changes a tenth more of it from each to the next.
    """

    def __init__(self) -> None:
        self._share = 1.0  # all of the first frame is new

    def jolted(self, moving: Plane) -> bool:
        """Tell whether the camera or the light has jumped.

        Parameters
        ----------
        moving
            (h, w) uint8, 0 or 255: where the next frame differs from the background.
        """
        share = cv2.countNonZero(moving) / moving.size
        rise, self._share = share - self._share, share
        cells = u8(cv2.resize(moving, _GRID, interpolation=cv2.INTER_AREA))
        in_part = cv2.countNonZero(in_range(cells, *_IN_PART)) / cells.size
        return rise > _SUDDEN or in_part > _SCATTERED
