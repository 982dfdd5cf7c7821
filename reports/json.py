"""The run itself as JSON, for machines; `auditor report` reads it back, and it loads to an equal run."""

from __future__ import annotations

from typing import Any, BinaryIO

from pydantic_core import PydanticSerializationError

from auditor.model.run import RUN, Run
from auditor.model.text import visible


def render(run: Run, out: BinaryIO) -> None:
    """Write the run as UTF-8 JSON, indented by 2, keys in the order of the schema."""
    try:
        text = RUN.dump_json(run, indent=2)
    except PydanticSerializationError:  # a file name that is not UTF-8: its bytes are no characters
        text = RUN.dump_json(RUN.validate_python(_encodable(RUN.dump_python(run))), indent=2)
    out.write(text + b"\n")


def _encodable(value: Any) -> Any:
    """`value` with every text that UTF-8 cannot hold made visible instead."""
    if isinstance(value, str) and not value.isascii():
        return value if value.encode("utf-8", "replace").decode() == value else visible(value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(element) for key, element in value.items()}
    if isinstance(value, list):
        return [_encodable(element) for element in value]
    return value
