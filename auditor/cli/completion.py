"""`auditor completion`: the shell's completion script; and what it offers for values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

if TYPE_CHECKING:
    from auditor.check import Check


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    For bash, once:  auditor completion bash > ~/.local/share/bash-completion/completions/auditor
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "auditor", "_AUDITOR_COMPLETE").source())


def files(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders, which the shell knows."""
    return [CompletionItem(incomplete, type="file")]


def check_ids(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of built-in and installed checks, with their titles."""
    return [CompletionItem(check.id, help=check.title) for check in _checks() if check.id.startswith(incomplete)]


def areas(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Areas of checks."""
    return sorted({check.area for check in _checks() if check.area.startswith(incomplete)})


def framework_ids(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of frameworks, with their titles."""
    from auditor.frameworks import load_frameworks
    from auditor.loading import check_packages

    found = load_frameworks(check_packages(), _checks())
    return [CompletionItem(each.id, help=each.title) for each in found if each.id.startswith(incomplete)]


def _checks() -> list[Check]:
    from auditor.check import CheckError
    from auditor.loading import load_checks

    try:
        return load_checks()
    except CheckError:  # the command tells it; here is nobody to be told
        return []
