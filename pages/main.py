"""Page config and navigation. Every page has a path of its own; the bare address leads to Live."""

import streamlit as st

from pages.shared.visitor.tab import remember_visit

_STYLE = """<style>
.stMainBlockContainer { padding-top: 4.5rem; padding-bottom: 3rem; }
.stMainBlockContainer h1 { font-size: 2rem; padding-bottom: 0.2rem; }
[data-testid=stCaptionContainer] { color: #4b5058; opacity: 1; }
.stMainBlockContainer [data-testid=stMetricValue] { font-size: 1.6rem; }
.st-key-models h3 { font-size: 1.25rem; padding-bottom: 0; }
.st-key-pages { position: fixed; top: 1.2rem; left: 10rem; width: auto; z-index: 1000000; /* above the header */ }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-top: 4rem; }
  .st-key-pages { position: static; gap: 0.5rem; }
  .st-key-pages span:has(> [data-testid=stIconMaterial]) { display: none; /* all in one row */ }
}
</style>"""

live = st.Page("live.py", title="Live", icon=":material/videocam:", url_path="live")
photo = st.Page("photo.py", title="Photo", icon=":material/photo_camera:", url_path="photo")
video = st.Page("video.py", title="Video", icon=":material/movie:", url_path="video")
models = st.Page("models.py", title="Models", icon=":material/neurology:", url_path="models")


def start() -> None:
    st.switch_page(live)


st.set_page_config(page_title="Segdeck", page_icon="pages/assets/icon.svg", layout="wide")
st.html(_STYLE)
st.logo("pages/assets/logo.svg", size="large")
home = st.Page(start, title="Segdeck", default=True, visibility="hidden")
page = st.navigation([home, live, photo, video, models], position="hidden")
with st.container(horizontal=True, key="pages"):  # Streamlit's own menu stays open over a phone's page
    for one in (live, photo, video, models):
        st.page_link(one)
page.run()
remember_visit()
