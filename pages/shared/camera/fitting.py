"""Chooses smaller frames where the line, or the machine, can't carry large ones, and larger ones again later."""

from fractions import Fraction

_SIZES = (Fraction(1), Fraction(3, 4), Fraction(1, 2), Fraction(3, 8))  # of a side
_SHORTEST_PX = 16
_RATE = 30
_BITS_PER_PIXEL = 0.04  # enough for any frame; with fewer a codec leaves frames out
_SLOWEST_S = 1 / 15  # a frame that takes longer to encode is too large for this machine
ROOM = 1.3  # more than this must there be for larger frames ...
PATIENCE_S = 4  # ... for so long: each change of size or rate begins with a key frame, which is large


class Fit:
    """Chooses the size of the next frame."""

    def __init__(self) -> None:
        self._step = 0
        self._encode_s = 0.0  # running means, of one frame at the present size
        self._bits = 0.0
        self._room_since_s: float | None = None

    def took(self, encode_s: float, bits: int, bit_rate: int) -> None:
        """Take note of what a frame took: seconds, and bits where the line carries ``bit_rate`` a second."""
        self._encode_s += 0.03 * (encode_s - self._encode_s)  # over a second: others may want the cores for a moment
        self._bits += 0.1 * (min(bits, 3 * bit_rate / _RATE) - self._bits)  # a key frame counts for three at most

    def size(self, width: int, height: int, bit_rate: int, now_s: float) -> tuple[int, int]:
        """Choose the size to send.

        Parameters
        ----------
        width, height
            Of the frame, in pixels.
        bit_rate
            What the line carries, in bits per second.
        now_s
            The time, by a clock that never goes back.

        Returns
        -------
        tuple[int, int]
            Width and height in pixels; the frame's own, or smaller and even.
        """
        while self._step + 1 < len(_SIZES) and not self._fits(self._step, width * height, bit_rate):
            self._to(self._step + 1)
        if self._step and self._fits(self._step - 1, width * height, bit_rate / ROOM, _SLOWEST_S / ROOM):
            self._room_since_s = now_s if self._room_since_s is None else self._room_since_s
            if now_s - self._room_since_s > PATIENCE_S:
                self._to(self._step - 1)
        else:
            self._room_since_s = None
        side = _SIZES[self._step]
        if side == 1 or min(width, height) * side < _SHORTEST_PX:
            return width, height
        return round(width * side / 2) * 2, round(height * side / 2) * 2

    def _fits(self, step: int, pixels: int, bit_rate: float, slowest_s: float = _SLOWEST_S) -> bool:
        share = float(_SIZES[step] / _SIZES[self._step]) ** 2
        enough = float(_SIZES[step]) ** 2 * pixels * _BITS_PER_PIXEL
        wanted = min(enough, 1.25 * self._bits * share) * _RATE  # a quiet scene wants less than a lively one
        return wanted <= bit_rate and self._encode_s * share <= slowest_s

    def _to(self, step: int) -> None:
        share = float(_SIZES[step] / _SIZES[self._step]) ** 2
        self._encode_s, self._bits = self._encode_s * share, self._bits * share
        self._step, self._room_since_s = step, None
