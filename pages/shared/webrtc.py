"""The connection to the browser's camera: at full size from the first second."""

import aiortc.codecs
import aiortc.codecs.h264
import aiortc.codecs.vpx
from aiortc.contrib.media import MediaRelay

from segcore.settings import settings

_START_BPS = 3_000_000
_MAX_BPS = 6_000_000

CAMERA = {
    "video": {"width": {"ideal": 1280}, "height": {"ideal": 720}, "frameRate": {"ideal": 30}},
    "audio": False,
}


def raise_bit_rates() -> None:
    """Let 1280x720 through at once.

    aiortc starts at 0.5 to 1 Mbit/s in both directions and climbs slowly, so a browser sends 640x360 for half a
    minute. It has no setting for this; these are its own module values.
    """
    kbps = {
        "x-google-start-bitrate": _START_BPS,
        "x-google-min-bitrate": _START_BPS // 2,
        "x-google-max-bitrate": _MAX_BPS,
    }
    for codec in aiortc.codecs.CODECS["video"]:
        if codec.name in ("VP8", "H264"):
            codec.parameters.update({name: str(bps // 1000) for name, bps in kbps.items()})
    for module in (aiortc.codecs.vpx, aiortc.codecs.h264):
        module.DEFAULT_BITRATE = _START_BPS
        module.MAX_BITRATE = _MAX_BPS


def drop_late_frames() -> None:
    """Let a frame that comes while the one before it is still at work be dropped.

    aiortc's relay queues such frames without end, so on a machine that can't keep up the picture falls behind by
    seconds, and further. streamlit-webrtc has no setting for it; this is the default of aiortc's own argument.
    """
    MediaRelay.subscribe.__defaults__ = (False,)  # buffered


def rtc_configuration() -> dict[str, list[dict[str, str]]]:
    """Return the operator's STUN and TURN servers; on one machine or one network none is needed."""
    return {"iceServers": [{"urls": address} for address in settings().ice_servers]}
