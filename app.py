"""Segdeck's entry: what happens at start-up and shut-down, and the routes for visitors' files. No logic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from pages.shared import webrtc
from pages.shared.files import serve_file
from pages.shared.upload_guard import UploadGuard
from pages.shared.uploads import take_upload
from pages.shared.visits import open_visits
from segcore.pipeline import use_one_thread_each


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any]]:
    """Keep visits while the server runs, and let pictures through at full size."""
    use_one_thread_each()
    webrtc.raise_bit_rates()
    webrtc.drop_late_frames()
    with open_visits():
        yield {}


app = st.App(
    "pages/main.py",
    lifespan=lifespan,
    routes=[Route("/files/{token}", serve_file), Route("/upload/{token}", take_upload, methods=["PUT"])],
    middleware=[Middleware(UploadGuard)],
)
