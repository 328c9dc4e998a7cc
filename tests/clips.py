"""Real clips, made with PyAV: small, the same every time, of any kind that a test needs."""

import itertools
import subprocess
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags

BACKGROUND = (150, 90, 60)  # BGR: a dull blue
RED = (30, 20, 210)
ONSET_S = 0.4  # when the sound starts to be heard


def picture(number: int, width: int = 160, height: int = 120) -> np.ndarray:
    """Return picture ``number``, BGR: a red square that moves right over a dull blue, greyer toward the bottom."""
    image = np.empty((height, width, 3), np.uint8)
    image[...] = BACKGROUND
    image[height * 3 // 4 :] = np.linspace(20, 235, width)[:, None].astype(np.uint8)
    side = height // 4
    left = (4 + 2 * number) % (width - side)
    image[height // 4 : height // 4 + side, left : left + side] = RED
    return image


def make_clip(
    path: Path,
    *,
    frames: int = 24,
    size: tuple[int, int] = (160, 120),
    rate: Fraction | int = 25,
    times: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    rotation: int = 0,
    colorspace: int | None = None,
    full_range: bool = False,
    pixel_shape: Fraction | None = None,
    sound: str = "",
    layout: str = "stereo",
    sound_rate: int = 48_000,
    sound_s: float | None = None,
    sound_from_s: float = 0,
) -> Path:
    """Make a clip whose container follows from the path's ending.

    Parameters
    ----------
    path
        Where it goes.
    frames, size, rate
        How many, (width, height), and how many a second.
    times
        The frames' times in ``time_base``, for a varying rate; by default they follow ``rate``.
    codec, pix_fmt, options, container_options
        As in ffmpeg.
    rotation
        Degrees, written as a display matrix.
    colorspace, full_range
        ``AVCOL_SPC_*`` of the YUV and its tag; by default BT.601 and no tag.
    pixel_shape
        Sample aspect ratio.
    sound
        A codec's name, or none. The sound is silent until `ONSET_S`, then a tone.
    layout, sound_rate, sound_s, sound_from_s
        Of the sound; by default as long as the pictures and from their start on.

    Returns
    -------
    Path
        The same path.
    """
    with av.open(path, "w", options=container_options or {}) as container:
        video = container.add_stream(codec, rate=rate, options=options or {})
        video.width, video.height = size
        video.pix_fmt = pix_fmt
        if time_base:
            video.time_base = video.codec_context.time_base = time_base
        if pixel_shape:
            video.codec_context.sample_aspect_ratio = pixel_shape
        if colorspace is not None:
            video.codec_context.colorspace = colorspace
        if full_range:
            video.codec_context.color_range = 2
        if rotation:
            video.set_display_rotation(rotation)
        video.codec_context.flags |= Flags.frame_duration
        unit = time_base or 1 / Fraction(rate)
        moments = list(times) if times is not None else [round(n / Fraction(rate) / unit) for n in range(frames)]
        steps = [later - sooner for sooner, later in itertools.pairwise(moments)]
        audio = container.add_stream(sound, rate=sound_rate, layout=layout) if sound else None
        steps += steps[-1:] or [1]
        length_s = sound_s if sound_s is not None else float((moments[-1] + steps[-1] - moments[0]) * unit)
        noise = _tone(audio, sound_rate, layout, length_s, sound_from_s) if audio else iter(())
        waiting = next(noise, None)
        for number, (pts, duration) in enumerate(zip(moments, steps, strict=True)):
            while waiting is not None and waiting.pts / sound_rate <= (pts - moments[0]) * unit:
                container.mux(audio.encode(waiting))
                waiting = next(noise, None)
            frame = av.VideoFrame.from_ndarray(picture(number, *size), format="bgr24").reformat(
                format=pix_fmt, dst_colorspace=colorspace or "ITU601", dst_color_range=2 if full_range else 1
            )
            frame.pts, frame.time_base, frame.duration = pts, unit, duration
            container.mux(video.encode(frame))
        while waiting is not None:
            container.mux(audio.encode(waiting))
            waiting = next(noise, None)
        container.mux(video.encode(None))
        if audio:
            container.mux(audio.encode(None))
    return path


def join_clip(path: Path, parts: Sequence[tuple[int, int, int]], codec: str = "libvpx") -> Path:
    """Make a clip whose pictures change their size on the way.

    Parameters
    ----------
    path
        Where it goes.
    parts
        Each a width, a height and a number of frames.
    codec
        Each part is encoded on its own, and their packets are written one after another.
    """
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    with av.open(path, "w") as container:
        video = container.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = *parts[0][:2], pix_fmt
        start = 0
        for width, height, frames in parts:
            encoder = av.CodecContext.create(codec, "w")
            encoder.width, encoder.height, encoder.pix_fmt = width, height, pix_fmt  # type: ignore[attr-defined]
            encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)  # type: ignore[attr-defined]
            packets = []
            for number in range(start, start + frames):
                frame = av.VideoFrame.from_ndarray(picture(number, width, height), format="bgr24")
                frame = frame.reformat(format=pix_fmt)
                frame.pts, frame.time_base = number, Fraction(1, 25)
                packets += encoder.encode(frame)  # type: ignore[attr-defined]
            for packet in (*packets, *encoder.encode(None)):  # type: ignore[attr-defined]
                packet.stream, packet.time_base = video, Fraction(1, 25)
                container.mux(packet)
            start += frames
    return path


def make_sound(path: Path, codec: str = "libmp3lame", *, cover: bool = False, length_s: float = 1.0) -> Path:
    """Make a file with sound and no moving pictures, with a cover picture if wanted."""
    with av.open(path, "w") as container:
        audio = container.add_stream(codec, rate=48_000, layout="stereo")
        art = container.add_stream("mjpeg", rate=1) if cover else None
        if art:
            art.width, art.height, art.pix_fmt = 160, 120, "yuvj420p"
            art.disposition = av.stream.Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(picture(0), format="bgr24").reformat(format="yuvj420p")
            container.mux(art.encode(frame))
            container.mux(art.encode(None))
        for frame in _tone(audio, 48_000, "stereo", length_s):
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


def _tone(
    stream: av.AudioStream, rate: int, layout: str, length_s: float, from_s: float = 0
) -> Iterator[av.AudioFrame]:
    """Yield a tone as frames that the stream's encoder takes, silent until `ONSET_S`."""
    moments = np.arange(round(length_s * rate)) / rate
    wave = np.where(moments < ONSET_S, 0, np.sin(moments * 2 * np.pi * 440) * 0.5).astype(np.float32)
    channels = av.AudioLayout(layout).nb_channels
    whole = av.AudioFrame.from_ndarray(np.tile(wave, (channels, 1)), format="fltp", layout=layout)
    whole.rate, whole.pts, whole.time_base = rate, round(from_s * rate), Fraction(1, rate)
    stream.codec_context.open(strict=False)
    resampler = av.AudioResampler(
        stream.codec_context.format.name, layout, rate, frame_size=stream.codec_context.frame_size or 1024
    )
    yield from resampler.resample(whole)
    yield from resampler.resample(None)


def damage(path: Path, numbers: Sequence[int]) -> Path:
    """Overwrite the frames with these numbers, in the order in which they lie in the file, with nonsense."""
    with av.open(path) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        places = [(packets[number].pos, bytes(packets[number])) for number in numbers]
    content = bytearray(path.read_bytes())
    for place, packet in places:
        place = content.index(packet, place)  # a container may put a header of its own before it
        content[place : place + len(packet)] = b"\xff" * len(packet)
    path.write_bytes(content)
    return path


def repeat(path: Path, times: int) -> Path:
    """Make a clip so many times as long, for a test that must find it still at work; nothing is encoded anew."""
    longer = path.with_name(f"long-{path.name}")
    command = ["ffmpeg", "-v", "error", "-stream_loop", str(times - 1), "-i", path, "-c", "copy", longer]
    subprocess.run(command, check=True)
    return longer.replace(path)


def pad(path: Path, size_bytes: int) -> Path:
    """Make an MP4 that large by a last box that readers skip; nothing is encoded anew."""
    more = size_bytes - path.stat().st_size
    with path.open("ab") as file:
        file.write(more.to_bytes(4, "big") + b"free")
        file.truncate(size_bytes)
    return path
