"""Text from outside, made fit for where it goes: a terminal, CSV, Markdown and HTML. Names of files and students, what
submissions say and what rosters hold pass through here before a person or a program reads them.

Left out: letters that look like others, and marks piled on one letter; those deceive a reader, but break no page.
"""

import re
import unicodedata
from typing import Any

REPLACEMENT = "\ufffd"
# Python calls these printable, and nobody sees them: fillers, joiners, variation selectors, the empty braille cell.
UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"


def encodable(text: str) -> str:
    """Text that can be written to a file: half a surrogate pair, which JSON and file names may hold, becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


def printable(text: str) -> str:
    """One visible line of the same length: whatever is not seen, or moves what is seen, becomes a replacement character.

    That is half a surrogate pair, every control character (line ends and tabs too), marks of direction and of no width. Blanks of
    other widths become plain ones.
    """
    seen = (c if c.isprintable() else " " if unicodedata.category(c) == "Zs" else REPLACEMENT for c in text)
    return re.sub(f"[{UNSEEN}]", REPLACEMENT, "".join(seen))


def line(text: Any, limit: int = 300) -> str:
    """One short printable line: blanks and line ends become single blanks, and what is too long ends in an ellipsis."""
    short = printable(" ".join(str(text)[: 10 * limit].split()))
    return short if len(short) <= limit else short[: limit - 1] + "…"


def for_markdown(text: str) -> str:
    """Printable text in which nothing is Markdown or HTML, for a paragraph, a list or the cell of a table."""
    text = " ".join(printable(text).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]{}|~$@^])", r"\\\1", text)
    text = re.sub(r"(?i):(?=//)|(?<=www)\.", r"\\\g<0>", text)  # GitHub makes a link of it
    return re.sub(r"^(\d*)([#+=:.)-])", r"\1\\\2", text)  # a heading, a list or a rule at the start


def for_csv(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front; any other value stays as it is."""
    if not isinstance(value, str):
        return value
    first = next((c for c in value if c.isprintable() and not c.isspace()), "")
    formula = value[:1] in ("\t", "\r", "\n") or unicodedata.normalize("NFKC", first)[:1] in ("=", "+", "-", "@")
    return f"'{value}" if formula else value
