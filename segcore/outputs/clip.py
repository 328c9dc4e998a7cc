"""Writing a clip that every browser plays: H.264 in MP4, with the sound that came along."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags

from segcore.files.parts import Part
from segcore.picture.canvas import Canvas
from segcore.video.reader import ClipReader, Picture

_COPIED = {"aac", "mp3", "opus"}  # what MP4 holds and browsers play
_AAC_RATES = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000}
_TAGS = {"ITU709": 1, "FCC": 4, "ITU601": 6, "SMPTE240M": 7, "BT2020": 9}  # AVCOL_SPC_*
_X264 = {"preset": "veryfast", "crf": "23"}


class ClipWriter:
    """An MP4 on its way (see `Part`); `publish` gives it its name, `discard` removes it."""

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
        self._part = Part(path)
        self._container = av.open(self._part.path, "w", format="mp4", options={"movflags": "+faststart"})
        self._video = self._container.add_stream("libx264", rate=source.rate, options=_X264)
        self._video.height, self._video.width = canvas.size
        self._video.pix_fmt = "yuv420p"
        self._video.time_base = self._time_base = source.time_base
        context = self._video.codec_context
        context.time_base = source.time_base
        context.flags |= Flags.frame_duration  # or the last picture would be shown for a moment only
        if source.pixel_shape:
            context.sample_aspect_ratio = source.pixel_shape
        assert canvas.matrix is not None
        context.colorspace = _TAGS[canvas.matrix.name]
        context.color_range = 2 if canvas.matrix.full_range else 1
        context.color_primaries = source.video.codec_context.color_primaries
        context.color_trc = source.video.codec_context.color_trc
        self._sound = _Sound(self._container, source.audio) if sound and source.audio else None

    def write_picture(self, canvas: Canvas, picture: Picture) -> None:
        """Encode what was drawn on one picture, at that picture's time."""
        frame = canvas.to_video_frame()
        frame.pts, frame.duration, frame.time_base = picture.pts, picture.duration, self._time_base
        self._container.mux(self._video.encode(frame))

    def write_sound(self, packet: "av.Packet[AudioStream]") -> None:
        """Copy or recode one packet of sound."""
        if self._sound:
            self._sound.write(packet)

    @property
    def sound_damaged(self) -> bool:
        """Whether some of the sound had to be left out."""
        return self._sound is not None and self._sound.damaged

    def finish(self) -> None:
        """Write what is still in the encoders, so that the file is whole."""
        self._container.mux(self._video.encode(None))
        if self._sound:
            self._sound.flush()
        self._container.close()

    def publish(self) -> None:
        """Give the whole file its name."""
        self._part.publish()

    def discard(self) -> None:
        """Leave nothing behind. Does no harm after `publish`."""
        self._part.discard()
        with suppress(av.FFmpegError):  # closing writes an index, and there is no file left to write it to
            self._container.close()


class _Sound:
    """Sound on its way from one container to the other."""

    def __init__(self, container: av.container.OutputContainer, source: AudioStream) -> None:
        self._container = container
        self.damaged = False
        self._copied = source.codec_context.codec.canonical_name in _COPIED
        if self._copied:
            self._stream = container.add_stream_from_template(source)
            return
        rate = source.rate if source.rate in _AAC_RATES else 48_000
        layout = "mono" if source.channels == 1 else "stereo"
        self._stream = container.add_stream("aac", rate=rate)
        self._stream.layout = layout
        self._resampler = av.AudioResampler("fltp", layout, rate, frame_size=1024)

    def write(self, packet: "av.Packet[AudioStream]") -> None:
        if self._copied:
            packet.stream = self._stream
            self._mux([packet])
            return
        try:
            frames = packet.decode()
        except av.FFmpegError:
            self.damaged = True  # a moment of silence
            return
        for frame in frames:
            self._encode(self._resampler.resample(frame))

    def flush(self) -> None:
        if not self._copied:
            self._encode(self._resampler.resample(None))
            self._mux(self._stream.encode(None))

    def _encode(self, frames: Sequence[av.AudioFrame]) -> None:
        for frame in frames:
            self._mux(self._stream.encode(frame))

    def _mux(self, packets: "Sequence[av.Packet[AudioStream]]") -> None:
        """Write packets, but for those that no MP4 takes: their times go back, or they hold nonsense."""
        for packet in packets:
            try:
                self._container.mux(packet)
            except (av.ArgumentError, av.InvalidDataError):
                self.damaged = True
