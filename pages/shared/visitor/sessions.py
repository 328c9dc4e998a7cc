"""All that is asked of Streamlit's inside: which session this is, who is connected, what its upload store holds.

Streamlit has no public way to know that a visitor has gone, nor to let go of an uploaded file before the visit ends.
tests/pages/visitor/test_sessions.py fails if a next release does these things otherwise.
"""

from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile


def current_session() -> str:
    """Return the number of the session for which this script runs."""
    return get_script_run_ctx().session_id


def is_connected(session: str) -> bool:
    """Tell whether a session's browser is there just now."""
    return Runtime.exists() and Runtime.instance().is_active_session(session)


def let_go(file: UploadedFile) -> None:
    """Drop a file that a widget holds. The widget must be a new one in the next run, for it would miss its file."""
    context = get_script_run_ctx()
    context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def drop_uploads(session: str) -> None:
    """Drop all that widgets of a session hold."""
    if Runtime.exists():
        _store().remove_session_files(session)


def stored_bytes(session: str) -> int:
    """Return how much widgets of a session hold."""
    return sum(len(file.data) for file in list(_store().file_storage.get(session, {}).values()))


def _store() -> MemoryUploadedFileManager:
    return Runtime.instance().uploaded_file_mgr
