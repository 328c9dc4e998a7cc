"""Writing a clip that every browser plays: H.264 in MP4, with the sound that came along."""

import os
from pathlib import Path

import av

from segcore.canvas import Canvas
from segcore.frames import frame_of_canvas
from segcore.video.reader import ClipReader

_COPIED = {"aac", "mp3", "opus"}  # what MP4 holds and browsers play
_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}
_TAGS = {"ITU709": 1, "FCC": 4, "ITU601": 6, "SMPTE240M": 7, "BT2020": 9}  # AVCOL_SPC_*
_X264 = {"preset": "veryfast", "crf": "23"}


class ClipWriter:
    """An MP4 being written to ``<path>.part``; `finish` gives it its name, `discard` removes it."""

    def __init__(
        self,
        path: Path,
        canvas: Canvas,
        source: ClipReader,
        *,
        sound: bool,
    ) -> None:
        """Open the file.

        Parameters
        ----------
        path
            Where the finished clip goes.
        canvas
            The first picture: its size, matrix and range hold for all.
        source
            Its rate, time base, colour tags and pixel shape are kept.
        sound
            Whether the source's sound will follow as packets.
        """
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._container = av.open(self._part, "w", format="mp4", options={"movflags": "+faststart"})
        self._video = self._container.add_stream("libx264", rate=source.rate, options=_X264)
        self._video.height, self._video.width = canvas.size
        self._video.pix_fmt = "yuv420p"
        self._video.time_base = self._time_base = source.time_base
        context = self._video.codec_context
        context.time_base = source.time_base
        if source.pixel_shape:
            context.sample_aspect_ratio = source.pixel_shape
        assert canvas.matrix is not None
        context.colorspace = _TAGS[canvas.matrix.name]
        context.color_range = 2 if canvas.matrix.full_range else 1
        context.color_primaries = source.video.codec_context.color_primaries
        context.color_trc = source.video.codec_context.color_trc
        self._sound = _Sound(self._container, source.audio) if sound and source.audio else None

    def write_picture(self, canvas: Canvas, pts: int) -> None:
        """Encode one picture at its time."""
        frame = frame_of_canvas(canvas)
        frame.pts, frame.time_base = pts, self._time_base
        self._container.mux(self._video.encode(frame))

    def write_sound(self, packet: av.Packet) -> None:
        """Copy or recode one packet of sound."""
        if self._sound:
            self._sound.write(packet)

    def finish(self) -> None:
        """Write what is still in the encoders and give the file its name."""
        self._container.mux(self._video.encode(None))
        if self._sound:
            self._sound.flush()
        self._container.close()
        os.replace(self._part, self._path)

    def discard(self) -> None:
        """Leave nothing behind. Does no harm after `finish`."""
        self._container.close()
        self._part.unlink(missing_ok=True)


class _Sound:
    """Sound on its way from one container to the other."""

    def __init__(self, container: av.container.OutputContainer, source: av.audio.stream.AudioStream) -> None:
        self._container = container
        self._copied = source.codec_context.codec.canonical_name in _COPIED
        if self._copied:
            self._stream = container.add_stream_from_template(source)
            return
        rate = source.rate if source.rate in _AAC_RATES else 48_000
        layout = "mono" if source.channels == 1 else "stereo"
        self._stream = container.add_stream("aac", rate=rate)
        self._stream.layout = layout
        self._resampler = av.AudioResampler("fltp", layout, rate, frame_size=1024)

    def write(self, packet: av.Packet) -> None:
        if self._copied:
            packet.stream = self._stream
            self._container.mux(packet)
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            return  # a damaged bit of sound: a moment of silence
        for frame in frames:
            self._encode(self._resampler.resample(frame))

    def flush(self) -> None:
        if not self._copied:
            self._encode(self._resampler.resample(None))
            self._container.mux(self._stream.encode(None))

    def _encode(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self._container.mux(self._stream.encode(frame))
