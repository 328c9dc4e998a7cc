"""``segdeck run``: the dashboard."""

import json
import os
import socket
import subprocess
import sys
from ipaddress import ip_address
from math import ceil
from typing import Annotated

import typer

from segcore.errors import SegdeckError, quote
from segcore.files.work_folder import prepare_work_dir
from segcore.settings import APP_DIR, settings


def run(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8501,
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on, instead of this computer's own.")
    ] = None,
) -> None:
    """Start the dashboard; open the address that it prints."""
    prepare_work_dir(settings().work_dir)  # what is wrong is said before anything starts
    _check_free(host or "127.0.0.1", port)
    command = [sys.executable, "-m", "streamlit", "run", str(APP_DIR / "app.py"), "--server.port", str(port)]
    longest_s = ceil(60 * max(settings().keep_minutes, settings().keep_result_minutes))
    command += ["--server.disconnectedSessionTTL", str(longest_s)]  # a visitor's files are known to the session only
    command += ["--server.maxUploadSize", str(max(20, settings().max_photo_mb))]  # 20 for recipes with a background
    environment = {
        **os.environ,
        "SEGDECK_MODELS_DIR": str(settings().models_dir.absolute()),  # the server runs in another folder
        "SEGDECK_WORK_DIR": str(settings().work_dir.absolute()),
    }
    if host:
        command += ["--server.address", host]
        environment["SEGDECK_HOSTS"] = json.dumps(_names_with(host))
    raise typer.Exit(subprocess.run(command, cwd=APP_DIR, env=environment, check=False).returncode)


def _check_free(host: str, port: int) -> None:
    """Refuse an address that can't be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as free:
            if os.name == "posix":  # as the server does; elsewhere a port could then be taken twice
                free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind(address)
    except (socket.gaierror, UnicodeError):  # UnicodeError: no name can be so
        raise SegdeckError(f"There is no address {quote(host)}; choose another with --host.") from None
    except OSError as error:
        remedy = "choose another with --port, or another address with --host"
        raise SegdeckError(f"Port {port} can't be used ({error.strerror}); {remedy}.") from None


def _names_with(host: str) -> list[str]:
    """Return the names by which browsers may reach the server, with the address that it listens on."""
    names = list(settings().hosts)
    if not _is_every_address(host):
        return [*names, host]
    known = ", ".join(names)
    print(f"Browsers are answered by these names only: {known}; SEGDECK_HOSTS changes them.", file=sys.stderr)
    return names


def _is_every_address(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:  # a name
        return False
