"""Pictures that a student dragged into Markdown (attachments): kept where they are pictures; where not, words in their place.

nbconvert does not convert a page that speaks of an attachment which is not there, so no such word is left behind.
"""

import base64
import html
import re
from typing import Any
from urllib.parse import unquote

from .outside import for_markdown, line

PICTURE, PICTURES = 2 * 2**20, 5 * 2**20  # bytes of one, and of all in a notebook
KINDS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
ODD = r"[^\w .,-]"
NAME = r"[ \t]{0,4}<?attachment:(?P<name>(?:[^()<>\n]|\([^()<>\n]{0,100}\)){1,300})(?:>[^()<>\n]{0,100})?"
REFERENCES = (
    re.compile(r"!\[(?P<alt>[^\[\]]{0,300})\]\(" + NAME + r"\)"),
    re.compile(r"<img\s[^<>]{0,300}?src\s{0,3}=\s{0,3}[\"']?attachment:(?P<name>[^\"'<>\s]{1,300})[^<>]{0,300}>", re.IGNORECASE),
    re.compile(r"^ {0,3}\[(?P<label>[^\[\]\n]{1,100})\]:" + NAME + "$", re.MULTILINE),
)


class Pictures:
    """Those of one notebook. `left_out` names the pictures that are not shown."""

    def __init__(self) -> None:
        self.room = PICTURES
        self.left_out: list[str] = []

    def keep(self, markdown: str, attachments: Any) -> tuple[str, dict[str, dict[str, str]]]:
        """A cell's Markdown without scripts, and the attachments that it shows, under names that need no quoting."""
        attachments = attachments if isinstance(attachments, dict) else {}
        seen: dict[str | None, tuple[str, bytes]] = {None: ("", b"")}
        kept: dict[str, dict[str, str]] = {}
        shown: list[str] = []

        def put(reference: re.Match) -> str:
            words = reference.groupdict()
            name = re.sub(r"""\s+("[^"]*"|'[^']*')$""", "", words["name"].strip())  # a title, behind it
            key = next((each for each in _spellings(name) if each in attachments), None)
            if key not in seen:  # once, however often it is shown
                seen[key] = _picture(attachments[key])
            kind, picture = seen[key]
            why = self._why_not(key, picture, "label" in words)
            if why:
                self.left_out.append(line(name, 80))
                shown.append(f"(picture {for_markdown(line(name, 80))}: left out, {why})")
            else:
                self.room -= len(picture)  # each time that it is shown: the page holds it as often
                ours = f"picture-{list(seen).index(key)}.{kind.removeprefix('image/')}"
                kept[ours] = {kind: base64.b64encode(picture).decode()}
                shown.append(f"![{re.sub(ODD, '', words.get('alt') or '')}](attachment:{ours})")
            return f"\0{len(shown) - 1}\0"

        markdown = markdown.replace("\0", "")
        for kind in REFERENCES:
            markdown = kind.sub(put, markdown)
        markdown = without_scripts(markdown)
        return re.sub("\0([0-9]+)\0", lambda place: shown[int(place[1])], markdown), kept

    def _why_not(self, key: str | None, picture: bytes, by_label: bool) -> str:
        if key is None:
            return "the notebook does not hold it"
        if not picture:
            return f"it is no PNG or JPEG of at most {PICTURE // 2**20} MB"
        if by_label:  # one label could show it a thousand times
            return "drag it to where it belongs, without a label"
        return f"all pictures of a notebook may have {PICTURES // 2**20} MB" if len(picture) > self.room else ""


def _spellings(name: str) -> tuple[str, ...]:
    """What a reference in Markdown may mean by it."""
    return name, unquote(name), html.unescape(name), re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", name)


def _picture(attachment: Any) -> tuple[str, bytes]:
    """(its type, its bytes), whatever it says that it is; nothing where it is no picture of a size that is kept."""
    for text in attachment.values() if isinstance(attachment, dict) else ():
        text = "".join(text) if isinstance(text, list) and all(isinstance(part, str) for part in text) else text
        if not isinstance(text, str) or len(text) > 1.5 * PICTURE:
            continue
        try:
            picture = base64.b64decode("".join(text.split()), validate=True)
        except ValueError:
            continue
        for mime, magic in KINDS.items():
            if picture.startswith(magic) and len(picture) <= PICTURE:
                return mime, picture
    return "", b""


def without_scripts(markdown: str) -> str:
    """Markdown in which nothing is HTML, no picture is fetched, no link runs a script, and none leads to an attachment: it is
    read in the formgrader, with a cookie in the browser.

    A space behind "<" is enough, and leaves a formula as it is.
    """
    markdown = re.sub(r"<(?=[a-zA-Z/!?])", "< ", markdown).replace("![", "! [")  # what is left of a picture is a link
    bare = markdown
    for _ in range(3):  # a backslash may hide an entity
        bare = re.sub(r"[\s\\\x00-\x20]", "", html.unescape(bare))
    if re.search(r"(java|vb)script:|data:|attachment:", bare, re.IGNORECASE):
        markdown = markdown.replace("](", "] (").replace("]:", "] :")
    return markdown
