"""Reading a clip: its pictures as canvases, its sound as packets, in the order in which they lie in the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av

from segcore.canvas import Canvas
from segcore.frames import canvas_of_frame
from segcore.settings import settings
from segcore.video.probe import VideoInfo


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a clip and its time, in units of the clip's time base."""

    canvas: Canvas
    pts: int


class ClipReader:
    """A clip, opened for reading. Times start at zero, or stay as they are where they start below it."""

    def __init__(self, path: Path, info: VideoInfo) -> None:
        self._container = av.open(path, metadata_errors="ignore")
        self.video = self._container.streams[info.stream]
        assert isinstance(self.video, av.video.stream.VideoStream)
        self.video.thread_type = "AUTO"
        self.audio = self._container.streams.audio[0] if info.sound else None
        self.time_base: Fraction = self.video.time_base or Fraction(1, 90_000)
        self.rate = Fraction(info.rate_fps).limit_denominator(1001)
        self.pixel_shape: Fraction | None = self.video.sample_aspect_ratio
        if self.pixel_shape and info.turned:
            self.pixel_shape = 1 / self.pixel_shape
        self._last_pts: int | None = None
        self.cut_off = False

    def __enter__(self) -> "ClipReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def items(self) -> Iterator[Picture | av.Packet]:
        """Yield every picture and every packet of sound.

        A clip that is cut off or damaged ends where it can no longer be read, and `cut_off` is set.

        Raises
        ------
        SegdeckError
            If it is longer than the limit, whatever its header says.
        """
        streams = [self.video, self.audio] if self.audio else [self.video]
        start = max(0, self._container.start_time or 0)
        try:
            for packet in self._container.demux(streams):
                if packet.is_corrupt:
                    self.cut_off = True
                if packet.stream is self.video:
                    for frame in packet.decode():
                        yield self._picture(frame, _in_units(start, self.time_base))
                elif packet.dts is not None and packet.pts is not None:
                    shift = _in_units(start, packet.time_base)
                    packet.pts -= shift
                    packet.dts -= shift
                    yield packet
        except (av.FFmpegError, EOFError):
            self.cut_off = True

    def _picture(self, frame: av.VideoFrame, shift: int) -> Picture:
        step = max(1, round(1 / (self.rate * self.time_base)))
        pts = frame.pts - shift if frame.pts is not None else None
        if self._last_pts is not None:  # times must rise, or no player takes the file
            pts = max(pts, self._last_pts + 1) if pts is not None else self._last_pts + step
        self._last_pts = pts or 0
        settings().check_length(float(self._last_pts * self.time_base))
        return Picture(canvas_of_frame(frame), self._last_pts)


def _in_units(microseconds: int, time_base: Fraction) -> int:
    return round(Fraction(microseconds, av.time_base) / time_base)
