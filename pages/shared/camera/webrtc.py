"""The connection to the browser's camera: at full size from the first second, and what aiortc has no setting for.

All changes of values inside aiortc and streamlit-webrtc are here, each with its reason;
`tests/pages/camera/test_webrtc.py` fails if a release of theirs breaks one.
"""

import itertools
import logging

import aiortc
import aiortc.codecs
import aiortc.codecs.h264
import aiortc.codecs.vpx
import aiortc.rate
import aiortc.rtcpeerconnection
from aiortc import RTCPeerConnection
from aiortc.contrib.media import MediaRelay
from aiortc.rate import AimdRateControl

from pages.shared.camera.fitting import FittingH264Encoder, FittingVp8Encoder, HeedingSender
from segcore.settings import settings

logger = logging.getLogger("segdeck.webrtc")

_START_BPS = 3_000_000
_MAX_BPS = 6_000_000
_MIN_BPS = 150_000

CAMERA = {
    "video": {"width": {"ideal": 1280}, "height": {"ideal": 720}, "frameRate": {"ideal": 30}},
    "audio": False,
}


class _StartingHigh(AimdRateControl):
    """What the browser may send: as much as at the start until the line is seen to fill up, then what it carries.

    aiortc's own starts from what comes in the first seconds, so a picture in which little moves holds down those
    that follow.
    """

    def __init__(self) -> None:
        super().__init__()
        self.set_estimate(_START_BPS, 0)


def adapt_bit_rates() -> None:
    """Let 1280x720 through at once, and less where the line or the machine can't carry it.

    aiortc starts at 0.5 to 1 Mbit/s in both directions and climbs slowly, so a browser sends 640x360 for half a
    minute. It has no setting for this; these are its own module values. There is no lower limit: a browser that is
    told of a narrow line makes its picture smaller by itself, and so do these encoders.
    """
    kbps = {"x-google-start-bitrate": _START_BPS, "x-google-max-bitrate": _MAX_BPS}
    for codec in aiortc.codecs.CODECS["video"]:
        if codec.name in ("VP8", "H264"):
            codec.parameters.update({name: str(bps // 1000) for name, bps in kbps.items()})
    for module in (aiortc.codecs.vpx, aiortc.codecs.h264):
        module.DEFAULT_BITRATE = _START_BPS
        module.MAX_BITRATE = _MAX_BPS
        module.MIN_BITRATE = _MIN_BPS
    aiortc.codecs.Vp8Encoder, aiortc.codecs.H264Encoder = FittingVp8Encoder, FittingH264Encoder
    aiortc.rate.AimdRateControl = _StartingHigh
    aiortc.rtcpeerconnection.RTCRtpSender = HeedingSender


_number = itertools.count(1)


class _Told(RTCPeerConnection):
    """A connection whose states are in the log, by its number: no address, no name."""

    def __init__(self, *options: object) -> None:
        super().__init__(*options)
        self._told_number = next(_number)
        self.on("signalingstatechange", lambda: self._tell("signalling", self.signalingState))
        self.on("iceconnectionstatechange", lambda: self._tell("ICE", self.iceConnectionState))
        self.on("connectionstatechange", lambda: self._tell("the whole", self.connectionState))
        self.on("icegatheringstatechange", self._tell_gathering)

    def _tell(self, what: str, state: str) -> None:
        logger.info("connection %d: %s is %s", self._told_number, what, state)

    def _tell_gathering(self) -> None:
        self._tell("gathering", self.iceGatheringState)
        if self.iceGatheringState == "gathering":  # by now it is settled which transports there are
            for transport in {one.sender.transport for one in self.getTransceivers()}:
                transport.on("statechange", lambda dtls=transport: self._tell("DTLS", dtls.state))


def log_states() -> None:
    """Write the states of each connection to the log, for streamlit-webrtc says nothing of them.

    It takes aiortc's class when it is first imported, which a page does; imported any earlier, Streamlit does not know
    its player.
    """
    logger.setLevel(logging.INFO)
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        logger.addHandler(handler)
    aiortc.RTCPeerConnection = _Told


def drop_late_frames() -> None:
    """Let a frame that comes while the one before it is still at work be dropped.

    aiortc's relay queues such frames without end, so on a machine that can't keep up the picture falls behind by
    seconds, and further. streamlit-webrtc has no setting for it; this is the default of aiortc's own argument.
    """
    MediaRelay.subscribe.__defaults__ = (False,)  # buffered


def rtc_configuration() -> dict[str, list[dict[str, str]]]:
    """Return the operator's STUN and TURN servers; on one machine or one network none is needed."""
    return {"iceServers": [{"urls": address} for address in settings().ice_servers]}
