"""Looks at one video file, in a process of its own, and prints what it finds as JSON.

Run as a file with nothing but PyAV imported, so that it starts fast and a crafted file can take down only itself.
"""

import json
import resource
import sys
from contextlib import suppress
from fractions import Fraction

import av

_MEMORY_BYTES = 3 << 30
_CPU_S = 30


def look(path: str) -> dict[str, object]:
    """Return what is in a video file: ``error`` with a code, or its facts."""
    try:
        container = av.open(path, metadata_errors="ignore")
    except (av.FFmpegError, ValueError, OSError):
        return {"error": "unreadable"}
    with container:
        pictures = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        sound = container.streams.audio[0] if container.streams.audio else None
        if container.format.name.endswith("_pipe") or container.format.name == "image2":
            return {"error": "still"}
        if not pictures:
            return {"error": "sound only" if sound else "no video"}
        stream = pictures[0]
        if stream.codec_context is None:
            return {"error": "unknown codec"}
        frame = _first_picture(container, stream)
        if frame is None:
            return {"error": "no frames"}
        turned = round(frame.rotation / 90) % 2 == 1
        width, height = (frame.height, frame.width) if turned else (frame.width, frame.height)
        length_s = _length_s(container, stream)
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        if not rate > 0 or rate > 1000:
            rate = 25.0
        return {
            "stream": stream.index,
            "width_px": width,
            "height_px": height,
            "turned": turned,
            "length_s": length_s,
            "rate_fps": rate,
            "frames": stream.frames or round(length_s * rate),
            "sound": sound.codec_context.codec.canonical_name if sound and sound.codec_context else "",
        }


def _first_picture(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> av.VideoFrame | None:
    """Return the first picture that can be read; damaged ones before it are passed over."""
    with suppress(av.FFmpegError):
        for packet in container.demux(stream):
            with suppress(av.FFmpegError):
                if frames := packet.decode():
                    return frames[0]
    return None


def _length_s(container: av.container.InputContainer, stream: av.video.stream.VideoStream) -> float:
    """Return the length that the file states, or that its packets have: a browser's recordings state none."""
    if container.duration and container.duration > 0:
        return container.duration / av.time_base
    unit = stream.time_base or Fraction(1, av.time_base)
    ends = []
    container.seek(0)
    with suppress(av.FFmpegError):  # cut off: what is there counts
        for packet in container.demux(stream):
            if packet.pts is not None:
                ends.append(packet.pts + (packet.duration or 0))
    return float(max(ends) * unit) if ends else 0.0


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    print(json.dumps(look(sys.argv[1])))
