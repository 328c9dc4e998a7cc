"""Reading a clip: its frames as canvases, its sound as packets, in the order in which they lie in the file."""

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av.audio.stream import AudioStream

from segcore.outputs.stream_format import StreamFormat
from segcore.picture.clip_frame import ClipFrame
from segcore.picture.video_frame import canvas_of_frame
from segcore.settings import settings
from segcore.video.container import limit_pixels, open_container, packets, refused_for_size
from segcore.video.probe import VideoInfo

_MAY_MISS = 0.1  # of its stated length: a clip that misses more, besides its longest pause, is cut off


class ClipReader:
    """A clip, opened for reading. Times start at zero, or stay as they are where they start below it.

    Attributes
    ----------
    cut_off
        Whether something was found missing so far.
    """

    def __init__(self, path: Path, info: VideoInfo) -> None:
        self._container = open_container(path)
        self._info = info
        self._video = next(stream for stream in self._container.streams.video if stream.index == info.stream)
        self._video.thread_type = "AUTO"
        limit_pixels(self._video)
        self._sound = self._container.streams.audio[0] if info.sound else None
        self._time_base = self._video.time_base or Fraction(1, 90_000)
        self._rate = Fraction(info.rate_fps).limit_denominator(1001)
        self._step = max(1, round(1 / (self._rate * self._time_base)))
        self._pause = self._step
        self._start = Fraction(max(0, self._container.start_time or 0), av.time_base)
        self._last_pts: int | None = None
        self._count = 0
        self.cut_off = False

    @property
    def stream(self) -> StreamFormat:
        """How a file is to be written that keeps this clip's rate, times, pixel shape, colours and sound."""
        pixel_shape = self._video.sample_aspect_ratio
        if pixel_shape and self._info.turned:
            pixel_shape = 1 / pixel_shape
        return StreamFormat(
            rate=self._rate,
            time_base=self._time_base,
            pixel_shape=pixel_shape,
            color_primaries=self._video.codec_context.color_primaries,
            color_transfer=self._video.codec_context.color_trc,
            sound=self._sound,
        )

    def __enter__(self) -> "ClipReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    def items(self) -> "Generator[ClipFrame | av.Packet[AudioStream]]":
        """Yield every frame and every packet of sound.

        What is damaged is left out, and a clip that is cut off ends where it does; `cut_off` is set then.

        Raises
        ------
        SegdeckError
            If it is longer than the limit, or one of its frames larger, whatever its header says.
        """
        end_s = 0.0
        streams = [self._video, self._sound] if self._sound else [self._video]
        try:
            for packet in packets(self._container, *streams):
                self.cut_off |= packet.is_corrupt
                if packet.pts is not None:
                    end_s = max(end_s, float(packet.pts * packet.time_base - self._start))
                if packet.stream is self._video:
                    yield from self._frames_of(packet)
                elif packet.pts is not None and packet.dts is not None:
                    shift = round(self._start / packet.time_base)
                    packet.pts -= shift
                    packet.dts -= shift
                    yield packet
        except av.FFmpegError:
            self.cut_off = True
            yield from self._frames_of(None)
        missing_s = self._info.length_s - end_s
        self.cut_off |= missing_s > _MAY_MISS * self._info.length_s + float(self._pause * self._time_base)

    def _frames_of(self, packet: "av.Packet[av.VideoStream] | None") -> Generator[ClipFrame]:
        """Yield what comes out of the decoder after a packet, or at the end after None."""
        try:
            frames = self._video.decode(packet)
        except av.FFmpegError:
            if refused_for_size(self._video):
                raise settings().video_too_large("has larger pictures further on") from None
            self.cut_off = True
            return
        for frame in frames:
            self._count += 1
            pts = self._rising(frame.pts)
            limits = settings()
            limits.check_frames(self._count)
            limits.check_length(float(pts * self._time_base))
            limits.check_video_size(frame.width, frame.height)
            yield ClipFrame(canvas_of_frame(frame), pts, frame.duration or self._step, self._time_base)

    def _rising(self, pts: int | None) -> int:
        """Return a frame's time from zero on, later than the one before: else no player takes the file."""
        if pts is not None:
            pts -= round(self._start / self._time_base)
        if self._last_pts is None:
            self._last_pts = pts or 0
        else:
            step = self._step if pts is None else max(1, pts - self._last_pts)
            self._pause = max(self._pause, step)
            self._last_pts += step
        return self._last_pts
