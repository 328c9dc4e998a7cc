"""How restless the masks of a clip are: what changes in them that the frames do not explain."""

import cv2
import numpy as np
import numpy.typing as npt

from segcore.iou import mean_iou
from segcore.objects.regions import present_labels
from segcore.picture.frame import Frame
from segcore.segmentation import Image, LabelMap, u8


class Flicker:
    """How much a clip's masks change that its frames do not explain.

    Each mask is compared with the one before, moved along by the frames' optical flow.
    """

    def __init__(self) -> None:
        self._frame: Frame | None = None
        self._label_map = np.zeros((0, 0), np.uint8)
        self._agreement: list[float] = []

    def add(self, image: Image, label_map: LabelMap) -> None:
        """Take the next frame, (H, W, 3) BGR, and its label map, (H, W) uint8."""
        self._frame = Frame.of_image(image, self._frame)
        flow = self._frame.flow_at(*self._frame.size)
        if flow is not None:
            moved = warp(self._label_map, flow)
            values = sorted({*present_labels(moved), *present_labels(label_map)})
            self._agreement.append(mean_iou(moved, label_map, values))
        self._label_map = label_map.copy()

    def value(self) -> float:
        """Return one minus the mean IoU of neighbouring masks, 0 (steady) to 1; 0 for fewer than two frames."""
        return 1 - float(np.mean(self._agreement)) if self._agreement else 0.0


def warp(label_map: LabelMap, motion: npt.NDArray[np.float32]) -> LabelMap:
    """Move a label map along with what it shows.

    Parameters
    ----------
    label_map
        (H, W) uint8, of the earlier frame.
    motion
        (H, W, 2) float32: for each pixel of the later frame, the way in x and y to where it was.

    Returns
    -------
    LabelMap
        (H, W) uint8, as it would lie in the later frame. What comes from beyond the border is the border's.
    """
    height, width = label_map.shape
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(
        label_map, columns + motion[..., 0], rows + motion[..., 1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    return u8(moved)
