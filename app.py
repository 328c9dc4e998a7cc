"""Segdeck's entry: what happens at start-up and shut-down, its doors, and the route to finished videos. No logic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from pages.shared import failures, webrtc
from pages.shared.doors import Doors
from pages.shared.files import remove_stale_workspaces, serve_file
from segcore.pipeline import use_one_thread_each


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any]]:
    """Sweep up what a server that was killed left behind, and let pictures through at full size."""
    failures.keep_names_out_of_the_log()
    remove_stale_workspaces()
    use_one_thread_each()
    webrtc.raise_bit_rates()
    webrtc.drop_late_frames()
    yield {}


app = st.App(
    "pages/main.py",
    lifespan=lifespan,
    routes=[Route("/files/{token}", serve_file)],
    middleware=[Middleware(Doors)],
    on_script_error=failures.show,
)
