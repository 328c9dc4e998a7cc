"""Processing a clip: read, split, draw, write, each on a thread of its own."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import ParamSpec

import av
from av.audio.stream import AudioStream

from segcore.errors import SegdeckError
from segcore.files.paths import check_apart, check_target
from segcore.objects.measures import Measures
from segcore.outputs.clip import ClipWriter
from segcore.outputs.tables import ObjectTable, PictureTable, Table, require_objects
from segcore.picture.canvas import Canvas
from segcore.pipeline import Pipeline, Result, build_pipeline
from segcore.recipe import Recipe
from segcore.segmentation import Image
from segcore.video.probe import VideoInfo, probe
from segcore.video.reader import ClipReader, Picture

_AHEAD = 4  # pictures or packets that may wait between two threads
_NOT_FOR_MP4 = "What is in this video can't be written as an MP4; save it again as an H.264 MP4 and try once more."
_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """How far a clip is, in numbers.

    Attributes
    ----------
    frames_done, frames_expected
        The second is what the file's header promises.
    elapsed_s
        Since the start.
    time_s
        Of the newest picture in the clip.
    cut_off
        Whether something is missing: the clip is damaged, or was cut off.
    """

    frames_done: int
    frames_expected: int
    elapsed_s: float
    time_s: float
    cut_off: bool = False

    @property
    def rate_fps(self) -> float:
        """Pictures done per second."""
        return self.frames_done / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return min(1.0, self.frames_done / self.frames_expected) if self.frames_expected else 0.0

    @property
    def left_s(self) -> float:
        """Seconds that it will still take."""
        return max(0, self.frames_expected - self.frames_done) / self.rate_fps if self.rate_fps else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Steps):
    """How far a clip is, and the newest result.

    Attributes
    ----------
    result
        The newest picture's.
    """

    result: Result

    @property
    def measures(self) -> Measures:
        """The newest picture's figures."""
        return self.result.measures

    def still(self) -> Image:
        """Return the newest picture as drawn, BGR."""
        return self.result.image


def process_video(
    source: Path | str,
    target: Path | str,
    recipe: Recipe | Pipeline,
    *,
    mask: Path | str | None = None,
    measures: Path | str | None = None,
    objects: Path | str | None = None,
    info: VideoInfo | None = None,
) -> Generator[Progress]:
    """Process a clip, one step a picture.

    Closing the generator cancels the work. However it ends before its end, nothing is left behind.

    Parameters
    ----------
    source
        The clip.
    target
        Where the result goes: H.264 MP4, with the clip's sound, frame times and colour tags, upright.
    recipe
        What is done with each picture.
    mask
        Where a video of the bare mask goes, if wanted.
    measures
        Where a CSV of each picture's figures goes, if wanted.
    objects
        Where a CSV of each picture's objects goes, if wanted.
    info
        What `probe` found, if that is known already.

    Yields
    ------
    Progress
        After each picture. After the last one it comes once more, when all files are whole.

    Raises
    ------
    SegdeckError
        If the clip can't be read or is over a limit, a target can't be written, or objects are wanted of a recipe that
        does not tell them apart.
    """
    source = Path(source)
    info = info or probe(source)
    pipeline = recipe if isinstance(recipe, Pipeline) else build_pipeline(recipe)
    extra = [Path(path) if path else None for path in (mask, measures, objects)]
    outputs = _Outputs(source, Path(target), *extra)
    if objects:
        require_objects(pipeline.recipe)
    start = time.monotonic()
    progress = None
    with ExitStack() as stack:  # left in reverse: the threads stop, then what was written goes, then the clip is closed
        reader = stack.enter_context(ClipReader(source, info))
        stack.callback(outputs.discard)
        write = stack.enter_context(_InOrder())
        for item in _read_ahead(stack, reader):
            if isinstance(item, av.Packet):
                write(outputs.add_sound, item)
                continue
            result = pipeline.on_canvas(item.canvas)
            write(outputs.add_picture, reader, item, result)
            progress = Progress(
                frames_done=progress.frames_done + 1 if progress else 1,
                frames_expected=info.frames,
                elapsed_s=time.monotonic() - start,
                time_s=float(item.pts * reader.time_base),
                result=result,
            )
            yield progress
        if progress is None:
            raise SegdeckError("There is not one picture in this video that can be read.")
        write(outputs.finish)
        write.wait()
        yield replace(
            progress,
            frames_expected=progress.frames_done,
            elapsed_s=time.monotonic() - start,
            cut_off=reader.cut_off or outputs.sound_damaged,
        )


def _read_ahead(stack: ExitStack, reader: ClipReader) -> "Iterator[Picture | av.Packet[AudioStream]]":
    """Yield the reader's items, decoded on a thread of its own a few pictures ahead, until the stack is left."""
    items = stack.enter_context(closing(reader.items()))
    pool = ThreadPoolExecutor(1, "segdeck-read")
    stack.callback(pool.shutdown, cancel_futures=True)
    waiting = deque(pool.submit(next, items, None) for _ in range(_AHEAD))
    while (item := waiting.popleft().result()) is not None:
        waiting.append(pool.submit(next, items, None))
        yield item


class _InOrder:
    """Runs calls on one other thread, in order; a few may wait.

    An error in one is raised by one of the next, and those that wait are dropped: writing on to a file that failed
    can crash ffmpeg.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "segdeck-write")
        self._waiting: deque[Future[None]] = deque()
        self._broken = False

    def __call__(self, function: Callable[_P, None], *arguments: _P.args, **named: _P.kwargs) -> None:
        def unless_broken() -> None:
            if self._broken:
                return
            try:
                function(*arguments, **named)
            except BaseException:
                self._broken = True
                raise

        self._waiting.append(self._pool.submit(unless_broken))
        self.wait(_AHEAD)

    def wait(self, left: int = 0) -> None:
        """Wait until no more than this many calls are left to do."""
        while len(self._waiting) > left:
            try:
                self._waiting.popleft().result()
            except (av.ArgumentError, av.InvalidDataError) as error:
                raise SegdeckError(_NOT_FOR_MP4) from error
            except (OSError, av.FFmpegError) as error:
                raise SegdeckError(f"The result could not be written: {error.strerror or error}.") from error

    def __enter__(self) -> "_InOrder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


class _Outputs:
    """All that is written for one clip: the result and, where wanted, its mask and its figures."""

    def __init__(
        self, source: Path, target: Path, mask: Path | None, measures: Path | None, objects: Path | None
    ) -> None:
        paths = [path for path in (target, mask, measures, objects) if path]
        for path in paths:
            check_target(path)
        for path in filter(None, (target, mask)):
            if path.suffix.lower() != ".mp4":
                raise SegdeckError(f"The result is an MP4; {path.name!r} does not end in .mp4.")
        check_apart(source, "video", paths)
        self._target, self._mask_target = target, mask
        self._table_targets = ((PictureTable, measures), (ObjectTable, objects))
        self._clips: list[ClipWriter] = []
        self._tables: list[Table] = []
        self._early_sound: list[av.Packet[AudioStream]] = []

    def add_sound(self, packet: "av.Packet[AudioStream]") -> None:
        if self._clips:
            self._clips[0].write_sound(packet)
        else:  # the file is opened when the first result's size is known
            self._early_sound.append(packet)

    def add_picture(self, reader: ClipReader, picture: Picture, result: Result) -> None:
        canvases = [result.canvas]
        if self._mask_target:
            canvases.append(picture.canvas.showing(result.segmentation.grey()))
        if not self._clips:
            self._open(reader, canvases)
        for clip, canvas in zip(self._clips, canvases, strict=True):
            clip.write_picture(canvas, picture)
        for table in self._tables:
            table.add(float(picture.pts * reader.time_base), result)

    def _open(self, reader: ClipReader, canvases: list[Canvas]) -> None:
        self._clips.append(ClipWriter(self._target, canvases[0], reader, sound=True))
        if self._mask_target:
            self._clips.append(ClipWriter(self._mask_target, canvases[1], reader, sound=False))
        for table, path in self._table_targets:
            if path:
                self._tables.append(table(path))
        for packet in self._early_sound:
            self.add_sound(packet)
        self._early_sound.clear()

    @property
    def sound_damaged(self) -> bool:
        return any(clip.sound_damaged for clip in self._clips)

    def _all(self) -> list[ClipWriter | Table]:
        return [*self._clips, *self._tables]

    def finish(self) -> None:
        for output in self._all():
            output.finish()
        for output in self._all():  # none gets its name before all are whole
            output.publish()

    def discard(self) -> None:
        for output in self._all():
            output.discard()
