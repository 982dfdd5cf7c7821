"""What a target is, told by its content."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.sources.asset_inventory import AssetInventoryExport
from auditor.sources.base import Gaps, Source
from auditor.sources.files import READ_ERRORS, not_collecting, open_file, printable, unfit, why
from auditor.sources.finding_list import FindingList, begins_as_findings
from auditor.sources.folder import entries, has_json_suffix
from auditor.sources.live.coverage import ASSET_TYPE
from auditor.sources.live.estate import Collected, NotACollection, is_coverage
from auditor.sources.live.needs import Needs
from auditor.sources.live.scope import TARGET
from auditor.sources.terraform.hcl.files import has_files_below as has_configuration
from auditor.sources.terraform.places import Placed, has_files
from auditor.sources.terraform.state import is_state, refusal
from auditor.sources.terraform_plan import TerraformPlan

if TYPE_CHECKING:
    from auditor.sources.second_opinion import SecondOpinion
    from auditor.sources.terraform_state import TerraformState

_TERRAFORM = re.compile(rb'\{\s*"format_version"\s*:')
"""How `terraform show -json` begins."""
_PEEKED = 1 << 16
"""Bytes that are looked at to tell what a file is."""
_INPUT = re.compile(rb'\s*(?:(\{)\s*["}]|\[\s*\{)')
_LIVE = re.compile(r"(organizations|folders|projects)/[^/]+")
_ASSET_KEYS = {"asset_type", "assetType", "asset"}


class NotATarget(Exception):  # noqa: N818 - the message is the sentence that the user reads
    """A target is nothing that can be audited; the message says what it is and what to do."""


class _SomethingElse(NotATarget):
    """A file is sound, and neither export nor plan nor state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How targets are to be read."""

    terraform_dir: Path | None = None
    """The files that a plan or state was made of, where they are not beside it."""
    var_files: tuple[Path, ...] = ()
    """Files of values for Terraform files."""
    secrets: bool = False
    """Whether every text in a target is searched for secrets."""
    history: bool = False
    """Whether all that git remembers of it is, too."""
    needs: Needs | None = None
    """What the checks read, by which a saved collection tells what it lacks for them; None where that is not known."""
    opinion: SecondOpinion | None = None
    """Who else is asked about the lines that may hold secrets."""


_AS_USUAL = Reading()


def sources_of(target: str, reading: Reading = _AS_USUAL) -> list[Source]:
    """The sources in a target: one for a file, one for each readable file of a folder, one for its Terraform files.

    Raises `NotATarget`. What of a folder cannot be read is raised only when nothing can; the caller is told of it
    otherwise by `Unusable`.
    """
    path, shown = Path(target), printable(target)
    if target == "-":
        raise NotATarget("-: standard input, which can be read only once; save it to a file first")
    if target.startswith("gs://"):
        advice = f"gcloud storage cp --recursive {shlex.quote(shown)} ."
        raise NotATarget(f"{shown}: Cloud Storage is not read directly; copy it first: {advice}")
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise NotATarget(f"{shown}: {_absent(target, error)}") from None
    if problem := unfit(mode):
        raise NotATarget(f"{shown}: {problem}")
    tree = _tree(path, reading)
    try:
        found = _folder(path, reading) if path.is_dir() else [_file(path, shown, reading)]
    except _SomethingElse:
        if not tree:
            raise
        found = []
    return found + tree


def _tree(path: Path, reading: Reading) -> list[Source]:
    """The texts of a target as a source, where they are searched for secrets."""
    if not reading.secrets:
        return []
    from auditor.sources.source_tree import SourceTree  # with all detectors: only where they are asked for

    return [SourceTree(path, history=reading.history, opinion=reading.opinion)]


def _absent(target: str, error: OSError | ValueError) -> str:
    """Why there is nothing at a path."""
    if TARGET.fullmatch(target):
        return f"no such file; to read it live, `auditor collect {target} -o estate.ndjson.gz`, and give that file"
    if _LIVE.fullmatch(target):
        return "no such file; live targets are written organizations/NUMBER, folders/NUMBER and projects/ID"
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
        return "a link to something that is not there" if Path(target).is_symlink() else "no such file or folder"
    return why(error)


def _folder(folder: Path, reading: Reading) -> list[Source]:
    files, problems = entries(folder)
    is_code = has_configuration(folder)
    found: list[Source] = []
    for file in files:
        if is_code and _belongs_to_terraform(file, folder):
            continue
        if has_json_suffix(file) or _begins_as_input(file):
            try:
                found.append(_file(file, printable(file), reading))
            except NotATarget as problem:
                is_other = isinstance(problem, _SomethingElse)
                if not is_other or (has_json_suffix(file) and not (is_code or reading.secrets)):
                    found.append(Unusable(file, str(problem)))
    shown = printable(folder)
    # A plan says more than the files that it lies with; a state says less: it is of what was there before.
    plans = [Path(source.path).parent for source in found if source.kind == "Terraform plan"]
    planned = tuple(place for place in {reading.terraform_dir or plan for plan in plans} if has_files(place))
    if is_code and has_configuration(folder, planned):
        from auditor.sources.terraform_files import TerraformFiles  # with the evaluator, which only files need

        found.append(TerraformFiles(folder, shown, reading.var_files, planned))
        found.sort(key=lambda source: source.kind == "Terraform state")  # of what is told twice the first counts
    found += [Unusable(path, problem) for path, problem in problems]
    if not found:
        missing = "no .json, .ndjson or .jsonl file (plain, .gz or .zst) and no Terraform file in this folder"
        raise _SomethingElse(f"{shown}: {missing}; --secrets looks for secrets in any")
    unusable = [source for source in found if isinstance(source, Unusable)]
    if len(unusable) == len(found):
        first = unusable[0]
        if first.path == shown:
            raise NotATarget(f"{shown}: {first.problem}")
        told = f"the first is {first.path}: {first.problem}"
        raise NotATarget(f"{shown}: none of its {len(found)} files can be read as an export or a plan; {told}")
    return found


def _belongs_to_terraform(file: Path, folder: Path) -> bool:
    """Whether a file is read with the Terraform files of a folder, or is Terraform's own."""
    hidden = any(part == ".terraform" for part in file.relative_to(folder).parts)
    return hidden or file.name.endswith((".tf.json", ".tofu.json", ".tfvars.json"))


def _begins_as_input(file: Path) -> bool:
    """Whether a file whose name says nothing begins as JSON that may be input; what cannot be read may be, too."""
    try:
        with open_file(file) as opened:
            start = opened.peek(_PEEKED)[:_PEEKED]
    except READ_ERRORS:
        return True
    start = start.lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"")
    match = _INPUT.match(start)
    return match is not None and (match[1] == b"{" or any(b'"%s"' % key.encode() in start for key in _ASSET_KEYS))


class Unusable:
    """Something beside usable files that is neither export nor plan, or cannot be read: a gap, not an end."""

    kind = "not usable"
    partial = False
    trusted = False

    def __init__(self, path: Path | str, problem: str) -> None:
        self.path = printable(path)
        self.unsupported: Counter[str] = Counter()
        self.problem = problem.removeprefix(f"{self.path}: ")

    def lines(self, gaps: Gaps) -> Iterator[tuple[int | str, bytes]]:
        """Yields nothing and tells why."""
        gaps.add(self.path, self.problem, "leave it out or give the right file; all other files were audited")
        return iter(())


def _file(path: Path, shown: str, reading: Reading) -> Source:
    try:
        with open_file(path) as file:
            start = file.peek(_PEEKED)[:_PEEKED].removeprefix(b"\xef\xbb\xbf").lstrip()
            is_terraform = _TERRAFORM.match(start) is not None
            is_array = start[:1] == b"[" and not begins_as_findings(start)  # often one line, which a cut may end
            told = not start or is_terraform or is_array
            first = b"" if told else next((line for line in file if line.strip()), b"")
    except READ_ERRORS as error:
        raise NotATarget(f"{shown}: {why(error)}") from None
    if not start:
        raise _SomethingElse(f"{shown}: the file is empty")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise NotATarget(f"{shown}: UTF-16 text; save it as UTF-8")
    if begins_as_findings(start):
        return FindingList(path, shown, is_array=not _keys(first.removeprefix(b"\xef\xbb\xbf")))
    if is_array:
        return AssetInventoryExport(path, shown, is_array=True)
    if start[:1] != b"{":
        raise _SomethingElse(f"{shown}: neither a Cloud Asset Inventory export nor a Terraform plan or state in JSON")
    if is_terraform:
        return _document(path, shown, reading)
    keys = _keys(first.removeprefix(b"\xef\xbb\xbf"))
    if ASSET_TYPE.encode() in first and is_coverage(first):
        try:
            return Collected.of_file(path, path=shown, needs=reading.needs)
        except NotACollection as problem:
            raise NotATarget(str(problem)) from None
    if keys & _ASSET_KEYS:
        return AssetInventoryExport(path, shown, is_array=False)
    return _document(path, shown, reading)


def _keys(line: bytes) -> set[str]:
    """The keys of the JSON object in a line; for a broken line, those that are plainly there."""
    try:
        document = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {key for key in _ASSET_KEYS if f'"{key}"'.encode() in line}
    return set(document) if isinstance(document, dict) else set()


def _document(path: Path, shown: str, reading: Reading) -> Source:
    """A file that holds one JSON document."""
    try:
        with open_file(path) as file, not_collecting():
            document = msgspec.json.decode(file.read().removeprefix(b"\xef\xbb\xbf"))
    except (*READ_ERRORS, RecursionError) as error:
        raise NotATarget(f"{shown}: {why(error)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotATarget(f"{shown}: not valid JSON ({error}); is the file cut off?") from None
    if _ASSET_KEYS & set(document) or isinstance(document.get("assets"), list):
        return AssetInventoryExport(path, shown, is_array=True)
    is_plan = "planned_values" in document or "resource_changes" in document
    if is_plan or is_state(document):
        if problem := refusal(document):
            raise NotATarget(f"{shown}: {problem}")
        source = _plan_or_state(path, shown, document, is_plan=is_plan)
        folder = reading.terraform_dir or path.parent
        return Placed(source, folder) if has_files(folder) else source
    raise _SomethingElse(f"{shown}: neither a Cloud Asset Inventory export nor a Terraform plan or state in JSON")


def _plan_or_state(
    path: Path, shown: str, document: dict[str, Any], *, is_plan: bool
) -> TerraformPlan | TerraformState:
    if is_plan:
        return TerraformPlan(printable(path), shown, document)
    from auditor.sources.terraform_state import TerraformState  # with all detectors of secrets

    return TerraformState(printable(path), shown, document)
