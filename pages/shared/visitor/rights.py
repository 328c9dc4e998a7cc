"""What a visitor may change of what others use too."""

from collections.abc import Mapping

import streamlit as st

from pages.shared.server.doors import is_host
from segcore.settings import settings

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def models_locked() -> bool:
    """Tell whether this visitor may only look at the networks that all use."""
    locked = settings().models_locked
    if locked is not None:
        return locked
    return not at_this_computer(st.context.headers, st.context.ip_address, st.get_option("server.address"))


def at_this_computer(headers: Mapping[str, str], ip_address: str | None, listens_on: str | None) -> bool:
    """Tell whether a visitor's browser runs on the server's own computer; in doubt it does not.

    A web server in front of Segdeck may run there too: it says that it passes something on, or names another host.

    Parameters
    ----------
    headers
        Of the visitor's connection.
    ip_address
        Where it comes from; None if that is this computer.
    listens_on
        The server's address; None if it is every one that the computer has.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    passed_on = any(name in ("forwarded", "via") or name.startswith(("x-forwarded-", "x-real-")) for name in headers)
    named = [headers.get("host", ""), headers.get("origin", "//localhost").partition("//")[2]]
    return (
        (listens_on or "").strip("[]") in _LOOPBACK
        and ip_address is None
        and not passed_on
        and all(is_host(one, _LOOPBACK) for one in named)
    )
