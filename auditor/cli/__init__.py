"""The command line: one file per command, thin.

Nothing but click is imported before a command runs, so that help and completion are instant.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from types import TracebackType

import click

from auditor import __version__
from auditor.cli.terminal import prepare

COMMANDS = {
    "scan": "Audit live estates, exports and Terraform.",
    "collect": "Save a live estate, to be audited offline.",
    "permissions": "Print the role that live audits need, or test it.",
    "checks": "List the checks.",
    "explain": "Show a check's page.",
    "access": "Ask who can do what, and who can become owner.",
    "roles": "Show what roles permit; fetch the roles of today.",
    "report": "Write reports from a saved run.",
    "schema": "Print the JSON schema of a run.",
    "completion": "Print the shell completion script.",
}

EXIT_CODES = """\b
Exit codes:
  0  clean
  1  the gate failed: findings as bad as --fail-on or worse
  2  wrong usage, no target could be read, or no output written
  3  incomplete: input, checks or coverage fell short, or it was stopped
     (1 wins over 3)
"""


class LazyGroup(click.Group):
    """A group that imports a command when it is run."""

    def invoke(self, ctx: click.Context) -> object:
        """As click's, but that Ctrl-C ends with 3: click's own 1 would read as a failed gate."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("Stopped; nothing was judged", err=True)
            ctx.exit(3)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands in the order of a user's way."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"auditor.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the nearest command for a wrong one."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from auditor.names import UnknownName

            raise click.UsageError(str(UnknownName("command", args[0], COMMANDS)), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        """The commands with their one-line help, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name="auditor")
def main() -> None:
    """Audit Google Cloud for security and compliance.

    Every check ends in one verdict for every asset it is asked of: pass, fail, not applicable or
    not assessed. What could not be judged is counted and told, never passed.

    \b
    Try:
      auditor scan organizations/123 -o report.html
      auditor scan export.ndjson -o report.html
      auditor scan plan.json --fail-on high -o results.sarif
      auditor explain bucket-public
    """


class UsageFailure(click.ClickException):
    """Wrong usage or unreadable input."""

    exit_code = 2


def entry() -> None:
    """The program: as `main`, on any terminal or pipe, with a full disk behind it or not."""
    prepare()
    sys.excepthook = _bug
    gc.set_threshold(50_000, 20, 100)  # start-up makes little garbage, and much that stays
    try:
        main(prog_name="auditor")
    except OSError as error:
        sys.stderr.write(f"Error: cannot write the output: {(error.strerror or str(error)).lower()}\n")
        sys.exit(2)


def _bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End with exit code 3: Python's own 1 would read as a failed gate."""
    if issubclass(kind, KeyboardInterrupt):
        os._exit(3)
    sys.__excepthook__(kind, error, trace)
    sys.stderr.write("Error: this is a bug in the auditor, please report it; nothing was judged\n")
    sys.stderr.flush()
    os._exit(3)


def fail_usage(message: object) -> click.ClickException:
    """An error of usage or input, to raise: one sentence, exit code 2."""
    from auditor.model.text import visible

    return UsageFailure("\n".join(visible(line) for line in str(message).splitlines()))


def catalogue_errors() -> tuple[type[Exception], ...]:
    """What loading checks, frameworks and configuration raises when the user got something wrong."""
    from auditor.check import CheckError
    from auditor.config import ConfigError
    from auditor.names import UnknownName

    return (CheckError, ConfigError, UnknownName)
