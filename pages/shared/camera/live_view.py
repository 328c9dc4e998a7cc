"""What the Live page keeps of a visitor: what works on the frames, the connection, and the recipe in use."""

import time
from dataclasses import dataclass, field
from typing import Any

from streamlit_webrtc import WebRtcStreamerContext

from pages.shared.camera.connection import Connection, Phase
from pages.shared.camera.webrtc import logger
from pages.shared.server import failures
from segcore.live import LiveProcessor
from segcore.pipeline import build_pipeline
from segcore.recipe import Recipe


@dataclass
class LiveView:
    """The camera of one visitor.

    Attributes
    ----------
    processor
        Works on the frames.
    connection
        Watches whether they come.
    player
        What streamlit-webrtc knows of its player; None before it was first shown.
    """

    processor: LiveProcessor = field(default_factory=LiveProcessor)
    connection: Connection = field(default_factory=Connection)
    player: WebRtcStreamerContext[Any, Any] | None = None
    _recipe: Recipe | None = None

    def apply(self, recipe: Recipe) -> None:
        """Hand the recipe to the running stream; what it needs is ready before the next frame sees it."""
        if self._recipe == recipe and not self.processor.status().error:
            return
        try:
            self.processor.use(build_pipeline(recipe))
        except Exception as error:
            self.processor.refuse(failures.in_words(error))
            self._recipe = None
        else:
            self._recipe = recipe

    def look(self) -> bool:
        """Watch the connection; return whether the player must be told something."""
        state = self.player.state if self.player else None
        told = self.connection.look(
            active=state is not None and (state.playing or state.signalling),
            last_frame_s=self.processor.status().last_frame_s,
            now_s=time.monotonic(),
        )
        if told and self.connection.desired is False:
            logger.info("no frame came: the connection is tried once more")
        return told

    @property
    def phase(self) -> Phase:
        """How the connection is doing."""
        return self.connection.phase
