"""Reading a clip: its pictures as canvases, its sound as packets, in the order in which they lie in the file."""

from collections.abc import Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av.audio.stream import AudioStream

from segcore.picture.canvas import Canvas
from segcore.picture.video_frame import canvas_of_frame
from segcore.settings import settings
from segcore.video.container import limit_pixels, open_container, packets, refused_for_size
from segcore.video.probe import VideoInfo

_MAY_MISS = 0.1  # of its stated length: a clip that misses more, besides its longest pause, is cut off


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a clip, its time and how long it is shown, in units of the clip's time base."""

    canvas: Canvas
    pts: int
    duration: int


class ClipReader:
    """A clip, opened for reading. Times start at zero, or stay as they are where they start below it."""

    def __init__(self, path: Path, info: VideoInfo) -> None:
        self._container = open_container(path)
        self._info = info
        self.video = next(stream for stream in self._container.streams.video if stream.index == info.stream)
        self.video.thread_type = "AUTO"
        limit_pixels(self.video)
        self.audio = self._container.streams.audio[0] if info.sound else None
        self.time_base = self.video.time_base or Fraction(1, 90_000)
        self.rate = Fraction(info.rate_fps).limit_denominator(1001)
        self._step = max(1, round(1 / (self.rate * self.time_base)))
        self._pause = self._step
        self.pixel_shape = self.video.sample_aspect_ratio
        if self.pixel_shape and info.turned:
            self.pixel_shape = 1 / self.pixel_shape
        self._start = Fraction(max(0, self._container.start_time or 0), av.time_base)
        self._last_pts: int | None = None
        self._frames = 0
        self.cut_off = False

    def __enter__(self) -> "ClipReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def items(self) -> "Generator[Picture | av.Packet[AudioStream]]":
        """Yield every picture and every packet of sound.

        What is damaged is left out, and a clip that is cut off ends where it does; `cut_off` is set then.

        Raises
        ------
        SegdeckError
            If it is longer than the limit, or one of its pictures larger, whatever its header says.
        """
        end_s = 0.0
        streams = [self.video, self.audio] if self.audio else [self.video]
        try:
            for packet in packets(self._container, *streams):
                self.cut_off |= packet.is_corrupt
                if packet.pts is not None:
                    end_s = max(end_s, float(packet.pts * packet.time_base - self._start))
                if packet.stream is self.video:
                    yield from self._pictures(packet)
                elif packet.pts is not None and packet.dts is not None:
                    shift = round(self._start / packet.time_base)
                    packet.pts -= shift
                    packet.dts -= shift
                    yield packet
        except av.FFmpegError:
            self.cut_off = True
            yield from self._pictures(None)
        missing_s = self._info.length_s - end_s
        self.cut_off |= missing_s > _MAY_MISS * self._info.length_s + float(self._pause * self.time_base)

    def _pictures(self, packet: "av.Packet[av.VideoStream] | None") -> Generator[Picture]:
        """Yield what comes out of the decoder after a packet, or at the end after None."""
        try:
            frames = self.video.decode(packet)
        except av.FFmpegError:
            if refused_for_size(self.video):
                raise settings().video_too_large("has larger pictures further on") from None
            self.cut_off = True
            return
        for frame in frames:
            self._frames += 1
            pts = self._rising(frame.pts)
            limits = settings()
            limits.check_frames(self._frames)
            limits.check_length(float(pts * self.time_base))
            limits.check_video_size(frame.width, frame.height)
            yield Picture(canvas_of_frame(frame), pts, frame.duration or self._step)

    def _rising(self, pts: int | None) -> int:
        """Return a picture's time from zero on, later than the one before: else no player takes the file."""
        if pts is not None:
            pts -= round(self._start / self.time_base)
        if self._last_pts is None:
            self._last_pts = pts or 0
        else:
            step = self._step if pts is None else max(1, pts - self._last_pts)
            self._pause = max(self._pause, step)
            self._last_pts += step
        return self._last_pts
