"""Opening video files: only of the kinds that we mean, and never another file or address that one of them names."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from segcore.settings import settings

_VIDEOS = ("mov", "matroska", "avi", "mpegts", "mpeg", "ogg", "flv", "asf", "gif")
_SOUNDS = ("mp3", "wav", "flac", "aac")
"""Known, so that a refusal can say what such a file is."""
_OPTIONS = {"format_whitelist": ",".join(_VIDEOS + _SOUNDS), "protocol_whitelist": "file"}
_BLOCK_PX = 64  # codecs work in blocks of up to this side, and count the whole last one


def open_container(path: Path) -> InputContainer:
    """Open a video file for reading.

    Parameters
    ----------
    path
        A file, whatever its name: one that looks like an address is none.

    Raises
    ------
    av.FFmpegError
        If it is of no kind that is known here, a playlist for example, or damaged.
    """
    return av.open(address(path), metadata_errors="ignore", options=_OPTIONS)


def packets(container: InputContainer, *streams: Stream) -> "Iterator[av.Packet[Any]]":
    """Yield the packets of some streams, in the order in which they lie in the file, and an empty one each at the end.

    Raises
    ------
    av.FFmpegError
        Where the file is cut off.
    """
    with suppress(IndexError):  # at the end, PyAV 18 looks for a stream that turned up only on the way
        yield from container.demux(*streams)


def address(path: Path) -> str:
    """Return what ffmpeg calls a file: without it, a colon in the name would make it an address."""
    return f"file:{path}"


def limit_pixels(stream: VideoStream) -> None:
    """Keep a decoder from making frames far over the operator's limit, the first one or any later one."""
    limits = settings()
    largest = (limits.max_width_px + _BLOCK_PX) * (limits.max_height_px + _BLOCK_PX)
    stream.codec_context.options = {"max_pixels": str(largest)}


def refused_for_size(stream: VideoStream) -> bool:
    """Tell whether a decoder that failed had a frame over that limit: it then knows no size any more."""
    return stream.codec_context.width == 0
