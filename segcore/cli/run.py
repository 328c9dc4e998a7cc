"""``segdeck run``: the dashboard."""

import os
import socket
import subprocess
import sys
from math import ceil
from typing import Annotated

import typer

from segcore.errors import SegdeckError
from segcore.files.work_folder import prepare_work_dir
from segcore.settings import APP_DIR, settings


def run(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8501,
) -> None:
    """Start the dashboard; open the address that it prints."""
    prepare_work_dir(settings().work_dir)  # what is wrong is said before anything starts
    _check_free("127.0.0.1", port)
    command = [sys.executable, "-m", "streamlit", "run", str(APP_DIR / "app.py"), "--server.port", str(port)]
    longest_s = ceil(60 * max(settings().keep_minutes, settings().keep_result_minutes))
    command += ["--server.disconnectedSessionTTL", str(longest_s)]  # a visitor's files are known to the session only
    command += ["--server.maxUploadSize", str(max(20, settings().max_photo_mb))]  # 20 for recipes with a background
    environment = {
        **os.environ,
        "SEGDECK_MODELS_DIR": str(settings().models_dir.absolute()),  # the server runs in another folder
        "SEGDECK_WORK_DIR": str(settings().work_dir.absolute()),
    }
    raise typer.Exit(subprocess.run(command, cwd=APP_DIR, env=environment, check=False).returncode)


def _check_free(host: str, port: int) -> None:
    """Refuse an address that can't be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as free:
            if os.name == "posix":  # as the server does; elsewhere a port could then be taken twice
                free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(address)
    except OSError as error:
        raise SegdeckError(f"Port {port} can't be used ({error.strerror}); choose another with --port.") from None
