"""Release and grade problem sets with nbgrader, and read the result as one table."""

from .course import Course, CourseError, Result
from .table import as_table

__all__ = ["Course", "CourseError", "Result", "as_table"]
