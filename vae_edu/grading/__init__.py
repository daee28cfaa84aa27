"""Release and grade problem sets with nbgrader, every submission in a sandbox, and read the result as one table.

Names are imported when they are used: the sandbox and the workers do without nbgrader, which takes seconds to import.
"""

import sys
from importlib import import_module

sys.modules.setdefault("rfc3987_syntax", None)  # jsonschema does without; to import it compiles a grammar, which takes seconds

HOMES = {
    "Course": "course", "CourseError": "course", "Limits": "sandbox", "Result": "marks", "SandboxError": "sandbox",
    "as_table": "table", "on_cluster": "cluster", "workers": "processes", "write_csv": "table", "write_report": "report",
}  # fmt: skip
__all__ = list(HOMES)


def __getattr__(name: str):
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{HOMES[name]}", __name__), name)
