"""What a target is, told by its content."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from auditor.sources.asset_inventory import AssetInventoryExport
from auditor.sources.base import Source
from auditor.sources.files import READ_ERRORS, open_file, why
from auditor.sources.terraform_plan import TerraformPlan

_SUFFIXES = (".json", ".ndjson", ".jsonl")
_COMPRESSED = (".gz", ".zst")
_LIVE = re.compile(r"(organizations|folders|projects)/[^/]+")
_ASSET_KEYS = {"asset_type", "assetType", "asset"}


class NotATarget(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A target is nothing that can be audited; the message says what it is and what to do."""


def sources_of(target: str) -> list[Source]:
    """The sources in a target: one for a file, one for each readable file of a folder.

    Raises `NotATarget`. A file of a folder that is no source is raised only when none is; the caller
    is told of it otherwise by `Unusable`.
    """
    path = Path(target)
    if not path.exists():
        if _LIVE.fullmatch(target):
            raise NotATarget(f"{target}: live scans are not available; give a Cloud Asset Inventory export")
        raise NotATarget(f"{target}: no such file or folder")
    if path.is_dir():
        return _folder(path)
    return [_file(path, target)]


def _folder(folder: Path) -> list[Source]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and _is_json(file))
    if not files:
        if any(folder.glob("*.tf")):
            advice = "give the plan: terraform plan -out p && terraform show -json p > plan.json"
            raise NotATarget(f"{folder}: Terraform files, which are not read yet; {advice}")
        raise NotATarget(f"{folder}: no .json, .ndjson or .jsonl file (plain, .gz or .zst) in this folder")
    found: list[Source] = []
    for file in files:
        try:
            found.append(_file(file, str(file)))
        except NotATarget as problem:
            found.append(Unusable(str(file), str(problem).removeprefix(f"{file}: ")))
    if all(isinstance(source, Unusable) for source in found):
        raise NotATarget(f"{folder}: none of its {len(files)} JSON files is an export or a plan")
    return found


def _is_json(file: Path) -> bool:
    name = file.name.lower()
    for suffix in _COMPRESSED:
        name = name.removesuffix(suffix)
    return name.endswith(_SUFFIXES)


class Unusable:
    """A file beside usable ones that is neither export nor plan: a gap, not an end."""

    kind = "not usable"
    partial = False

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        self.unsupported: Counter[str] = Counter()
        self.problem = problem

    def lines(self, gaps: object) -> Iterator[tuple[int | str, bytes]]:
        """Yields nothing and tells why."""
        gaps.add(self.path, self.problem, "leave it out or give the right file; all other files were audited")  # type: ignore[attr-defined]
        return iter(())


def _file(path: Path, shown: str) -> Source:
    try:
        with open_file(path) as file:
            start = file.peek(1 << 16)[: 1 << 16].removeprefix(b"\xef\xbb\xbf").lstrip()  # type: ignore[attr-defined]
            first = next((line for line in file if line.strip()), b"") if start else b""
    except READ_ERRORS as error:
        raise NotATarget(f"{shown}: {why(error)}") from None
    if not start:
        raise NotATarget(f"{shown}: the file is empty")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NotATarget(f"{shown}: UTF-16 text; save it as UTF-8")
    if start[:1] == b"[":
        return AssetInventoryExport(str(path), shown, is_array=True)
    if start[:1] != b"{":
        raise NotATarget(f"{shown}: neither a Cloud Asset Inventory export nor a Terraform plan in JSON")
    keys = _keys(first.removeprefix(b"\xef\xbb\xbf"))
    if keys & _ASSET_KEYS:
        return AssetInventoryExport(str(path), shown, is_array=False)
    return _document(path, shown)


def _keys(line: bytes) -> set[str]:
    """The keys of the JSON object in a line; for a broken line, those that are plainly there."""
    try:
        document = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {key for key in _ASSET_KEYS if f'"{key}"'.encode() in line}
    return set(document) if isinstance(document, dict) else set()


def _document(path: Path, shown: str) -> Source:
    """A file that holds one JSON document."""
    try:
        with open_file(path) as file:
            document = msgspec.json.decode(file.read().removeprefix(b"\xef\xbb\xbf"))
    except READ_ERRORS as error:
        raise NotATarget(f"{shown}: {why(error)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotATarget(f"{shown}: not valid JSON ({error}); is the file cut off?") from None
    if _ASSET_KEYS & set(document) or isinstance(document.get("assets"), list):
        return AssetInventoryExport(str(path), shown, is_array=True)
    if "planned_values" in document or "resource_changes" in document:
        return TerraformPlan(str(path), shown, document)
    if ("format_version" in document and "values" in document) or "terraform_version" in document:
        advice = "give a plan: terraform plan -out p && terraform show -json p > plan.json"
        raise NotATarget(f"{shown}: a Terraform state, which is not read yet; {advice}")
    raise NotATarget(f"{shown}: neither a Cloud Asset Inventory export nor a Terraform plan in JSON")
