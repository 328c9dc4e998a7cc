"""A connection is tried once more by itself, and never started by anything but START."""

import pytest

from pages.shared.camera.connection import Connection, Phase


class Player:
    """What the browser's player does with what it is told, and the clock."""

    def __init__(self, *, obeys: bool = True, camera: bool = True) -> None:
        self.connection, self.obeys, self.camera = Connection(), obeys, camera
        self.active, self.now_s, self.starts, self.last_frame_s = False, 1000.0, 0, None

    def press_start(self) -> None:
        self.active, self.starts = True, self.starts + 1

    def press_stop(self) -> None:
        self.active, self.last_frame_s = False, None

    def wait(self, seconds: int, *, pictures: bool = False) -> list[Phase]:
        """Let time pass, a second at a time; return the phases, each once."""
        phases = []
        for _ in range(seconds):
            self.now_s += 1
            if pictures and self.active:
                self.last_frame_s = self.now_s
            self.connection.look(active=self.active, last_frame_s=self.last_frame_s, now_s=self.now_s)
            phases.append(self.connection.phase)
            if self.obeys and self.connection.desired is False and self.active:
                self.press_stop()
            elif self.obeys and self.connection.desired is True and not self.active and self.camera:
                self.press_start()
        return [phase for before, phase in zip([None, *phases], phases, strict=False) if phase is not before]


def test_nothing_starts_before_start_is_pressed() -> None:
    player = Player()
    assert player.wait(100) == [Phase.IDLE]
    assert (player.starts, player.connection.desired) == (0, None)


def test_without_a_picture_it_is_tried_once_more_and_then_said() -> None:
    player = Player()
    player.press_start()
    assert player.wait(100) == [Phase.CONNECTING, Phase.AGAIN, Phase.FAILED]
    assert (player.starts, player.active, player.connection.desired) == (2, True, None)


def test_a_picture_ends_the_wait_and_may_still_come_late() -> None:
    player = Player()
    player.press_start()
    assert player.wait(5) == [Phase.CONNECTING]
    assert player.wait(20, pictures=True) == [Phase.SHOWN]
    late = Player()
    late.press_start()
    late.wait(100)
    assert late.wait(3, pictures=True) == [Phase.SHOWN]


def test_pictures_that_stop_are_tried_for_once_more_and_again_after_new_ones() -> None:
    player = Player()
    player.press_start()
    for starts in (2, 3):
        player.wait(20, pictures=True)
        assert player.wait(14) == [Phase.SHOWN, Phase.AGAIN]
        assert player.starts == starts


@pytest.mark.parametrize("seconds", [3, 9, 11, 12, 40])
def test_stop_is_never_undone(seconds: int) -> None:
    player = Player()
    player.press_start()
    player.wait(seconds)
    while player.connection.desired is not None:
        player.wait(1)  # the buttons are hidden while the player is told what to do
    starts = player.starts
    player.press_stop()
    assert player.wait(60)[-1] is Phase.IDLE
    assert player.starts == starts


@pytest.mark.parametrize("kind", [{"obeys": False}, {"camera": False}])
def test_a_player_that_does_not_start_gets_its_buttons_back(kind: dict[str, bool]) -> None:
    player = Player(**kind)
    player.press_start()
    player.wait(60)
    assert player.connection.desired is None


def test_a_player_is_told_to_start_only_once_it_is_calm_after_its_stop() -> None:
    connection = Connection()
    connection.look(active=True, last_frame_s=None, now_s=0)
    assert connection.look(active=True, last_frame_s=None, now_s=11)
    assert connection.desired is False
    for moment_s in (11.4, 11.5, 11.9):  # its news of the stop run the page, more than once
        assert not connection.look(active=False, last_frame_s=None, now_s=moment_s)
    assert connection.look(active=False, last_frame_s=None, now_s=12.5)
    assert connection.desired is True
