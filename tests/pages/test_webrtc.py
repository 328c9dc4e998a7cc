import asyncio
import copy
from collections.abc import Iterator

import aiortc.codecs
import pytest
from aiortc import RTCPeerConnection

from pages.shared import webrtc
from segcore.settings import settings


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    kept = copy.deepcopy([codec.parameters for codec in aiortc.codecs.CODECS["video"]])
    modules = (aiortc.codecs.vpx, aiortc.codecs.h264)
    rates = [(module.DEFAULT_BITRATE, module.MAX_BITRATE) for module in modules]
    yield
    for codec, parameters in zip(aiortc.codecs.CODECS["video"], kept, strict=True):
        codec.parameters = parameters
    for module, (start, most) in zip(modules, rates, strict=True):
        module.DEFAULT_BITRATE, module.MAX_BITRATE = start, most


async def answer() -> str:
    """Return what this server answers a browser that offers its camera."""
    browser, server = RTCPeerConnection(), RTCPeerConnection()
    browser.addTransceiver("video")
    await browser.setLocalDescription(await browser.createOffer())
    await server.setRemoteDescription(browser.localDescription)
    await server.setLocalDescription(await server.createAnswer())
    sdp = server.localDescription.sdp
    await browser.setRemoteDescription(server.localDescription)
    await asyncio.gather(browser.close(), server.close())
    return sdp


def test_answer_asks_for_a_full_size_picture_from_the_start() -> None:
    webrtc.raise_bit_rates()
    once = asyncio.run(answer())
    webrtc.raise_bit_rates()
    for sdp in (once, asyncio.run(answer())):
        lines = sdp.splitlines()
        payload = next(line.split()[0].partition(":")[2] for line in lines if line.endswith(" VP8/90000"))
        (settled,) = [line for line in lines if line.startswith(f"a=fmtp:{payload} ")]
        assert settled.count("x-google-start-bitrate=3000") == 1
        assert settled.count("x-google-max-bitrate=6000") == 1


def test_encoders_start_high() -> None:
    webrtc.raise_bit_rates()
    assert aiortc.codecs.vpx.Vp8Encoder().target_bitrate == 3_000_000
    assert aiortc.codecs.h264.H264Encoder().target_bitrate == 3_000_000


def test_ice_servers_are_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    assert webrtc.rtc_configuration() == {"iceServers": []}
    monkeypatch.setenv("SEGDECK_ICE_SERVERS", '["stun:stun.example.org"]')
    settings.cache_clear()
    assert webrtc.rtc_configuration() == {"iceServers": [{"urls": "stun:stun.example.org"}]}
