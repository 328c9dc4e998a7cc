from collections.abc import Iterator


def run() -> Iterator[str]:
    yield "todo"
