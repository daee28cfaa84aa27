"""nbgrader's configuration: solutions/ is its source, assignments/ its release, everything of a class under classroom/."""

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
