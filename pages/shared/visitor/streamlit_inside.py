"""All that is taken from Streamlit's inside: which session this is, who is connected, what its upload store holds.

Streamlit has no public way to know that a visitor has gone, nor to let go of an uploaded file before the visit ends,
and no public names for the types of an uploaded file and of a container.
`tests/pages/visitor/test_streamlit_inside.py` fails if a next release does these things otherwise.
"""

from streamlit.delta_generator import DeltaGenerator as Container
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileManager

__all__ = ["Container", "UploadedFile", "current_session", "drop_uploads", "is_connected", "let_go", "stored_bytes"]


def current_session() -> str:
    """Return the number of the session for which this script runs."""
    return _session_and_store()[0]


def is_connected(session: str) -> bool:
    """Tell whether a session's browser is there just now."""
    return bool(Runtime.exists() and Runtime.instance().is_active_session(session))


def let_go(file: UploadedFile) -> None:
    """Drop a file that a widget holds. The widget must be a new one in the next run, for it would miss its file."""
    session, store = _session_and_store()
    store.remove_file(session, file.file_id)


def drop_uploads(session: str) -> None:
    """Drop all that widgets of a session hold."""
    if Runtime.exists():
        _in_memory(Runtime.instance().uploaded_file_mgr).remove_session_files(session)


def stored_bytes(session: str) -> int:
    """Return how much widgets of a session hold."""
    files = _in_memory(Runtime.instance().uploaded_file_mgr).file_storage.get(session, {})
    return sum(len(file.data) for file in list(files.values()))


def _session_and_store() -> tuple[str, MemoryUploadedFileManager]:
    context = get_script_run_ctx()
    if context is None:
        raise RuntimeError("no page's script runs on this thread")
    return context.session_id, _in_memory(context.uploaded_file_mgr)


def _in_memory(store: UploadedFileManager) -> MemoryUploadedFileManager:
    if not isinstance(store, MemoryUploadedFileManager):
        raise TypeError("Streamlit keeps uploads otherwise than in memory")
    return store
