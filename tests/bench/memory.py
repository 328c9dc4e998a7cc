"""Peak memory of processing ten seconds and ten minutes, each in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av

from tests.bench.common import clip, folder, verdict

_CHILD = """
import resource, sys
from segcore import load_recipe, process_clip
process_clip(sys.argv[1], sys.argv[2], load_recipe("find_colors"))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def ten_minutes() -> Path:
    """Return the ten-second clip sixty times in a row, its packets copied."""
    path = folder() / "long.mp4"
    with av.open(path, "w") as target:
        stream, shift = None, 0
        for _ in range(60):
            with av.open(clip()) as source:
                video = source.streams.video[0]
                stream = stream or target.add_stream_from_template(video)
                for packet in source.demux(video):
                    if packet.dts is None:
                        continue
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = stream
                    target.mux(packet)
                shift += video.duration
    return path


def peak_mb(path: Path) -> int:
    command = [sys.executable, "-c", _CHILD, path, folder() / "result.mp4"]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def run() -> Iterator[str]:
    short, long = peak_mb(clip()), peak_mb(ten_minutes())
    detail = f"{short} MB for 10 s, {long} MB for 10 min"
    yield verdict("ten minutes more than ten seconds, MB", long - short, 50, at_least=False, detail=detail)
