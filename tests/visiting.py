"""A visit without a browser: what a server sends to a page."""

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

_PATIENCE_S = 60


def title(url: str, page: str) -> str:
    """Open a page, wait until its script has run, and return its title.

    Parameters
    ----------
    url
        Where the server is, such as ``"http://localhost:8501"``.
    page
        The page's path, such as ``"photo"``.

    Raises
    ------
    AssertionError
        If the script failed.
    """
    titles = []
    address = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(address, subprotocols=[Subprotocol("streamlit")], max_size=None) as line:
        question = BackMsg()
        question.rerun_script.page_name = page
        line.send(question.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(line.recv(_PATIENCE_S, decode=False))
            element = answer.delta.new_element
            assert not element.HasField("exception"), element.exception.message
            if element.HasField("heading") and element.heading.tag == "h1":
                titles.append(element.heading.body)
            if answer.HasField("script_finished") and titles:
                return titles[0]
            if answer.HasField("script_finished"):
                assert answer.script_finished != ForwardMsg.FINISHED_WITH_COMPILE_ERROR
