"""What a video file holds, found out before anything is done with it."""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import PIL.Image
from av.container import InputContainer
from av.video.stream import VideoStream

from segcore.errors import SegdeckError
from segcore.processes.worker import Limits, Message, ask_once
from segcore.settings import describe_seconds, settings
from segcore.video.container import limit_pixels, open_container, packets, refused_for_size

_LIMITS = Limits(memory_bytes=3 << 30, silence_s=30)
_ACCEPTED = "MP4, MOV, WebM, MKV and AVI are accepted."
_UNREADABLE = f"This is not a video that can be read, or it is cut off at a vital place; {_ACCEPTED}"
_STILL = f"This is a picture, not a video; the Photo page and `segdeck segment` take pictures. {_ACCEPTED}"
_USUAL_FPS = 25.0
_HIGHEST_FPS = 1000


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is in a video file.

    Attributes
    ----------
    stream
        The index of its video stream.
    width_px, height_px
        As it is seen, so upright.
    turned
        Whether it lies on its side in the file.
    length_s
        In seconds, as far as the file says.
    rate_fps
        Mean frames per second.
    frames
        How many are expected.
    sound
        The name of its sound's codec; empty if it has none.
    """

    stream: int
    width_px: int
    height_px: int
    turned: bool
    length_s: float
    rate_fps: float
    frames: int
    sound: str

    def describe(self) -> str:
        """Return the facts in one line for people."""
        sound = "with sound" if self.sound else "no sound"
        return (
            f"{self.width_px}x{self.height_px} pixels · {describe_seconds(self.length_s)} · "
            f"{self.rate_fps:.3g} frames per second · {sound}"
        )


def probe(path: Path) -> VideoInfo:
    """Look at a video file, in a process of its own with limits on time and memory.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    VideoInfo
        Within the operator's limits.

    Raises
    ------
    SegdeckError
        If it is no video, can't be read, or is over a limit.
    """
    _check_file(path)
    found, _ = ask_once("segcore.video.probe:answer", {"path": str(path)}, _LIMITS, _UNREADABLE)
    return VideoInfo(**found)


def answer(path: str) -> Iterator[Message]:
    """Do the work of `probe`, in a worker."""
    yield asdict(probe_here(Path(path))), b""


def probe_here(path: Path) -> VideoInfo:
    """Look at a video file as `probe` does, but in this process: only a worker should, or one who trusts the file."""
    _check_file(path)
    try:
        container = open_container(path)
    except (av.FFmpegError, ValueError, OSError):
        raise SegdeckError(_STILL if _is_image(path) else _UNREADABLE) from None
    with container:
        return _look(container)


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise SegdeckError("There is no such file.")
    settings().check_bytes(path.stat().st_size)


def _is_image(path: Path) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"), PIL.Image.open(path):
            return True
    except Exception:  # Pillow lets any kind out of a damaged file
        return False


def _look(container: InputContainer) -> VideoInfo:
    limits = settings()
    stream = _video_stream(container)
    if stream.codec_context.width:  # known before a frame is decoded
        limits.check_video_size(stream.codec_context.width, stream.codec_context.height)
    limit_pixels(stream)
    frame = _first_frame(container, stream)
    turned = round(frame.rotation / 90) % 2 == 1
    width, height = (frame.height, frame.width) if turned else (frame.width, frame.height)
    limits.check_video_size(width, height)
    length_s, frames = _extent(container, stream)
    limits.check_length(length_s)
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    if not 0 < rate <= _HIGHEST_FPS:
        rate = frames / length_s if frames and length_s else _USUAL_FPS
    limits.check_frames(frames or round(length_s * rate))
    return VideoInfo(
        stream=stream.index,
        width_px=width,
        height_px=height,
        turned=turned,
        length_s=length_s,
        rate_fps=min(rate, _HIGHEST_FPS),
        frames=frames or round(length_s * rate),
        sound=_sound_codec(container),
    )


def _sound_codec(container: InputContainer) -> str:
    """Return the name of the sound's codec; empty where there is no sound, or too little to know how it is packed."""
    for stream in container.streams.audio[:1]:
        context = stream.codec_context
        if context and context.sample_rate and context.channels:
            return context.codec.canonical_name
    return ""


def _video_stream(container: InputContainer) -> VideoStream:
    """Return the stream of frames; a cover image is none."""
    moving = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not moving and container.streams.audio:
        raise SegdeckError(f"This file has sound but no pictures; a video is needed. {_ACCEPTED}")
    if not moving:
        raise SegdeckError(f"There are no moving pictures in this file; {_ACCEPTED}")
    if moving[0].codec_context is None:
        raise SegdeckError(
            "This video is packed in a way that can't be read here; save it as an H.264 MP4 and try again."
        )
    return moving[0]


def _first_frame(container: InputContainer, stream: VideoStream) -> av.VideoFrame:
    """Return the first frame that can be read; damaged ones before it are passed over."""
    with suppress(av.FFmpegError):
        for packet in packets(container, stream):
            try:
                if frames := packet.decode():
                    return frames[0]
            except av.FFmpegError:
                if refused_for_size(stream):
                    raise settings().video_too_large("has larger pictures") from None
    raise SegdeckError("There is not one picture in this video that can be read; save it again and try once more.")


def _extent(container: InputContainer, stream: VideoStream) -> tuple[float, int]:
    """Return the length in seconds and the number of frames, as the file states them or its packets tell.

    A browser's recordings state no length, and most files no number. No more packets are counted than the operator's
    limit on frames allows, and one.
    """
    stated_s = container.duration / av.time_base if container.duration and container.duration > 0 else 0.0
    if stated_s and stream.frames:
        return stated_s, stream.frames
    unit = stream.time_base or Fraction(1, av.time_base)
    frames, end = 0, 0
    container.seek(0)
    with suppress(av.FFmpegError):  # cut off: what is there counts
        for packet in packets(container, stream):
            frames += packet.size > 0
            if packet.pts is not None:
                end = max(end, packet.pts + (packet.duration or 0))
            if frames > settings().max_frames:
                break
    return stated_s or float(end * unit), frames
