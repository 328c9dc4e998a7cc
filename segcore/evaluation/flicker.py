"""How restless the masks of a clip are: what changes in them that the frames do not explain."""

import cv2
import numpy as np
import numpy.typing as npt

from segcore.iou import mean_iou
from segcore.objects.regions import present_labels
from segcore.segmentation import Image, LabelMap, Plane, u8

_SMALLEST_FLOW_PX = 32  # there is no flow in smaller images


class Flicker:
    """How much a clip's masks change that its frames do not explain.

    Each mask is compared with the one before, moved along by dense optical flow (DIS, Kroeger et al., ECCV 2016).
    """

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._before: tuple[Plane, LabelMap] | None = None
        self._agreement: list[float] = []

    def add(self, image: Image, label_map: LabelMap) -> None:
        """Take the next frame, (H, W, 3) BGR, and its label map, (H, W) uint8."""
        grey = u8(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        if self._before is not None:
            grey_before, map_before = self._before
            moved = warp(map_before, self._motion(grey, grey_before))
            values = sorted({*present_labels(moved), *present_labels(label_map)})
            self._agreement.append(mean_iou(moved, label_map, values))
        self._before = grey, label_map.copy()

    def value(self) -> float:
        """Return one minus the mean IoU of neighbouring masks, 0 (steady) to 1; 0 for fewer than two frames."""
        return 1 - float(np.mean(self._agreement)) if self._agreement else 0.0

    def _motion(self, grey: Plane, grey_before: Plane) -> npt.NDArray[np.float32]:
        """Return where each pixel of a frame was in the one before: (H, W, 2) float32, its way in x and y."""
        if min(grey.shape) < _SMALLEST_FLOW_PX:
            return np.zeros((*grey.shape, 2), np.float32)
        return np.asarray(self._flow.calc(grey, grey_before, np.zeros((*grey.shape, 2), np.float32)), np.float32)


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
