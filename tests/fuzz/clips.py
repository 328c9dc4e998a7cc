"""Clips: odd ones of many formats, damaged ones, ones whose headers lie, and texts that are no clip."""

import random
import re
import struct
import tempfile
import zlib
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path

import av
import numpy as np

from segcore.errors import SegdeckError
from segcore.outputs import OUTPUTS
from segcore.recipe import load_recipe
from segcore.settings import settings
from segcore.video import iterate_clip_in_worker, probe
from tests.clips import make_clip, make_sound
from tests.fuzz.mutations import mangle, word
from tests.fuzz.pictures import bare_png

_MOST_FRAMES = 60
"""A clip that has more is cancelled: what is tried is not how long it takes."""
_RECIPES = ("color_pop_red", "find_colors", "what_moves", "count_red_things", "trace_the_edges", "poster")

# codec, pixel format, endings that take it
_FORMATS = (
    ("libx264", "yuv420p", ("mp4", "mov", "mkv", "ts", "avi", "flv")),
    ("libx264", "yuv444p", ("mp4", "mkv")),
    ("libx264", "yuv422p10le", ("mp4", "mkv")),
    ("libx264", "gray", ("mp4",)),
    ("libx265", "yuv420p", ("mp4", "mkv")),
    ("libvpx", "yuv420p", ("webm", "mkv")),
    ("libvpx-vp9", "yuv420p", ("webm", "mp4")),
    ("libvpx-vp9", "yuva420p", ("webm",)),
    ("mpeg4", "yuv420p", ("avi", "mp4", "mkv")),
    ("mpeg2video", "yuv420p", ("ts", "mpg", "mkv")),
    ("mjpeg", "yuvj420p", ("avi", "mov", "mkv")),
    ("ffv1", "yuv420p", ("mkv", "avi")),
    ("ffv1", "rgba64le", ("mkv",)),
    ("ffv1", "gbrpf32le", ("mkv",)),
    ("png", "rgb24", ("mov", "avi")),
    ("png", "monob", ("mov", "nut")),
    ("rawvideo", "rgb24", ("avi", "nut")),
    ("rawvideo", "pal8", ("avi",)),
    ("huffyuv", "yuv422p", ("avi",)),
    ("prores_ks", "yuv422p10le", ("mov",)),
    ("dnxhd", "yuv422p", ("mov",)),
    ("gif", "rgb8", ("gif",)),
    ("apng", "rgba", ("apng",)),
    ("flv", "yuv420p", ("flv",)),
    ("wmv2", "yuv420p", ("asf",)),
    ("snow", "yuv420p", ("avi",)),
    ("qtrle", "rgb24", ("mov",)),
)
_SIZES = (
    (16, 16),
    (64, 48),
    (160, 120),
    (17, 31),
    (1, 1),
    (15, 200),
    (2000, 16),
    (16, 2000),
    (3840, 2160),
    (4096, 2304),
)
_RATES = (25, 1, 1000, 90_000, 1_000_000, Fraction(1, 10), Fraction(30_000, 1001), Fraction(1, 100_000))
_SOUNDS = ("", "", "aac", "libmp3lame", "flac", "libopus", "pcm_s16le", "ac3")


@dataclass(frozen=True)
class Given:
    """A file that is taken for a clip.

    Attributes
    ----------
    ending
        Of its name.
    content
        What is in it.
    no_clip
        Whether it must be refused, whatever else it is.
    beside
        Other files in its folder, by name.
    """

    ending: str
    content: bytes
    no_clip: bool = False
    beside: dict[str, bytes] = field(default_factory=dict)


def make(rng: random.Random) -> Given:
    """Make a clip, or what is none."""
    return rng.choice(_MAKERS)(rng)


def try_one(given: Given, folder: Path) -> Iterable[str]:
    """Look at a clip and process it, as the Video page does; a long one is cancelled."""
    path = folder / "given" / f"clip.{given.ending}"
    path.write_bytes(given.content)
    for name, content in given.beside.items():
        (path.parent / name).write_bytes(content)
    names = {"result": "out.mp4", "mask": "mask.mp4", "measures": "measures.csv"}
    kept = names if len(given.content) % 2 else {"result": "out.mp4"}
    recipe = load_recipe(_RECIPES[len(given.content) % len(_RECIPES)])
    info = probe(path)
    outputs = [OUTPUTS[what](folder / "made" / name) for what, name in kept.items()]
    steps = iterate_clip_in_worker(path, outputs, recipe, info=info)
    with closing(steps):
        done = sum(1 for _ in islice(steps, _MOST_FRAMES))
    if given.no_clip:
        raise AssertionError("what is no clip was taken for one")
    if done == _MOST_FRAMES:
        return ()
    _check(outputs[0].path)
    return kept.values()


def _check(path: Path) -> None:
    """See that a result is a clip, and within the limits. Nothing is decoded: that would count as memory."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        if not any(packet.size for packet in container.demux(stream)):
            raise AssertionError("the result has no pictures")
        try:
            settings().check_video_size(stream.width, stream.height)
        except SegdeckError as error:
            raise AssertionError(f"the result is over a limit: {error}") from None


@cache
def _small_ones() -> tuple[Given, ...]:
    """Return small sound clips, the same every time."""
    wanted = [
        ("mp4", {"sound": "aac"}),
        ("mp4", {"rotation": 90, "container_options": {"movflags": "frag_keyframe+empty_moov"}}),
        ("mov", {"sound": "pcm_s16le"}),
        ("mkv", {"sound": "libopus"}),
        ("webm", {"codec": "libvpx", "sound": "libopus"}),
        ("avi", {"codec": "mpeg4", "sound": "libmp3lame"}),
        ("avi", {"codec": "mjpeg", "pix_fmt": "yuvj420p"}),
        ("ts", {"sound": "aac"}),
        ("flv", {"sound": "aac"}),
        ("gif", {"codec": "gif", "pix_fmt": "rgb8"}),
    ]
    with tempfile.TemporaryDirectory() as folder:
        return tuple(
            Given(ending, make_clip(Path(folder, f"{n}.{ending}"), frames=12, size=(64, 48), **how).read_bytes())
            for n, (ending, how) in enumerate(wanted)
        )


def _damaged(rng: random.Random) -> Given:
    whole = rng.choice(_small_ones())
    return Given(rng.choice((whole.ending, "mp4")), mangle(rng, whole.content, head=0.3))


def _spliced(rng: random.Random) -> Given:
    """Two clips, cut and put together, or one behind the other."""
    first, second = rng.choice(_small_ones()), rng.choice(_small_ones())
    if rng.random() < 0.5:
        return Given(first.ending, first.content + second.content)
    cut, other = rng.randrange(len(first.content)), rng.randrange(len(second.content))
    return Given(first.ending, first.content[:cut] + second.content[other:])


_ATOMS = (
    b"ftyp", b"moov", b"mvhd", b"trak", b"tkhd", b"edts", b"elst", b"mdia", b"mdhd", b"hdlr", b"minf", b"stbl",
    b"stsd", b"avc1", b"avcC", b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"stss", b"mdat", b"moof", b"traf",
    b"tfhd", b"trun", b"mp4a", b"esds", b"pasp",
)  # fmt: skip


def _lying_atoms(rng: random.Random) -> Given:
    """An MP4 in which numbers of some atoms are others: sizes, counts, times, widths and heights."""
    whole = rng.choice([one for one in _small_ones() if one.ending in ("mp4", "mov")])
    data = bytearray(whole.content)
    for _ in range(rng.choice((1, 1, 2, 4))):
        places = [found.start() for found in re.finditer(re.escape(rng.choice(_ATOMS)), data)]
        if not places:
            continue
        place = rng.choice(places)
        size = max(8, min(200, int.from_bytes(data[max(0, place - 4) : place], "big")))
        match rng.randrange(4):
            case 0:  # its size
                data[place - 4 : place] = struct.pack(">I", word(rng))
            case 1:  # what it is
                data[place : place + 4] = rng.choice(_ATOMS)
            case 2:  # twice, or inside itself
                data[place - 4 : place - 4] = bytes(data[place - 4 : place - 4 + size]) * rng.choice((1, 3, 2000))
            case _:  # a number in it, as fields of 32 bits lie
                at = place + 4 + 4 * rng.randrange(max(1, (size - 8) // 4))
                data[at : at + 4] = struct.pack(">I", word(rng))
    return Given(whole.ending, bytes(data))


def _nested_atoms(rng: random.Random) -> Given:
    """Boxes in boxes, thousands deep."""
    kind, depth, data = rng.choice((b"moov", b"trak", b"udta", b"meta", b"moof")), rng.choice((50, 5000, 50_000)), b""
    sizes = [8 * (depth - level) for level in range(depth)]
    data = b"".join(struct.pack(">I", size) + kind for size in sizes)
    return Given("mp4", rng.choice(_small_ones()).content[:24] + data)


def _odd(rng: random.Random) -> Given:
    """A whole clip of a seldom format, size or rate."""
    codec, pix_fmt, endings = rng.choice(_FORMATS)
    ending, size = rng.choice(endings), rng.choice(_SIZES)
    how = {
        "codec": codec,
        "pix_fmt": pix_fmt,
        "frames": rng.choice((0, 1, 2, 9)) if max(size) < 1000 else 2,
        "size": size,
        "rate": rng.choice(_RATES),
        "sound": rng.choice(_SOUNDS),
        "sound_s": 0.3,
        "rotation": rng.choice((0, 0, 90, 180, 45, -90)) if ending in ("mp4", "mov") else 0,
        "pixel_shape": rng.choice((None, None, Fraction(1, 100), Fraction(100, 1), Fraction(4, 3))),
        "full_range": rng.random() < 0.3,
        "colorspace": rng.choice((None, None, 1, 5, 9)),
    }
    if rng.random() < 0.4:
        how["time_base"] = rng.choice((Fraction(1, 1000), Fraction(1, 90_000), Fraction(1, 2**31 - 1)))
        how["times"] = sorted(rng.sample(range(rng.choice((20, 10_000, 2**40))), 5))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"odd.{ending}")
        with suppress(av.FFmpegError, ValueError, OverflowError, OSError):  # what there is of it by then is odd enough
            make_clip(path, **how)
        content = path.read_bytes() if path.is_file() else b""
    return Given(ending, content)


def _growing(rng: random.Random) -> Given:
    """A clip whose pictures are small at first; those that follow are larger, or only say so."""
    sides = [(160, 90)] * rng.choice((1, 3)) + [
        rng.choice(((320, 180), (5000, 5000), (14_000, 14_000), (16, 60_000), (1, 1)))
    ]
    if rng.random() < 0.5:
        sides += [(160, 90)] * 2
    pictures = [bare_png(width, height, bits=1, channels=1) for width, height in sides]
    return _packed("png", rng.choice(("mov", "avi", "nut")), pictures, (160, 90))


def _lying_jpegs(rng: random.Random) -> Given:
    """Motion JPEG in which the pictures' own headers name another size."""
    small = _jpeg()
    lying = bytearray(small)
    frame = lying.index(b"\xff\xc0")
    lying[frame + 5 : frame + 9] = struct.pack(
        ">HH", *rng.choice(((14_000, 14_000), (65_500, 16), (16, 65_500), (0, 0), (65_535, 65_535)))
    )
    order = [small, bytes(lying), small] if rng.random() < 0.7 else [bytes(lying)]
    return _packed("mjpeg", rng.choice(("mkv", "avi", "mov")), order, (64, 48))


@cache
def _jpeg() -> bytes:
    from tests.fuzz.pictures import encoded

    return encoded(np.full((48, 64, 3), 128, np.uint8), "JPEG")


def _packed(codec: str, ending: str, pictures: list[bytes], size: tuple[int, int]) -> Given:
    """Put encoded pictures into a container as they are."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"packed.{ending}")
        with av.open(path, "w") as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height = size
            stream.pix_fmt = "monob" if codec == "png" else "yuvj420p"
            for number, content in enumerate(pictures):
                packet = av.Packet(content)
                packet.pts = packet.dts = number
                packet.time_base, packet.stream = Fraction(1, 25), stream
                packet.duration = 1
                container.mux(packet)
        return Given(ending, path.read_bytes())


def _many_frames(rng: random.Random) -> Given:
    """Very many pictures in a small file, so many a second that they last no time."""
    number = rng.choice((2000, 20_000))
    picture = bare_png(16, 16, bits=1, channels=1)
    return _packed("png", "mov", [picture] * number, (16, 16))


def _streams_in_a_row(rng: random.Random) -> Given:
    """Transport streams of two sizes, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = rng.sample(((64, 48), (640, 480), (16, 16), (2000, 1000), (4096, 2304)), 2)
        clips = [make_clip(Path(folder, f"{n}.ts"), frames=3, size=size) for n, size in enumerate(sizes)]
        return Given("ts", b"".join(path.read_bytes() for path in clips))


def _no_pictures(rng: random.Random) -> Given:
    """Sound alone, with a cover or without."""
    with tempfile.TemporaryDirectory() as folder:
        ending, codec = rng.choice((("mp3", "libmp3lame"), ("m4a", "aac"), ("flac", "flac"), ("wav", "pcm_s16le")))
        cover = ending == "mp3" and rng.random() < 0.5
        path = make_sound(Path(folder, f"sound.{ending}"), codec, cover=cover, length_s=0.3)
        return Given(rng.choice((ending, "mp4")), path.read_bytes(), no_clip=True)


_TEXTS = (
    "ffconcat version 1.0\nfile 'neighbour.mp4'\n",
    "ffconcat version 1.0\nfile neighbour.mp4\nduration 1\nfile neighbour.mp4\n",
    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nneighbour.ts\n#EXT-X-ENDLIST\n",
    "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:9/a.m3u8\n",
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
    '<Representation id="0" bandwidth="1"><BaseURL>neighbour.mp4</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n",
    "1\n00:00:00,000 --> 00:00:01,000\nHello\n",
    "[Script Info]\nScriptType: v4.00+\n[Events]\nDialogue: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,Hi\n",
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ";FFMETADATA1\ntitle=Hello\n",
    "[lrc]\n[00:01.00]Hello\n",
    "concat:neighbour.mp4|neighbour.mp4",
    "file:neighbour.mp4\n",
    "<html><body>This is no clip.</body></html>",
    "RIFF list of films\n" * 40,
)


def _text(rng: random.Random) -> Given:
    """A text that libraries take for a list of clips, for subtitles, or for an address."""
    clips = {one.ending: one.content for one in _small_ones()}
    beside = {"neighbour.mp4": clips["mp4"], "neighbour.ts": clips["ts"]}
    text = rng.choice(_TEXTS)
    content = text.encode() if rng.random() < 0.7 else mangle(rng, text.encode())
    ending = rng.choice(("mp4", "mov", "mkv", "webm", "avi"))
    return Given(ending, content, no_clip=True, beside=beside)


def _noise(rng: random.Random) -> Given:
    """Random bytes, behind the first bytes of a clip or not; zeros; nothing."""
    start = rng.choice(_small_ones()).content[: rng.choice((0, 4, 16, 64, 400))]
    return Given("mp4", start + rng.choice((b"", bytes(5000), rng.randbytes(5000), zlib.compress(bytes(9999)))))


_MAKERS = (
    *(_damaged,) * 6,
    *(_lying_atoms,) * 6,
    *(_odd,) * 6,
    *(_text,) * 2,
    _spliced,
    _spliced,
    _nested_atoms,
    _growing,
    _growing,
    _lying_jpegs,
    _many_frames,
    _streams_in_a_row,
    _no_pictures,
    _noise,
)
