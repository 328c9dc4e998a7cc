import threading
import time
from collections.abc import Callable
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from segcore.errors import SegdeckError
from segcore.live import LiveProcessor
from segcore.methods.color_range import ColorRange, ColorRangeOptions
from segcore.overlays import Overlay
from segcore.overlays.cut_out import CutOut
from segcore.overlays.tint import Tint
from segcore.picture.canvas import Canvas
from segcore.picture.color_tags import BT601
from segcore.picture.notice import notice
from segcore.pipeline import Pipeline, Result, build_pipeline
from segcore.recipe import Recipe, ready_recipes
from tests.clips import picture

REDS = ColorRangeOptions(ranges=(ColorRange(name="red", color="#00ff00", low=(172, 110, 70), high=(8, 255, 255)),))
BACKGROUND = (60, 100)  # a pixel that is never red


def pipeline(overlay: Overlay) -> Pipeline:
    return build_pipeline(Recipe(title="Test", segmenter=REDS, overlay=overlay))


def cut_out(color: str) -> Pipeline:
    """Return a pipeline that shows this colour wherever there is no red."""
    return pipeline(CutOut(color=color))


class Gate(Pipeline):
    """A pipeline that tells when it works on a frame, and goes on when it is let."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        self.entered, self.open = threading.Semaphore(0), threading.Semaphore(0)

    def on_canvas(self, canvas: Canvas) -> Result:
        self.entered.release()
        assert self.open.acquire(timeout=60)
        return super().on_canvas(canvas)


class Failing(Pipeline):
    """A pipeline that fails on every frame while told to."""

    error: Exception | None = None

    def on_canvas(self, canvas: Canvas) -> Result:
        if self.error:
            raise self.error
        return super().on_canvas(canvas)


def gate(overlay: Overlay) -> Gate:
    return Gate(Recipe(title="Gate", segmenter=REDS, overlay=overlay))


def camera(number: int = 0) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24").reformat(format="yuv420p")
    frame.pts, frame.time_base = number * 3000, Fraction(1, 90_000)
    return frame


def seen(frame: av.VideoFrame) -> np.ndarray:
    return cv2.cvtColor(frame.to_ndarray(format="yuv420p"), cv2.COLOR_YUV2BGR_I420)


def shows_background_in(frame: av.VideoFrame, color: tuple[int, int, int]) -> bool:
    return bool(np.abs(seen(frame)[BACKGROUND].astype(int) - color).max() < 12)


def shows_raw(frame: av.VideoFrame) -> bool:
    return shows_background_in(frame, (150, 90, 60))


def is_notice(frame: av.VideoFrame, message: str) -> bool:
    return bool((seen(frame) == notice(message, frame.height, frame.width).bgr()).all())


def send_until(live: LiveProcessor, wanted: Callable[[av.VideoFrame], bool]) -> list[av.VideoFrame]:
    """Send frames until a wanted one comes back, and return all that came; they are checked by the caller."""
    came, end = [], time.monotonic() + 60
    while time.monotonic() < end:
        came.append(live.recv(camera(len(came))))
        if wanted(came[-1]):
            return came
    raise AssertionError(f"no wanted frame among {len(came)}")


def workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "segdeck-live"]


def all_workers_end() -> bool:
    for thread in workers():
        thread.join(60)
    return not workers()


@pytest.fixture
def live() -> LiveProcessor:
    processor = LiveProcessor()
    yield processor
    processor.on_ended()
    assert all_workers_end()


GREEN, BLUE = (0, 255, 0), (255, 0, 0)


def test_a_camera_frame_is_what_the_tests_take_for_raw() -> None:
    assert shows_raw(camera())


def test_the_first_frame_is_a_notice_and_never_the_raw_one(live: LiveProcessor) -> None:
    slow = gate(CutOut(color="#00ff00"))
    live.use(slow)
    first = live.recv(camera())
    assert is_notice(first, "Starting…")
    assert slow.entered.acquire(timeout=60)
    assert is_notice(live.recv(camera(1)), "Starting…")
    slow.open.release(100)
    came = send_until(live, lambda frame: shows_background_in(frame, GREEN))
    assert not [frame for frame in came if shows_raw(frame)]


def test_without_a_pipeline_there_is_a_notice(live: LiveProcessor) -> None:
    assert is_notice(live.recv(camera()), "Starting…")
    live.refuse("The network is not installed.")
    assert is_notice(live.recv(camera()), "The network is not installed.")
    assert live.status().error == "The network is not installed."
    live.use(cut_out("#00ff00"))
    assert live.status().error == ""
    send_until(live, lambda frame: shows_background_in(frame, GREEN))


def test_recv_never_waits_for_a_slow_pipeline(live: LiveProcessor) -> None:
    slow = gate(CutOut(color="#00ff00"))
    live.use(slow)
    live.recv(camera())
    assert slow.entered.acquire(timeout=60)  # it is at work now, and stays so
    for number in range(50):
        live.recv(camera(number))
    slow.open.release(100)


def test_a_slow_pipeline_gets_the_newest_frame(live: LiveProcessor) -> None:
    slow = gate(Tint(strength=1))
    live.use(slow)
    live.recv(camera(0))
    assert slow.entered.acquire(timeout=60)
    for number in range(1, 31):
        live.recv(camera(number))
    slow.open.release()
    assert slow.entered.acquire(timeout=60)  # at work on the second: the first's result is there
    slow.open.release()
    live.recv(camera(30))
    assert slow.entered.acquire(timeout=60)
    newest = seen(live.recv(camera(30)))
    slow.open.release(100)
    assert newest[45, 4 + 2 * 30 + 15].tolist() == pytest.approx(GREEN, abs=12), "where the square is in frame 30"


def test_after_the_first_frame_of_a_new_recipe_none_of_the_old_follows(live: LiveProcessor) -> None:
    old = gate(CutOut(color="#00ff00"))
    live.use(old)
    live.recv(camera())
    assert old.entered.acquire(timeout=60)
    old.open.release()
    send_until(live, lambda frame: shows_background_in(frame, GREEN))
    while not old.entered.acquire(timeout=0.01):
        live.recv(camera())  # the old one is in the middle of a frame
    live.use(cut_out("#0000ff"))
    old.open.release(100)
    came = send_until(live, lambda frame: shows_background_in(frame, BLUE))
    came += [live.recv(camera(number)) for number in range(20)]
    kinds = ["new" if shows_background_in(frame, BLUE) else "old" for frame in came]
    assert kinds == sorted(kinds, reverse=True)
    assert not [frame for frame in came if shows_raw(frame)]


def test_a_recipe_that_hides_takes_a_shown_raw_picture_away_at_once(live: LiveProcessor) -> None:
    live.use(pipeline(Tint(strength=1)))
    send_until(live, shows_raw)
    hiding = gate(CutOut(color="#00ff00"))
    live.use(hiding)
    came = [live.recv(camera(number)) for number in range(5)]
    hiding.open.release(1000)
    came += send_until(live, lambda frame: shows_background_in(frame, GREEN))
    assert not [frame for frame in came if shows_raw(frame)]
    assert is_notice(came[0], "Starting…")


def test_between_two_that_hide_the_picture_goes_on(live: LiveProcessor) -> None:
    live.use(cut_out("#00ff00"))
    send_until(live, lambda frame: shows_background_in(frame, GREEN))
    slow = gate(CutOut(color="#0000ff"))
    live.use(slow)
    assert shows_background_in(live.recv(camera()), GREEN)
    slow.open.release(1000)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (SegdeckError("This network does not answer."), "This network does not answer."),
        (ZeroDivisionError("secret"), "This look failed on this picture. Choose another one."),
    ],
)
def test_an_error_gives_a_notice_and_the_stream_goes_on(
    error: Exception, message: str, live: LiveProcessor, caplog: pytest.LogCaptureFixture
) -> None:
    failing = Failing(Recipe(title="Failing", segmenter=REDS, overlay=Tint(strength=1)))
    live.use(failing)
    send_until(live, shows_raw)
    failing.error = error
    send_until(live, lambda frame: is_notice(frame, message))
    status = live.status()
    assert (status.error, status.coverage_percent, status.timings_ms) == (message, {}, {})
    assert is_notice(live.recv(camera()), message)
    failing.error = None
    send_until(live, shows_raw)
    assert live.status().error == ""
    assert ("could not be processed" in caplog.text) == isinstance(error, ZeroDivisionError)


def test_an_error_of_the_old_recipe_is_not_told_under_the_new(live: LiveProcessor) -> None:
    old = gate(CutOut(color="#00ff00"))
    live.use(old)
    live.recv(camera())
    assert old.entered.acquire(timeout=60)
    live.refuse("Nothing to see.")
    old.open.release(100)
    assert [live.status().error, is_notice(live.recv(camera()), "Nothing to see.")] == ["Nothing to see.", True]


def test_each_frame_sent_is_an_object_of_its_own(live: LiveProcessor) -> None:
    live.use(cut_out("#00ff00"))
    frames = send_until(live, lambda frame: shows_background_in(frame, GREEN))
    frames += [live.recv(camera(number)) for number in range(5)]
    for number, frame in enumerate(frames):
        frame.pts, frame.time_base = number, Fraction(1, 1000)
    assert [frame.pts for frame in frames] == list(range(len(frames)))


def test_when_a_stream_ends_the_thread_ends_and_a_later_one_starts_anew(live: LiveProcessor) -> None:
    live.use(cut_out("#00ff00"))
    send_until(live, lambda frame: shows_background_in(frame, GREEN))
    live.on_ended()
    assert all_workers_end()
    assert live.status().last_frame_s is None
    assert live.status().frames_per_s == 0
    assert is_notice(live.recv(camera()), "Starting…")
    send_until(live, lambda frame: shows_background_in(frame, GREEN))
    live.on_ended()
    live.on_ended()  # twice does no harm


@pytest.mark.parametrize("answer", ["a result", "an error"])
def test_a_stream_ends_and_the_next_begins_while_a_frame_is_at_work(answer: str, live: LiveProcessor) -> None:
    slow = gate(CutOut(color="#00ff00"))
    live.use(slow)
    live.recv(camera())
    assert slow.entered.acquire(timeout=60)
    if answer == "an error":
        slow.segmenter = None  # type: ignore[attr-defined]
    live.on_ended()  # with the frame at work, this comes back only because it waits for nothing
    assert is_notice(live.recv(camera(1)), "Starting…")
    assert len(workers()) == 1, "two threads at one pipeline"
    assert not slow.entered.acquire(timeout=0.2), "the frame of the new stream waits for that of the old one"
    slow.open.release()
    assert slow.entered.acquire(timeout=60)  # at work on the new stream's frame: the old one's is done
    assert is_notice(live.recv(camera(2)), "Starting…"), "nothing of the old stream is shown"
    assert live.status().error == ""
    slow.open.release(100)
    if answer == "a result":
        send_until(live, lambda frame: shows_background_in(frame, GREEN))


def test_the_figures_are_of_what_is_shown(live: LiveProcessor) -> None:
    assert live.status().last_frame_s is None
    live.use(cut_out("#00ff00"))
    before = time.monotonic()
    send_until(live, lambda _: live.status().frames_per_s > 0 and live.status().delay_ms > 0)
    status = live.status()
    assert status.coverage_percent["red"] == pytest.approx(100 * 900 / 19200, abs=1)
    assert set(status.timings_ms) == {"segment", "refine", "draw", "measure"}
    assert before <= status.last_frame_s <= time.monotonic()
    assert status.delay_ms / 1000 <= time.monotonic() - before


def test_a_note_is_told_a_while_longer_than_it_lasts(live: LiveProcessor) -> None:
    live.use(build_pipeline(ready_recipes()["what_moves"]))
    send_until(live, lambda _: "Learning" in live.status().note)
    send_until(live, lambda _: not live.status().note)
    live.use(cut_out("#00ff00"))
    send_until(live, lambda frame: shows_background_in(frame, GREEN))
    assert live.status().note == ""


def test_the_rate_falls_to_zero_when_no_frames_come(live: LiveProcessor) -> None:
    live.use(cut_out("#00ff00"))
    send_until(live, lambda _: live.status().frames_per_s > 0)
    end = time.monotonic() + 60
    while live.status().frames_per_s > 0 or live.status().delay_ms > 0:
        assert time.monotonic() < end
        threading.Event().wait(0.02)
    assert live.status().coverage_percent, "the last result is still what would be shown"


def test_a_notice_has_the_size_of_the_frame_made_even_and_is_readable() -> None:
    plain = notice("Look here", 121, 161)
    assert (plain.size, plain.matrix) == ((122, 162), BT601)
    image = plain.bgr()
    assert image[2, 2].tolist() == pytest.approx([30, 28, 28], abs=3)
    assert image.max() > 200, "the words are light on dark"
    assert (notice("Other words", 121, 161).bgr() != image).any()


def test_any_size_of_frame_gets_a_notice(live: LiveProcessor) -> None:
    for width, height in [(640, 360), (270, 480), (162, 122), (16, 16)]:
        frame = live.recv(av.VideoFrame(width, height, "yuv420p"))
        assert (frame.width, frame.height) == (width, height)
