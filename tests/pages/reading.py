"""Finding controls by what they say, and reading a page as a person does."""

import re
from typing import Any

from streamlit.testing.v1 import AppTest

_JARGON = re.compile(
    r"\b((?-i:None)|null|dict|tuple|exception|traceback|pydantic|tensor|inference|overlay|segmenter|base64|regex|bool|json"
    r"|boolean|codec|H\.264|thread|sha256|session|widget|pipeline|\w+_\w+)\b|Error:|/tmp|[{}]",
    re.IGNORECASE,
)


def read(app: AppTest) -> AppTest:
    """Check that a page came up and that whatever it says is plain and whole."""
    assert not app.exception, app.exception[0].stack_trace
    for note in (*app.error, *app.warning):
        assert re.fullmatch(r"[^\n]+[.!?]", note.value), note.value
    said = [note.value for note in (*app.error, *app.warning, *app.info, *app.caption)]
    for kind in ("slider", "selectbox", "text_input", "color_picker", "button", "file_uploader", "download_button"):
        controls = app.get(kind)
        said += [text for control in controls for text in (control.label, getattr(control, "help", ""))]
    plain = [re.sub(r":material/\w+:|SEGDECK_\w+", "", text or "") for text in said]
    jargon = [text for text in plain if _JARGON.search(text)]
    assert not jargon, jargon
    return app


def find(app: AppTest, kind: str, label: str, nth: int = 0) -> Any:
    """Return the control with this label, the ``nth`` from the top where there are several."""
    found = [control for control in app.get(kind) if control.label == label]
    assert found, f"no {kind} {label!r} among {[control.label for control in app.get(kind)]}"
    return found[nth]


def labels(app: AppTest, kind: str) -> list[str]:
    return [control.label for control in app.get(kind)]


def put(app: AppTest, kind: str, label: str, value: object, nth: int = 0) -> AppTest:
    find(app, kind, label, nth).set_value(value)
    return read(app.run())


def press(app: AppTest, label: str, nth: int = 0) -> AppTest:
    find(app, "button", label, nth).click()
    return read(app.run())


def pick(app: AppTest, title: str | None) -> AppTest:
    app.pills[0].set_value(title)
    return read(app.run())


def upload(app: AppTest, label: str, name: str, content: bytes) -> AppTest:
    control = next(one for one in app.file_uploader if one.label.startswith(label))
    control.set_value((name, content, "application/octet-stream"))
    return read(app.run())
