"""The processed clip itself."""

from segcore.outputs.video_output import VideoOutput
from segcore.picture.canvas import Canvas
from segcore.picture.clip_frame import ClipFrame
from segcore.pipeline import Result


class ResultVideo(VideoOutput):
    """What the recipe's overlay drew on each frame, with the clip's sound."""

    name = "result"
    summary = "The result"
    takes_sound = True

    def draw(self, frame: ClipFrame, result: Result) -> Canvas:  # noqa: ARG002
        """Return what the overlay drew."""
        return result.canvas
