"""What size is sent, of a line's width and a machine's speed."""

from hypothesis import given
from hypothesis import strategies as st

from pages.shared.camera.fitting import Fit

SECOND = 30


def run(fit: Fit, seconds: float, *, bit_rate: int, wants: int, encode_s: float, start_s: float = 0) -> tuple[int, int]:
    """Send 1280x720 for a while; the line is as wide, the picture as lively and the machine as slow as given.

    ``wants`` are the bits of one picture at full size, ``encode_s`` the seconds that it takes there.
    """
    size = (0, 0)
    for number in range(round(seconds * SECOND)):
        size = fit.size(1280, 720, bit_rate, start_s + number / SECOND)
        share = size[0] * size[1] / (1280 * 720)
        fit.took(encode_s * share, round(min(wants * share, bit_rate / SECOND)), bit_rate)
    return size


def test_a_wide_line_and_a_fast_machine_get_the_full_size_from_the_first_picture_on() -> None:
    fit = Fit()
    for second in range(20):
        assert run(fit, 1, bit_rate=3_000_000, wants=200_000, encode_s=0.01, start_s=second) == (1280, 720)


def test_a_narrow_line_gets_less_the_narrower_it_is() -> None:
    widths = [
        run(Fit(), 10, bit_rate=rate, wants=200_000, encode_s=0.01)[0] for rate in (900_000, 600_000, 250_000, 150_000)
    ]
    assert widths == [960, 640, 480, 480]


def test_a_quiet_picture_keeps_its_size_on_any_line() -> None:
    assert run(Fit(), 20, bit_rate=400_000, wants=2_000, encode_s=0.01) == (1280, 720)


def test_a_machine_that_takes_too_long_sends_less() -> None:
    assert run(Fit(), 20, bit_rate=3_000_000, wants=50_000, encode_s=0.1) == (960, 540)
    assert run(Fit(), 20, bit_rate=3_000_000, wants=50_000, encode_s=0.2) == (640, 360)


def test_it_is_large_again_after_a_while_with_room_and_not_before() -> None:
    fit = Fit()
    small = run(fit, 10, bit_rate=300_000, wants=200_000, encode_s=0.01)
    assert small < (1280, 720)
    assert run(fit, 3, bit_rate=3_000_000, wants=200_000, encode_s=0.01, start_s=10) == small
    assert run(fit, 20, bit_rate=3_000_000, wants=200_000, encode_s=0.01, start_s=13) == (1280, 720)


@given(
    bit_rate=st.integers(150_000, 6_000_000),
    wants=st.integers(1_000, 400_000),
    encode_s=st.floats(0.001, 0.3),
)
def test_it_settles(bit_rate: int, wants: int, encode_s: float) -> None:
    fit = Fit()
    given = {"bit_rate": bit_rate, "wants": wants, "encode_s": encode_s}
    run(fit, 30, **given)
    sizes = {run(fit, 1, **given, start_s=30 + second) for second in range(30)}
    assert len(sizes) == 1, "it goes up and down"


@given(width=st.integers(16, 4000), height=st.integers(16, 4000))
def test_any_frame_gets_a_size_that_can_be_sent(width: int, height: int) -> None:
    fit = Fit()
    for number in range(60):
        sent = fit.size(width, height, 1, number / SECOND)
        fit.took(1.0, 1_000_000, 1)
        assert min(sent) >= 16
        if sent != (width, height):
            assert sent < (width, height)
            assert sent[0] % 2 == sent[1] % 2 == 0
