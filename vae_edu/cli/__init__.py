"""The command `vae-edu`, by who uses it: student, instructor, maintainer, doctor.

Heavy modules are imported by the command that needs them, so that --help answers at once.
"""

import click

from .. import __version__
from . import doctor, instructor, maintainer, student


class FriendlyGroup(click.Group):
    """Turns the library's own errors into one sentence on stderr; anything else is a bug and keeps its traceback."""

    def invoke(self, context: click.Context):
        try:
            return super().invoke(context)
        except Exception as error:
            if type(error).__module__.startswith("vae_edu."):
                raise click.ClickException(str(error)) from None
            if isinstance(error, BrokenPipeError):  # `… | head`: click ends quietly
                raise
            if isinstance(error, OSError):
                raise click.ClickException(f"{error.strerror or error}: {error.filename or 'the disk'}.") from None
            raise


@click.group(cls=FriendlyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Variational autoencoders: lectures, graded assignments, trained references."""


for command in (*student.COMMANDS, *instructor.COMMANDS, *maintainer.COMMANDS, doctor.doctor):
    main.add_command(command)
