"""A clip's bare mask."""

from segcore.outputs.video_output import VideoOutput
from segcore.picture.canvas import Canvas
from segcore.picture.clip_frame import ClipFrame
from segcore.pipeline import Result


class MaskVideo(VideoOutput):
    """The bare mask in grey, as `Segmentation.grey`, without sound."""

    name = "mask"
    summary = "a video of the bare mask"

    def draw(self, frame: ClipFrame, result: Result) -> Canvas:
        """Return the mask, on a canvas of the frame's kind."""
        return frame.canvas.showing(result.segmentation.grey())
