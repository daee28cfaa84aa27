"""Text from outside, made fit for where it goes: a terminal, CSV, Markdown."""

import re
from typing import Any


def printable(text: str) -> str:
    """One visible line of the same length: control characters and halves of a surrogate pair become replacement characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def line(text: Any, limit: int = 300) -> str:
    """One short printable line."""
    short = printable(" ".join(str(text).split()))
    return short if len(short) <= limit else short[: limit - 1] + "…"


def for_markdown(text: str) -> str:
    """Printable text in which nothing is Markdown or HTML."""
    text = printable(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]{}|~$@^])", r"\\\1", text)
    return re.sub(r"^(\d*)([#+=:.)-])", r"\1\\\2", text)


def for_csv(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front; any other value stays as it is."""
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r\n") else value
