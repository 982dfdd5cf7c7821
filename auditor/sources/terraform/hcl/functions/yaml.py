"""YAML, where PyYAML is installed.

Source: developer.hashicorp.com/terraform/language/functions/yamldecode
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Callable
from typing import Any

from auditor.sources.terraform.hcl.values import Problem, Unknown, Value, bounded, is_primitive, to_string

_PLAIN = {
    "bool": (r"(?:[yYnN]|[yY]es|YES|[nN]o|NO|[tT]rue|TRUE|[fF]alse|FALSE|[oO]n|ON|[oO]ff|OFF)\Z", "yYnNtTfFoO"),
    "int": (r"[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+|[0-9]+)\Z", "-+0123456789"),
    "float": (r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", "-+.0123456789"),
    "null": (r"(?:~|null|Null|NULL|)\Z", ("~", "n", "N", "")),
    "merge": (r"<<\Z", "<"),
    "timestamp": (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*\Z", "0123456789"),
}
"""What plain scalars mean: tag → pattern, first characters."""


def decode(text: str) -> Value:
    """The value of a YAML text; unknown where nothing can read it."""
    try:
        yaml = _package()
    except ImportError:
        return Unknown("YAML is read only where the Python package PyYAML is installed")
    try:
        return _value(bounded(yaml.load(text, Loader=_loader())), 0)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Problem(f"no valid YAML ({str(error).partition(chr(10))[0]})") from None


@functools.cache
def _loader() -> Any:
    """PyYAML's safe loader, with the types that Terraform knows in plain scalars."""
    loader: Any = type("Loader", (_package().SafeLoader,), {"yaml_implicit_resolvers": {}})
    for tag, (pattern, first) in _PLAIN.items():
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))
    for tag, read in (("int", _integer), ("float", float), ("bool", _bool)):
        loader.add_constructor(f"tag:yaml.org,2002:{tag}", functools.partial(_scalar, read))
    return loader


def _package() -> Any:
    """PyYAML, which need not be there. Raises `ImportError`."""
    return importlib.import_module("yaml")


def _scalar(read: Callable[[str], Value], loader: Any, node: Any) -> Value:
    return read(loader.construct_scalar(node))


def _integer(text: str) -> int:
    digits = text.lstrip("+-").lower()
    base = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2], 10)
    number = int(digits if base == 10 else digits[2:], base)
    return -number if text.startswith("-") else number


def _bool(text: str) -> bool:
    return text.lower() in ("y", "yes", "true", "on")


def _value(value: object, depth: int) -> Value:
    """The value in the language's types: dates are texts, keys of maps are texts."""
    if depth > 100:
        raise Problem("YAML that is nested too deeply")
    if isinstance(value, dict):
        return {to_string(key): _value(element, depth + 1) for key, element in value.items()}
    if isinstance(value, list):
        return [_value(element, depth + 1) for element in value]
    if value is None or is_primitive(value):
        return value
    raise Problem("YAML with a date or binary value, which is not evaluated here")
