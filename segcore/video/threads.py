"""The threads of a clip that is processed: one reads ahead, and each output is written on one of its own."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from types import TracebackType
from typing import ParamSpec

import av
from av.audio.stream import AudioStream

from segcore.errors import SegdeckError
from segcore.outputs import Output
from segcore.outputs.stream_format import StreamFormat
from segcore.picture.clip_frame import ClipFrame
from segcore.pipeline import Result
from segcore.video.reader import ClipReader

_AHEAD = 4  # frames or packets that may wait between two threads
_NOT_FOR_MP4 = "What is in this video can't be written as an MP4; save it again as an H.264 MP4 and try once more."
_P = ParamSpec("_P")


def read_ahead(stack: ExitStack, reader: ClipReader) -> "Iterator[ClipFrame | av.Packet[AudioStream]]":
    """Yield the reader's items, decoded on a thread of its own a few frames ahead, until the stack is left."""
    items = stack.enter_context(closing(reader.items()))
    pool = ThreadPoolExecutor(1, "segdeck-read")
    stack.callback(pool.shutdown, cancel_futures=True)
    waiting = deque(pool.submit(next, items, None) for _ in range(_AHEAD))
    while (item := waiting.popleft().result()) is not None:
        waiting.append(pool.submit(next, items, None))
        yield item


class OutputWriting:
    """Writes all outputs of a clip side by side; none gets its name before all are whole.

    An error in one is raised by one of the next calls. Whoever leaves the context before `finish` has returned leaves
    nothing behind.
    """

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = [(output, _Queue(output.name)) for output in outputs]
        self._early_sound: list[av.Packet[AudioStream]] = []
        self._begun = False

    def open(self, stream: StreamFormat) -> None:
        """Begin every output."""
        for output, queue in self._outputs:
            queue.call(output.open, stream)

    def add(self, frame: ClipFrame, result: Result) -> None:
        """Write a frame to every output, and after the first what there has been of sound."""
        for output, queue in self._outputs:
            queue.call(output.add, frame, result)
        self._begun = True
        while self._early_sound:
            self.add_sound(self._early_sound.pop(0))

    def add_sound(self, packet: "av.Packet[AudioStream]") -> None:
        """Write a packet of sound, or keep it until there has been a frame."""
        if not self._begun:
            self._early_sound.append(packet)
            return
        for output, queue in self._outputs:
            if output.takes_sound:
                queue.call(output.add_sound, packet)

    def finish(self) -> bool:
        """Make every output whole, then give each its name. Return whether something had to be left out."""
        for output, queue in self._outputs:
            queue.call(output.finish)
        for _, queue in self._outputs:
            queue.wait()
        with _telling_why():
            for output, _ in self._outputs:
                output.publish()
        return any(output.damaged for output, _ in self._outputs)

    def __enter__(self) -> "OutputWriting":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, queue in self._outputs:
            queue.stop()
        for output, _ in self._outputs:
            output.discard()


class _Queue:
    """Runs calls on one other thread, in order; a few may wait.

    An error in one is raised by one of the next, and those that wait are dropped: writing on to a file that failed
    can crash ffmpeg.
    """

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, f"segdeck-write-{name}")
        self._waiting: deque[Future[None]] = deque()
        self._broken = False

    def call(self, function: Callable[_P, None], *arguments: _P.args, **named: _P.kwargs) -> None:
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
            with _telling_why():
                self._waiting.popleft().result()

    def stop(self) -> None:
        """Drop the calls that wait, and wait for the one that runs."""
        self._pool.shutdown(cancel_futures=True)


@contextmanager
def _telling_why() -> Iterator[None]:
    """Put into a sentence why a file could not be written."""
    try:
        yield
    except (av.ArgumentError, av.InvalidDataError) as error:
        raise SegdeckError(_NOT_FOR_MP4) from error
    except (OSError, av.FFmpegError) as error:
        raise SegdeckError(f"The result could not be written: {error.strerror or error}.") from error
