"""Takes away what Windows has not, from each Python that starts with this folder in its PYTHONPATH.

It stays Linux: what the standard library itself needs there (SIGKILL, os.getuid, AF_UNIX) can't go.
"""

import os
import signal
import socket
import sys

for module in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[module] = None  # type: ignore[assignment]  # so it can't be imported
for owner, names in (
    (os, ("fork", "forkpty", "register_at_fork", "mkfifo", "chown")),
    (socket, ("send_fds", "recv_fds")),
    (signal, ("SIGCHLD", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM")),
):
    for name in names:
        delattr(owner, name)


def _refuse(*_: object, **__: object) -> None:
    raise OSError("A required privilege is not held by the client")


os.symlink = _refuse  # a Windows computer has it, but not for everybody
