"""Watches over a connection to a camera: whether frames come, and whether to try once more."""

from dataclasses import dataclass
from enum import Enum

_PATIENCE_S = 10  # without a frame
_CALM_S = 1  # after a stop: a player that is told to start while it still tells of its stop starts twice, and fails
_START_S = 10  # for the browser to stop and to begin anew, which it can't if the camera has gone


class Phase(Enum):
    """How a connection is doing."""

    IDLE = "nobody pressed START"
    CONNECTING = "on the way to the first frame"
    AGAIN = "no frame came; on the way once more"
    FAILED = "no frame came, twice"
    SHOWN = "frames come"


@dataclass
class Connection:
    """The connection of one visit.

    Attributes
    ----------
    phase
        How it is doing.
    desired
        What the player is told: True to start, False to stop, None to do what its buttons say.
    """

    phase: Phase = Phase.IDLE
    desired: bool | None = None
    _since_s: float = 0
    _stopped_s: float | None = None

    def look(self, *, active: bool, last_frame_s: float | None, now_s: float) -> bool:
        """Take note of how things are.

        Parameters
        ----------
        active
            Whether the player is connecting or connected, as far as it knows.
        last_frame_s
            When the newest frame came; None before the first.
        now_s
            The time, by the same clock.

        Returns
        -------
        bool
            Whether `desired` has changed, so that the player must be told.
        """
        before = self.desired
        if self.desired is None:
            self._watch(active, last_frame_s, now_s)
        elif self.desired is active is False:
            self._start_again(now_s)
        elif self.desired is active or now_s - self._since_s > _START_S:
            self.desired, self._since_s = None, now_s  # a player that does not obey gets its buttons back, too
        return self.desired is not before

    def _start_again(self, now_s: float) -> None:
        """Have a player that has stopped started, once it is calm."""
        if self._stopped_s is None:
            self._stopped_s = now_s
        elif now_s - self._stopped_s >= _CALM_S:
            self.desired, self._since_s, self._stopped_s = True, now_s, None

    def _watch(self, active: bool, last_frame_s: float | None, now_s: float) -> None:
        if not active:
            self.phase = Phase.IDLE
            return
        if self.phase is Phase.IDLE:
            self.phase, self._since_s = Phase.CONNECTING, now_s
        if last_frame_s is not None and now_s - last_frame_s <= _PATIENCE_S:
            self.phase, self._since_s = Phase.SHOWN, last_frame_s
        elif now_s - self._since_s > _PATIENCE_S:
            if self.phase in (Phase.AGAIN, Phase.FAILED):
                self.phase = Phase.FAILED
            else:
                self.phase, self.desired, self._since_s = Phase.AGAIN, False, now_s
