"""The Live page: the camera's frames, segmented while one watches."""

from typing import Any, cast

import streamlit as st
from streamlit_webrtc import WebRtcMode, webrtc_streamer
from streamlit_webrtc.config import Translations

from pages.shared.camera.check import camera_check
from pages.shared.camera.connection import Phase
from pages.shared.camera.live_view import LiveView
from pages.shared.camera.webrtc import CAMERA, rtc_configuration
from pages.shared.controls.recipe_picker import pick_recipe
from pages.shared.desk.show import worth_telling
from pages.shared.drawing.surface import works_on_marks
from pages.shared.plain_text import plain
from pages.shared.visitor.session import session

_WORDS: Translations = {
    "start": "START",
    "stop": "STOP",
    "select_device": "Choose camera",
    "media_api_not_available": "This page gets no camera: open it as http://localhost or over https.",
    "device_ask_permission": "Please allow the camera: your browser is asking.",
    "device_not_available": "The camera is missing, or another program has it: close that program and try again.",
    "device_access_denied": "The camera was refused: click the icon left of the address, allow it, and press START.",
}


@st.fragment
def controls(live: LiveView) -> None:
    recipe = pick_recipe("live")
    if works_on_marks(recipe):
        st.caption("Here the box is set under Fine-tune. On Photo and Video it is drawn, and kept for this page.")
    live.apply(recipe)


def say_phase(phase: Phase) -> None:
    if phase is Phase.IDLE:
        st.caption(
            "Press START and allow the camera. Pictures are segmented on this Segdeck and sent back; none is stored."
        )
    elif phase is Phase.CONNECTING:
        st.info("Connecting …", icon=":material/hourglass_top:")
    elif phase is Phase.AGAIN:
        st.info("No picture has come for 10 seconds. Trying the connection once more …", icon=":material/sync:")
    elif phase is Phase.FAILED:
        st.warning(
            "There is no connection to the camera's picture; it was tried twice. Press STOP and START to try again. If "
            "that does not help, a firewall or another network may be in between: try the same network as Segdeck, or "
            "ask whoever runs it to set SEGDECK_ICE_SERVERS.",
            icon=":material/wifi_off:",
        )


@st.fragment(run_every=1)
def show_state(live: LiveView) -> None:
    """Say how the connection is doing and, while frames come, what is measured of them."""
    now = live.processor.status()
    if now.error:
        st.error(plain(now.error), icon=":material/error:")
    if live.look():
        st.rerun()
    say_phase(live.phase)
    if live.phase is not Phase.SHOWN or now.error:
        return
    if now.note:
        st.info(plain(now.note), icon=":material/hourglass_top:")
    with st.container(horizontal=True, key="measures"):
        st.metric("Pictures per second", f"{now.frames_per_s:.0f}")
        st.metric("Delay", f"{now.delay_ms:.0f} ms", help="Inside Segdeck. The network comes on top.")
        if now.objects is not None:
            st.metric("Objects", now.objects)
        for name, percent in worth_telling(now.coverage_percent).items():
            st.metric(plain(name.capitalize()), f"{percent:.0f} %", help="The share of the picture that it covers.")
    stages = " · ".join(f"{stage} {ms:.1f} ms" for stage, ms in now.timings_ms.items())
    st.caption(f"One picture takes: {stages}" if stages else "Starting …")


st.title("Live")
st.caption("Your camera, segmented while you watch: people, colours, things that move.")
live = session().get(LiveView)
picture, settings = st.columns([3, 2], gap="large")
with settings:
    controls(live)
with picture:
    camera_check(key="camera")
    live.look()
    live.player = webrtc_streamer(
        key="live",
        mode=WebRtcMode.SENDRECV,
        video_processor_factory=cast(Any, lambda: live.processor),  # it has the method, not the base class
        async_processing=False,  # LiveProcessor has a thread of its own, and never lets a raw frame through
        media_stream_constraints=CAMERA,
        rtc_configuration=rtc_configuration(),
        video_html_attrs={"autoPlay": True, "playsInline": True, "muted": True, "style": {"width": "100%"}},
        translations=_WORDS,
        sendback_audio=False,
        desired_playing_state=live.connection.desired,
        media_toggle_controls=False,
    )
    show_state(live)
