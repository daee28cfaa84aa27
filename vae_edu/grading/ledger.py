"""What has been graded of a problem set, from which content, by which checks: one small file, written after every student."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .disk import write_whole
from .intake import Submission


class Ledger:
    """An entry for each student, in a file that is whole at every moment: a call that was killed is taken up again.

    An entry holds `content`, `versions` (of the checks), `answers` and `marked` (see `marks`), `page` (what the feedback shows),
    `notes`, `ended`, `seconds`, and `problem` where there is no score.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self.entries = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.entries = {}

    def of(self, student: str) -> dict[str, Any]:
        return self.entries.get(student, {})

    def todo(self, submission: Submission, current: dict[str, str]) -> list[str] | None:
        """The exercises whose check has changed since this very submission was graded; None: all of it."""
        entry = self.of(submission.student)
        if entry.get("content") != submission.content or entry["versions"].keys() != current.keys():
            return None
        return [number for number, version in current.items() if entry["versions"][number] != version]

    def update(self, student: str, **changes: Any) -> None:
        """Put these fields into the student's entry, and the entry on the disk."""
        self.entries[student] = {**self.of(student), **changes}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, json.dumps(self.entries, indent=0))


def check_versions(known: Ledger, ps: str, begin: Callable[[], dict[str, str]]) -> dict[str, str]:
    """The version of each check of the problem set; `begin` says them where a file of the checks has changed."""
    files = sorted((Path(__file__).parents[1] / "exercises").rglob("*.py"))
    source = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    if known.of(ps).get("source") != source:
        known.update(ps, source=source, versions=begin())
    return known.of(ps)["versions"]
