"""How a video file is to be written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from av.audio.stream import AudioStream

_X264 = {"preset": "veryfast", "crf": "23"}
_INDEX_FIRST = {"movflags": "+faststart"}  # a player starts before it has the whole file


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFormat:
    """How a video file is to be written: what it keeps of its source, and how it is packed.

    It is packed as every browser plays it, H.264 in MP4, unless an output replaces that. Size, YUV matrix and range are
    those of the frames that are written.

    Attributes
    ----------
    rate
        Mean frames per second.
    time_base
        The unit of the frames' times, in seconds.
    pixel_shape
        A pixel's width by its height; None if the source does not say.
    color_primaries, color_transfer
        The source's tags, ``AVCOL_PRI_*`` and ``AVCOL_TRC_*``.
    sound
        The source's sound, whose packets are to be written too; None for a silent file.
    codec, codec_options, pixel_format, container, container_options
        As ffmpeg calls them.
    """

    rate: Fraction
    time_base: Fraction
    pixel_shape: Fraction | None
    color_primaries: int
    color_transfer: int
    sound: AudioStream | None
    codec: str = "libx264"
    codec_options: Mapping[str, str] = field(default_factory=_X264.copy)
    pixel_format: str = "yuv420p"
    container: str = "mp4"
    container_options: Mapping[str, str] = field(default_factory=_INDEX_FIRST.copy)
