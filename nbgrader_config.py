"""nbgrader's configuration: solutions/ is its source, assignments/ its release, everything of a class under classroom/."""

from pathlib import Path

import nbgrader

import vae_edu

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "vae-edu"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "assignments"
c.CourseDirectory.submitted_directory = "classroom/submitted"
c.CourseDirectory.autograded_directory = "classroom/autograded"
c.CourseDirectory.feedback_directory = "classroom/feedback"
c.CourseDirectory.db_url = "sqlite:///classroom/gradebook.db"
c.Exchange.root = "classroom/exchange"  # unset, it is a folder of the whole machine
c.ExecutePreprocessor.timeout = 300  # seconds a cell; a check gives each call of a student's function 10
c.ClearSolutions.code_stub = {"python": "# Write your code here and remove the next line.\nraise NotImplementedError()"}
c.CsvExportPlugin.to = "classroom/grades.csv"

# The formgrader's pages need no network: formulas are MathML, as in feedback, and MathJax is not fetched from elsewhere.
c.HTMLExporter.filters = {"markdown2html": "vae_edu.grading.pages.markdown"}
c.HTMLExporter.extra_template_basedirs = [
    str(Path(vae_edu.__file__).parent / "grading" / "templates"),
    str(Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"),
]
