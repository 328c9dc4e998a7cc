"""The live path: frames of one camera in, results out, controls changed while it runs."""

import logging
import statistics
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import av

from segcore.errors import SegdeckError
from segcore.picture.color_tags import BT601
from segcore.picture.notice import notice
from segcore.picture.video_frame import canvas_of_frame
from segcore.pipeline import Pipeline, Result

logger = logging.getLogger(__name__)

_WINDOW_S = 2.0  # the status is of this long
_KEPT = 240  # moments, enough for the window at any camera's rate
_STARTING = "Starting…"
_FAILED = "This look failed on this picture. Choose another one."


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """What the page shows of a running stream.

    Attributes
    ----------
    frames_per_s
        Results per second.
    delay_ms
        From a frame's arrival to its result leaving, the median.
    coverage_percent
        Of the result that is shown, by label; empty while a notice is.
    timings_ms
        Of the result that is shown, by stage; empty while a notice is.
    objects
        How many there are in it; None where the method does not tell objects apart.
    note
        One sentence on the newest results for who watches; empty if all is well.
    error
        Why a notice is shown instead of a result; empty if none is.
    last_frame_s
        `time.monotonic` when the newest frame came; None before the first.
    """

    frames_per_s: float = 0
    delay_ms: float = 0
    coverage_percent: Mapping[str, float] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    objects: int | None = None
    note: str = ""
    error: str = ""
    last_frame_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """A result that may be sent, and when the frame behind it came."""

    result: Result
    came_s: float


class LiveProcessor:
    """The only object that two threads touch: WebRTC hands it frames, the page hands it pipelines.

    `recv` never waits: a thread of its own works on the newest frame, and `recv` gives back the newest result. So a
    slow method never holds up the connection, and the raw frame is never what is sent: before the first
    result, and after an error, it is a notice.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stream = 0  # counts streams: what belongs to an earlier one is not shown
        self._open = False
        self._pipeline: Pipeline | None = None
        self._waiting: tuple[av.VideoFrame, float] | None = None
        self._shown: _Shown | None = None
        self._error = ""
        self._note = ("", 0.0)  # what the newest noted result said, and when: a page that asks now and then sees it
        self._last_frame_s: float | None = None
        self._finished: deque[float] = deque(maxlen=_KEPT)  # when a result was ready
        self._sent: deque[tuple[float, float]] = deque(maxlen=_KEPT)  # when a result left, and how old it was

    def use(self, pipeline: Pipeline) -> None:
        """Work with this pipeline from the next frame on; the newest result stays until then if it may be seen."""
        with self._changed:
            hidden = pipeline.recipe.overlay.hides_raw
            if hidden and self._pipeline and not self._pipeline.recipe.overlay.hides_raw:
                self._shown = None
            self._pipeline = pipeline
            self._error, self._note = "", ("", 0.0)

    def refuse(self, message: str) -> None:
        """Show a notice with this message, for there is no pipeline to work with."""
        with self._changed:
            self._pipeline, self._shown, self._error = None, None, message

    def recv(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Take a frame and give back the newest result, or a notice. Called by WebRTC, a frame at a time.

        Parameters
        ----------
        frame
            From the camera.

        Returns
        -------
        av.VideoFrame
            A new frame, with the size of the result.
        """
        now = time.monotonic()
        with self._changed:
            self._open = True
            self._last_frame_s = now
            self._waiting = (frame, now)
            self._start()
            self._changed.notify()
            shown, error = self._shown, self._error
            if shown:
                self._sent.append((now, now - shown.came_s))
        if shown is None:
            return notice(error or _STARTING, frame.height, frame.width).to_video_frame()
        return shown.result.canvas.to_video_frame()

    def on_ended(self) -> None:
        """Stop working: the stream is over. The next `recv` starts anew, with a notice.

        Returns at once, for WebRTC calls it where all its connections are served. A frame that is being
        processed is processed to its end, and its result is thrown away.
        """
        with self._changed:
            self._open = False
            self._stream += 1
            self._waiting = self._shown = self._last_frame_s = None
            self._finished.clear()
            self._sent.clear()
            self._changed.notify()

    def status(self) -> LiveStatus:
        """Return how the stream is doing."""
        since = time.monotonic() - _WINDOW_S
        with self._changed:
            finished = [moment for moment in self._finished if moment > since]
            ages = [age for moment, age in self._sent if moment > since]
            shown, error, last = self._shown, self._error, self._last_frame_s
            note = self._note[0] if self._note[1] > since else ""
        return LiveStatus(
            frames_per_s=(len(finished) - 1) / (finished[-1] - finished[0]) if len(finished) > 1 else 0,
            delay_ms=statistics.median(ages) * 1000 if ages else 0,
            coverage_percent=shown.result.measures.coverage_percent if shown else {},
            timings_ms=shown.result.timings_ms if shown else {},
            objects=shown.result.count_objects() if shown else None,
            note=note,
            error=error,
            last_frame_s=last,
        )

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="segdeck-live", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        """Work on the newest frame until the stream is over; there is never a second thread beside this one."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: not self._open or (self._waiting and self._pipeline))
                if not self._open or self._waiting is None or self._pipeline is None:
                    self._thread = None
                    return
                (frame, came_s), self._waiting = self._waiting, None
                pipeline, stream = self._pipeline, self._stream
            try:
                result, error = pipeline.on_canvas(canvas_of_frame(frame, untagged=BT601)), ""
            except SegdeckError as refusal:
                result, error = None, str(refusal)
            except Exception:  # whatever fails, the raw frame is not sent and the stream goes on
                logger.exception("a frame could not be processed")
                result, error = None, _FAILED
            with self._changed:
                if pipeline is not self._pipeline or stream != self._stream:
                    continue  # a newer recipe or stream came meanwhile: none of the old follows it
                self._error = error
                self._shown = _Shown(result, came_s) if result else None
                if result:
                    self._finished.append(time.monotonic())
                    if said := result.segmentation.note:
                        self._note = (said, time.monotonic())
