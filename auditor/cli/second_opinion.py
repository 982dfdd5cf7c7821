"""`--dlp`: Cloud DLP as a second opinion on what may be a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from auditor.cli import fail_usage

if TYPE_CHECKING:
    from auditor.sources.second_opinion import SecondOpinion


def second_opinion_of(options: dict[str, Any]) -> SecondOpinion | None:
    """Who else is asked, as the options say; what will be sent is told before it is. Ends the command if misused."""
    project, location = options["dlp"], options["dlp_location"]
    if not project:
        if location:
            raise fail_usage("--dlp-location goes with --dlp PROJECT")
        return None
    if not options["secrets"]:
        raise fail_usage("--dlp goes with --secrets: it is asked about the lines of source text")
    from auditor.sources.live.run import Access
    from auditor.sources.second_opinion import NotAProject, SecondOpinion, parent_of

    try:
        parent = parent_of(project, location)
    except NotAProject as problem:
        raise fail_usage(f"--dlp: {problem}") from None
    access = Access(quota_project=parent.split("/")[1])
    if not options["quiet"]:
        click.echo(
            f"Cloud DLP in {parent} will be sent the lines that hold a secret or the name of one, in the clear.",
            err=True,
        )
    return SecondOpinion(parent, access.connect, access.patience)
