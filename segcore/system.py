"""What only some systems can: locks on files and limits on memory. POSIX has both; elsewhere there are none."""

try:
    import fcntl
    import resource
except ImportError:  # Windows
    _POSIX = False
else:
    _POSIX = True


def try_lock(descriptor: int) -> bool:
    """Lock an open file, for as long as it is open; tell whether nobody else has it locked.

    The lock goes with the process that holds it, however that ends. Without locks every file counts as another's.
    """
    if not _POSIX:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def limit_memory(addresses_bytes: int) -> None:
    """Limit this process's addresses, and let it leave no core file."""
    if _POSIX:
        resource.setrlimit(resource.RLIMIT_AS, (addresses_bytes, addresses_bytes))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
