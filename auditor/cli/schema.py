"""`auditor schema`: the JSON schema of a run."""

from __future__ import annotations

import json

import click


@click.command()
def command() -> None:
    """Print the JSON schema of the .json report and of saved runs."""
    from auditor.model.run import RUN

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **RUN.json_schema(mode="serialization")}
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))
