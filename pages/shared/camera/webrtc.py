"""The connection to the browser's camera: at full size from the first second, and what aiortc has no setting for.

All changes of values inside aiortc and streamlit-webrtc are here, each with its reason;
`tests/pages/camera/test_webrtc.py` fails if a release of theirs breaks one.
"""

import itertools
import logging
import time
from types import ModuleType
from typing import Any

import aiortc
import aiortc.codecs
import aiortc.codecs.h264
import aiortc.codecs.vpx
import aiortc.rate
import aiortc.rtcpeerconnection
import av
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender
from aiortc.codecs.base import Encoder
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from aiortc.contrib.media import MediaRelay
from aiortc.rate import AimdRateControl
from aiortc.rtp import AnyRtcpPacket, RtcpRrPacket, RtcpSrPacket
from av.frame import Frame
from av.packet import Packet

from pages.shared.camera.fitting import PATIENCE_S, ROOM, Fit
from segcore.settings import settings

logger = logging.getLogger("segdeck.webrtc")

_START_BPS = 3_000_000
_MAX_BPS = 6_000_000
_MIN_BPS = 150_000
_HARMLESS_LOSS = 0.1  # this and the half of what is lost, below, are libwebrtc's

CAMERA = {
    "video": {"width": {"ideal": 1280}, "height": {"ideal": 720}, "frameRate": {"ideal": 30}},
    "audio": False,
}


class _StartingHigh(AimdRateControl):
    """What the browser may send: as much as at the start until the line is seen to fill up, then what it carries.

    aiortc's own starts from what comes in the first seconds, so frames in which little moves hold down those that
    follow.
    """

    def __init__(self) -> None:
        super().__init__()
        self.set_estimate(_START_BPS, 0)


class FittingEncoder(Encoder):
    """One of aiortc's encoders, given a size that fits. It starts anew, with a key frame, when size or rate change.

    aiortc's own follow the browser's estimate of the line in bits per second, but always at the size of the frame: at
    1280x720 and a few hundred kbit/s hardly a frame comes through.
    """

    def __init__(self, encoder: Vp8Encoder | H264Encoder) -> None:
        self._encoder = encoder
        self._fit = Fit()
        self._settled_s = time.monotonic()

    @property
    def target_bitrate(self) -> int:
        """In bits per second: at most what the browser last said that the line carries."""
        return self._encoder.target_bitrate

    @target_bitrate.setter
    def target_bitrate(self, bit_rate: int) -> None:
        now, held = time.monotonic(), self.target_bitrate
        if bit_rate < held or (bit_rate > held * ROOM and now - self._settled_s > PATIENCE_S):
            self._encoder.target_bitrate = min(bit_rate, round(held * ROOM))
            self._settled_s = now

    def heed_loss(self, share: float) -> None:
        """Send less where packets get lost: a full queue's delay no longer grows, and the estimate sees nothing."""
        if share > _HARMLESS_LOSS:
            self.target_bitrate = round(self.target_bitrate * (1 - share / 2))

    def encode(self, frame: Frame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        """Encode a frame, smaller if it must be. Called on a thread of aiortc's."""
        assert isinstance(frame, av.VideoFrame)
        width, height = self._fit.size(frame.width, frame.height, self.target_bitrate, time.monotonic())
        start = time.monotonic()
        if (width, height) != (frame.width, frame.height):
            frame = frame.reformat(width=width, height=height)
        payloads, timestamp = self._encoder.encode(frame, force_keyframe)
        bits = 8 * sum(len(payload) for payload in payloads)
        self._fit.took(time.monotonic() - start, bits, self.target_bitrate)
        return payloads, timestamp

    def pack(self, packet: "Packet[Any]") -> tuple[list[bytes], int]:
        """Pack a frame that is encoded already, as it is."""
        return self._encoder.pack(packet)


class HeedingSender(RTCRtpSender):
    """aiortc's sender, which makes nothing of the losses that the browser reports."""

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        await super()._handle_rtcp_packet(packet)
        encoder = vars(self)["_RTCRtpSender__encoder"]  # private to aiortc's class; there is no other way to it
        if isinstance(packet, RtcpRrPacket | RtcpSrPacket) and isinstance(encoder, FittingEncoder):
            for report in packet.reports:
                if report.ssrc == self._ssrc:
                    encoder.heed_loss(report.fraction_lost / 256)


def _replace(module: ModuleType, **values: object) -> None:
    """Replace values of a module of aiortc's; each must be there."""
    for name, value in values.items():
        getattr(module, name)
        setattr(module, name, value)


def adapt_bit_rates() -> None:
    """Let 1280x720 through at once, and less where the line or the machine can't carry it.

    aiortc starts at 0.5 to 1 Mbit/s in both directions and climbs slowly, so a browser sends 640x360 for half a
    minute. It has no setting for this; these are its own module values. There is no lower limit: a browser that is
    told of a narrow line makes its frames smaller by itself, and so do these encoders.
    """
    kbps = {"x-google-start-bitrate": _START_BPS, "x-google-max-bitrate": _MAX_BPS}
    for codec in aiortc.codecs.CODECS["video"]:
        if codec.name in ("VP8", "H264"):
            codec.parameters.update({name: str(bps // 1000) for name, bps in kbps.items()})
    for module in (aiortc.codecs.vpx, aiortc.codecs.h264):
        _replace(module, DEFAULT_BITRATE=_START_BPS, MAX_BITRATE=_MAX_BPS, MIN_BITRATE=_MIN_BPS)
    _replace(
        aiortc.codecs,
        Vp8Encoder=lambda: FittingEncoder(Vp8Encoder()),
        H264Encoder=lambda: FittingEncoder(H264Encoder()),
    )
    _replace(aiortc.rate, AimdRateControl=_StartingHigh)
    _replace(aiortc.rtcpeerconnection, RTCRtpSender=HeedingSender)


_number = itertools.count(1)


class _Told(RTCPeerConnection):
    """A connection whose states are in the log, by its number: no address, no name."""

    def __init__(self, configuration: RTCConfiguration | None = None) -> None:
        super().__init__(configuration)
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
    _replace(aiortc, RTCPeerConnection=_Told)


def drop_late_frames() -> None:
    """Let a frame that comes while the one before it is still at work be dropped.

    aiortc's relay queues such frames without end, so on a machine that can't keep up the picture falls behind by
    seconds, and further. streamlit-webrtc has no setting for it; this is the default of aiortc's own argument.
    """
    MediaRelay.subscribe.__defaults__ = (False,)  # buffered


def rtc_configuration() -> dict[str, list[dict[str, str]]]:
    """Return the operator's STUN and TURN servers; on one machine or one network none is needed."""
    return {"iceServers": [{"urls": address} for address in settings().ice_servers]}
