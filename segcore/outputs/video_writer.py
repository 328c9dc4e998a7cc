"""Writing a video file, frame by frame."""

from contextlib import suppress
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.video.stream import VideoStream

from segcore.outputs.sound import SoundWriter
from segcore.outputs.stream_format import StreamFormat
from segcore.picture.canvas import Canvas
from segcore.picture.clip_frame import ClipFrame
from segcore.picture.color_tags import range_tag, space_tag


class VideoWriter:
    """A video file that grows until `finish`."""

    def __init__(self, path: Path, stream: StreamFormat, first: Canvas) -> None:
        """Open the file.

        Parameters
        ----------
        path
            The file; its ending does not matter.
        stream
            How it is written.
        first
            The first frame as drawn, I420: its size, matrix and range hold for all.
        """
        self._container = av.open(path, "w", format=stream.container, options=dict(stream.container_options))
        video = self._container.add_stream(stream.codec, rate=stream.rate, options=dict(stream.codec_options))
        assert isinstance(video, VideoStream)
        assert first.matrix is not None
        video.height, video.width = first.size
        video.pix_fmt = stream.pixel_format
        video.time_base = stream.time_base
        context = video.codec_context
        context.time_base = stream.time_base
        context.flags |= Flags.frame_duration  # or the last frame would be shown for a moment only
        if stream.pixel_shape:
            context.sample_aspect_ratio = stream.pixel_shape
        context.colorspace = space_tag(first.matrix)
        context.color_range = range_tag(first.matrix)
        context.color_primaries = stream.color_primaries
        context.color_trc = stream.color_transfer
        self._video = video
        self._sound = SoundWriter(self._container, stream.sound) if stream.sound else None

    def write_frame(self, canvas: Canvas, frame: ClipFrame) -> None:
        """Encode what was drawn on a frame, at that frame's time."""
        drawn = canvas.to_video_frame()
        drawn.pts, drawn.duration, drawn.time_base = frame.pts, frame.duration, frame.time_base
        self._container.mux(self._video.encode(drawn))

    def write_sound(self, packet: "av.Packet[AudioStream]") -> None:
        """Copy or recode one packet of sound. It is changed."""
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

    def abandon(self) -> None:
        """Close a file that has been removed, whole or not."""
        with suppress(av.FFmpegError):  # closing writes an index, and there is no file left to write it to
            self._container.close()
