"""Release and grade problem sets with nbgrader, every submission in a sandbox, and read the result as one table."""

from .cluster import on_cluster
from .course import Course, CourseError, Result, workers
from .report import write_report
from .sandbox import Limits, SandboxError
from .table import as_table, write_csv

__all__ = [
    "Course",
    "CourseError",
    "Limits",
    "Result",
    "SandboxError",
    "as_table",
    "on_cluster",
    "workers",
    "write_csv",
    "write_report",
]
