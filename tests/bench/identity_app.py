"""The Live page's yardstick: the smallest app that sends the camera's frames back, at the same bit rates.

Its relay queues frames as streamlit-webrtc lets it; Segdeck's drops late ones.
"""

import av
from streamlit_webrtc import WebRtcMode, webrtc_streamer

from pages.shared.camera.webrtc import CAMERA, adapt_bit_rates, rtc_configuration


def same(frame: av.VideoFrame) -> av.VideoFrame:
    return frame


adapt_bit_rates()
webrtc_streamer(
    key="identity",
    mode=WebRtcMode.SENDRECV,
    video_frame_callback=same,
    async_processing=False,
    media_stream_constraints=CAMERA,
    rtc_configuration=rtc_configuration(),
    video_html_attrs={"autoPlay": True, "playsInline": True, "muted": True, "style": {"width": "100%"}},
    translations={"start": "START"},
    media_toggle_controls=False,
)
