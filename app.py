"""Segdeck's entry: what happens at start-up and shut-down, its doors, and the routes for visitors' files. No logic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from pages.shared.camera import webrtc
from pages.shared.server import failures
from pages.shared.server.doors import Doors
from pages.shared.server.upload_guard import UploadGuard
from pages.shared.visitor.files import serve_file
from pages.shared.visitor.uploads import take_upload
from pages.shared.visitor.visits import open_visits
from segcore.processes import worker
from segcore.processes.set_up import set_up_process


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, Any]]:
    """Keep visits while the server runs, and let frames through at full size."""
    failures.keep_names_out_of_the_log()
    worker.start()
    set_up_process()
    webrtc.adapt_bit_rates()
    webrtc.drop_late_frames()
    webrtc.log_states()
    with open_visits():
        yield {}


app = st.App(
    "pages/main.py",
    lifespan=lifespan,
    routes=[Route("/files/{token}", serve_file), Route("/upload/{token}", take_upload, methods=["PUT"])],
    middleware=[Middleware(Doors), Middleware(UploadGuard)],
    on_script_error=failures.show,
)
