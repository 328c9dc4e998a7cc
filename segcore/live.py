"""The live path: frames of one camera in, results out, controls changed while it runs."""

import logging
import statistics
import textwrap
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import av
import cv2
import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from segcore.canvas import BT601, Canvas
from segcore.errors import SegdeckError
from segcore.frames import canvas_of_frame, frame_of_canvas
from segcore.pipeline import Pipeline

logger = logging.getLogger(__name__)

_WINDOW_S = 2.0  # figures are means over this long
_STARTING = "Starting…"
_FAILED = "This look failed on this picture. Choose another one."


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """What the page shows of a running stream.

    Attributes
    ----------
    frames_per_s
        Results per second.
    delay_ms
        From a frame's arrival to its result leaving, the median.
    coverage_percent
        Of the newest result, by label.
    timings_ms
        Of the newest result, by stage.
    error
        Why there is a card instead of a picture; empty if there is none.
    last_frame_s
        `time.monotonic` when the newest frame came; None before the first.
    """

    frames_per_s: float = 0
    delay_ms: float = 0
    coverage_percent: Mapping[str, float] = field(default_factory=dict)
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    last_frame_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """A picture that may be sent, and when the frame behind it came."""

    canvas: Canvas
    came_s: float


class LiveProcessor:
    """The only object that two threads touch: WebRTC hands it frames, the page hands it pipelines.

    `recv` never waits: a thread of its own works on the newest frame, and `recv` gives back the newest result. So a
    slow method never holds up the connection, and the raw frame is never what is sent: before the first
    result, and after an error, it is a plain card.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._pipeline: Pipeline | None = None
        self._waiting: tuple[av.VideoFrame, float] | None = None
        self._shown: _Shown | None = None
        self._error = ""
        self._last_frame_s: float | None = None
        self._done: deque[tuple[float, float]] = deque(maxlen=120)  # when a result left first, and how old it was
        self._figures = LiveFigures()

    def use(self, pipeline: Pipeline) -> None:
        """Work with this pipeline from the next frame on; the newest result stays until then if it may be seen."""
        with self._changed:
            hidden = pipeline.recipe.overlay.hides_raw
            if hidden and self._pipeline and not self._pipeline.recipe.overlay.hides_raw:
                self._shown = None
            self._pipeline = pipeline
            self._error = ""

    def refuse(self, message: str) -> None:
        """Show a card with this message, for there is no pipeline to work with."""
        with self._changed:
            self._pipeline, self._shown, self._error = None, None, message

    def recv(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Take a frame and give back the newest result, or a card. Called by WebRTC, a frame at a time.

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
            self._last_frame_s = now
            self._waiting = (frame, now)
            self._start()
            self._changed.notify()
            shown, error = self._shown, self._error
        if shown is None:
            return frame_of_canvas(card(error or _STARTING, frame.height, frame.width))
        with self._changed:
            self._done.append((now, now - shown.came_s))
        return frame_of_canvas(shown.canvas)

    def on_ended(self) -> None:
        """Stop working: the stream is over. The next `recv` starts anew, with a card."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._waiting = self._shown = self._last_frame_s = None
            self._done.clear()
            self._figures = LiveFigures()
            self._changed.notify()
        if thread:
            thread.join()

    def figures(self) -> LiveFigures:
        """Return how the stream is doing."""
        now = time.monotonic()
        with self._changed:
            ages = {came: age for came, age in self._done if now - came < _WINDOW_S}
            figures, error, last = self._figures, self._error, self._last_frame_s
        return LiveFigures(
            frames_per_s=figures.frames_per_s,
            delay_ms=statistics.median(ages.values()) * 1000 if ages else 0,
            coverage_percent=figures.coverage_percent,
            timings_ms=figures.timings_ms,
            error=error,
            last_frame_s=last,
        )

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="segdeck-live", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        finished: deque[float] = deque(maxlen=120)
        me = threading.current_thread()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._thread is not me or (self._waiting and self._pipeline))
                if self._thread is not me or self._waiting is None or self._pipeline is None:
                    return
                (frame, came_s), self._waiting, pipeline = self._waiting, None, self._pipeline
            try:
                result, error = pipeline.on_canvas(canvas_of_frame(frame, untagged=BT601)), ""
            except SegdeckError as refusal:
                result, error = None, str(refusal)
            except Exception:  # whatever fails, the raw frame is not sent and the stream goes on
                logger.exception("a frame could not be processed")
                result, error = None, _FAILED
            now = time.monotonic()
            finished.append(now)
            recent = [moment for moment in finished if now - moment < _WINDOW_S]
            rate = (len(recent) - 1) / (now - recent[0]) if len(recent) > 1 else 0
            with self._changed:
                if pipeline is not self._pipeline or self._thread is not me:
                    continue  # a newer recipe came meanwhile: none of the old follows it
                self._error = error
                if result is None:
                    self._shown = None
                    continue
                self._shown = _Shown(result.canvas, came_s)
                self._figures = LiveFigures(
                    frames_per_s=rate,
                    coverage_percent=result.measures.coverage_percent,
                    timings_ms=result.timings_ms,
                )


@lru_cache(maxsize=8)
def card(message: str, height: int, width: int) -> Canvas:
    """Return a plain card with a message on it.

    Parameters
    ----------
    message
        What it says.
    height, width
        Its size in pixels; an odd side is made even.

    Returns
    -------
    Canvas
        I420.
    """
    height, width = height + height % 2, width + width % 2
    picture = PIL.Image.new("RGB", (width, height), "#1c1c1e")
    size = max(12, height // 18)
    draw = PIL.ImageDraw.Draw(picture)
    lines = textwrap.fill(message, max(10, round(width * 0.8 / (size * 0.52))))
    font = PIL.ImageFont.load_default(size)
    draw.multiline_text((width / 2, height / 2), lines, "#f2f2f7", font, anchor="mm", align="center", spacing=size // 2)
    return Canvas.from_image(cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2BGR), BT601)
