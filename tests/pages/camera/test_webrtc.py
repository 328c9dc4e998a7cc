import ast
import asyncio
import copy
import importlib.util
import itertools
import re
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import aiortc
import aiortc.codecs
import aiortc.rate
import av
import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, VideoStreamTrack
from aiortc.codecs import depayload, get_decoder, get_encoder
from aiortc.contrib.media import MediaRelay
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket

from pages.shared.camera import webrtc
from segcore.settings import settings
from tests.conftest import ROOT

MODULES = (aiortc.codecs.vpx, aiortc.codecs.h264)


@pytest.fixture(autouse=True)
def _put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set inside the libraries is as before after each test."""
    for codec in aiortc.codecs.CODECS["video"]:
        monkeypatch.setattr(codec, "parameters", copy.deepcopy(codec.parameters))
    values = [(module, f"{name}_BITRATE") for module in MODULES for name in ("DEFAULT", "MIN", "MAX")]
    values += [(aiortc.codecs, "Vp8Encoder"), (aiortc.codecs, "H264Encoder"), (aiortc.rate, "AimdRateControl")]
    values += [
        (aiortc, "RTCPeerConnection"),
        (aiortc.rtcpeerconnection, "RTCRtpSender"),
        (MediaRelay.subscribe, "__defaults__"),
    ]
    for owner, name in values:
        monkeypatch.setattr(owner, name, getattr(owner, name))


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
    webrtc.adapt_bit_rates()
    once = asyncio.run(answer())
    webrtc.adapt_bit_rates()
    for sdp in (once, asyncio.run(answer())):
        lines = sdp.splitlines()
        payload = next(line.split()[0].partition(":")[2] for line in lines if line.endswith(" VP8/90000"))
        (settled,) = [line for line in lines if line.startswith(f"a=fmtp:{payload} ")]
        assert settled.count("x-google-start-bitrate=3000") == 1
        assert settled.count("x-google-max-bitrate=6000") == 1
        assert "x-google-min-bitrate" not in settled, "it would hold the size where the line can't carry it"


@pytest.mark.parametrize("name", ["VP8", "H264"])
def test_encoders_start_high_and_follow_the_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    webrtc.adapt_bit_rates()
    encoder = get_encoder(RTCRtpCodecParameters(mimeType=f"video/{name}", clockRate=90_000, payloadType=100))
    assert encoder.target_bitrate == 3_000_000
    now_s = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    encoder.target_bitrate = 400_000
    assert encoder.target_bitrate == 400_000
    encoder.target_bitrate = 1_000_000
    assert encoder.target_bitrate == 400_000, "not at once: a change begins with a whole picture"
    rates = []
    for _ in range(20):
        now_s += 5
        encoder.target_bitrate = 50_000_000
        rates.append(encoder.target_bitrate)
    assert rates[0] == 520_000, "by steps"
    assert rates[-1] == 6_000_000
    encoder.target_bitrate = 1
    assert encoder.target_bitrate == 150_000


async def rate_after_loss(share: float) -> int:
    """Return the encoder's bit rate after the browser has reported once that this share of the packets was lost."""
    webrtc.adapt_bit_rates()
    browser, server = RTCPeerConnection(), RTCPeerConnection()
    sender = server.addTrack(VideoStreamTrack())
    browser.addTransceiver("video", direction="recvonly")
    await server.setLocalDescription(await server.createOffer())
    await browser.setRemoteDescription(server.localDescription)
    await browser.setLocalDescription(await browser.createAnswer())
    await server.setRemoteDescription(browser.localDescription)
    while not (encoder := sender._RTCRtpSender__encoder):
        await asyncio.sleep(0.01)
    lost = RtcpReceiverInfo(
        ssrc=sender._ssrc,
        fraction_lost=round(share * 256),
        packets_lost=1,
        highest_sequence=1,
        jitter=0,
        lsr=0,
        dlsr=0,
    )
    before = encoder.target_bitrate
    await sender._handle_rtcp_packet(RtcpRrPacket(ssrc=1, reports=[lost]))
    await asyncio.gather(browser.close(), server.close())
    return round(100 * encoder.target_bitrate / before)


@pytest.mark.parametrize(("lost", "percent"), [(0, 100), (0.05, 100), (0.25, 88), (0.5, 75)])
def test_reported_losses_lower_the_rate(lost: float, percent: int) -> None:
    assert asyncio.run(rate_after_loss(lost)) == percent


@pytest.mark.parametrize("name", ["VP8", "H264"])
def test_encoders_send_smaller_pictures_over_a_narrow_line_and_large_ones_again(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    webrtc.adapt_bit_rates()
    codec = RTCRtpCodecParameters(mimeType=f"video/{name}", clockRate=90_000, payloadType=100)
    encoder, decoder = get_encoder(codec), get_decoder(codec)
    now_s = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now_s)  # a machine that encodes in no time
    noise = np.random.default_rng(0).integers(0, 255, (8, 360 * 3 // 2, 640), dtype=np.uint8)
    numbers = itertools.count()

    def sizes(frames: int) -> list[int]:
        nonlocal now_s
        widths = []
        for number in itertools.islice(numbers, frames):
            now_s += 1 / 30
            frame = av.VideoFrame.from_ndarray(noise[number % 8], format="yuv420p")
            frame.pts, frame.time_base = number * 3000, Fraction(1, 90_000)
            payloads, stamp = encoder.encode(frame)
            assert abs(stamp - number * 3000) <= 1
            data = b"".join(depayload(codec, payload) for payload in payloads)
            widths += [one.width for one in decoder.decode(JitterFrame(data=data, timestamp=stamp))]
        return widths

    assert set(sizes(20)) == {640}
    encoder.target_bitrate = 150_000
    assert sizes(30)[-1] == 320
    now_s += 5
    assert set(sizes(30)) == {320}, "time alone makes no room"
    for _ in range(12):
        encoder.target_bitrate = 3_000_000
        sizes(2)
        now_s += 5
        sizes(2)
    assert sizes(2)[-1] == 640


def test_a_receiver_asks_for_less_only_once_the_line_fills_up() -> None:
    webrtc.adapt_bit_rates()

    def asked(delay_grows_ms: float) -> list[int]:
        estimator, said = aiortc.rate.RemoteBitrateEstimator(), []
        for number in range(900):  # 9 s, of 0.5 Mbit/s
            sent_ms = number * 10
            answer = estimator.add(
                abs_send_time=(int(sent_ms / 1000 * (1 << 18)) & 0xFFFFFF),
                arrival_time_ms=1_000_000 + round(sent_ms + max(0, number - 300) * delay_grows_ms),
                payload_size=625,
                ssrc=1,
            )
            said += [answer[0]] if answer else []
        return said

    assert min(asked(0)) >= 3_000_000
    assert min(asked(5)) < 500_000


async def told_states() -> None:
    webrtc.log_states()
    browser, server = RTCPeerConnection(), aiortc.RTCPeerConnection(RTCConfiguration([]))
    browser.addTransceiver("video")
    await browser.setLocalDescription(await browser.createOffer())
    await server.setRemoteDescription(browser.localDescription)
    await server.setLocalDescription(await server.createAnswer())
    await browser.setRemoteDescription(server.localDescription)
    while server.connectionState != "connected":
        await asyncio.sleep(0.01)
    await asyncio.gather(browser.close(), server.close())


def test_the_states_of_a_connection_are_in_the_log_and_no_address(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(told_states())
    text = "\n".join(record.getMessage() for record in caplog.records if record.name == "segdeck.webrtc")
    wanted = ["signalling is stable", "gathering is complete", "ICE is completed", "DTLS is connected"]
    assert [state for state in [*wanted, "the whole is connected", "the whole is closed"] if state not in text] == []
    assert not re.search(r"\d+\.\d+|:.*:", text.replace("connection ", ""))


def test_the_player_uses_the_connection_that_tells_and_is_not_imported_before_a_page() -> None:
    code = """
import sys
import app
assert "streamlit_webrtc" not in sys.modules, "Streamlit would not know the player"
from pages.shared.camera import webrtc
webrtc.log_states()
import streamlit_webrtc.webrtc
assert issubclass(streamlit_webrtc.webrtc.RTCPeerConnection, webrtc._Told)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


class NumberedFrames(VideoStreamTrack):
    """Gives as many frames as it is let to, numbered, and then none for good."""

    def __init__(self, frames: int) -> None:
        super().__init__()
        self._numbers = iter(range(frames))
        self.all_given = asyncio.Event()

    async def recv(self) -> av.VideoFrame:
        number = next(self._numbers, None)
        if number is None:
            self.all_given.set()
            await asyncio.Event().wait()
        frame = av.VideoFrame(16, 16)
        frame.pts = number
        return frame


async def newest_of_five() -> int | None:
    """Return which of five frames is taken next after all have come while the first one was at work."""
    source = NumberedFrames(5)
    track = MediaRelay().subscribe(source)
    await track.recv()
    await source.all_given.wait()
    frame = asyncio.ensure_future(track.recv())
    await asyncio.sleep(0)
    number = frame.result().pts if frame.done() else None
    frame.cancel()
    track.stop()
    return number


def test_a_late_frame_is_dropped() -> None:
    assert asyncio.run(newest_of_five()) == 1, "aiortc keeps them all"
    webrtc.drop_late_frames()
    assert asyncio.run(newest_of_five()) is None


def test_the_player_leaves_it_to_the_relay_whether_frames_are_kept() -> None:
    folder = Path(importlib.util.find_spec("streamlit_webrtc").origin).parent
    calls = [
        node
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "subscribe"
    ]
    assert calls
    assert all(len(call.args) == 1 and not call.keywords for call in calls)


def test_a_value_that_a_library_no_longer_has_is_not_passed_over() -> None:
    with pytest.raises(AttributeError):
        webrtc._replace(aiortc, RTCNoSuchThing=1)


def test_ice_servers_are_the_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    assert webrtc.rtc_configuration() == {"iceServers": []}
    monkeypatch.setenv("SEGDECK_ICE_SERVERS", '["stun:stun.example.org"]')
    settings.cache_clear()
    assert webrtc.rtc_configuration() == {"iceServers": [{"urls": "stun:stun.example.org"}]}
