"""Terraform's language as Terraform evaluates it, and as another parser reads it; what is unknown stays unknown."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.sources.terraform.hcl.calls import call_function
from auditor.sources.terraform.hcl.expressions import Literal, Node, Scope
from auditor.sources.terraform.hcl.functions.encodings import json_text
from auditor.sources.terraform.hcl.functions.registry import FUNCTIONS, UNTOLD, Folders, call
from auditor.sources.terraform.hcl.parse import parse_expression, parse_file
from auditor.sources.terraform.hcl.syntax import Body, SourceFile, SyntaxProblem
from auditor.sources.terraform.hcl.values import Problem, Unknown, Value, first_unknown

DATA = Path(__file__).parent / "data" / "terraform_files"
RECORDED: dict[str, Any] = json.loads((DATA / "expressions.json").read_text(encoding="utf-8"))
"""Expressions, those of the documentation among them, and what `terraform console` 1.11.4 answers to each."""
NEEDS_PYYAML = "yamldecode"


class Names:
    """A scope with a few names, one of them unknown."""

    def __init__(self, **names: Value) -> None:
        self.names = names

    def root(self, name: str) -> Value:
        if name not in self.names:
            raise Problem(f"there is no {name}")
        return self.names[name]

    def call(self, name: str, arguments: list[Node], scope: Scope, *, expand: bool) -> Value:
        return call_function(name, arguments, scope, Folders(DATA, (DATA.resolve(),)), expand=expand)


UNKNOWN = Unknown("nobody knows", ("google_x.y", "id"))
SCOPE = Names(unknown=UNKNOWN, known="k")


def evaluated(text: str) -> Value:
    """The value of an expression."""
    return parse_expression(text).value(SCOPE)


@pytest.mark.parametrize("text", RECORDED)
def test_an_expression_has_the_value_that_terraform_gives_it(text: str) -> None:
    if NEEDS_PYYAML in text:
        pytest.importorskip("yaml")
    recorded = RECORDED[text]
    if recorded == "refused":
        with pytest.raises((Problem, SyntaxProblem)):
            json_text(evaluated(text))
    else:
        assert json.loads(json_text(evaluated(text))) == recorded["value"]


@pytest.mark.skipif(
    not (os.environ.get("TERRAFORM_ORACLE") and shutil.which("terraform")),
    reason="Terraform is asked again only where TERRAFORM_ORACLE is set and it is installed",
)
def test_the_recorded_answers_are_those_of_terraform(tmp_path: Path) -> None:
    for number, (text, recorded) in enumerate(RECORDED.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        asked = subprocess.run(
            ["terraform", "console", "-no-color"],
            input=f"jsonencode({text})\n",
            capture_output=True,
            text=True,
            cwd=folder,
            env={**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"},
        )
        answer = asked.stdout.strip()
        if asked.returncode or not answer.startswith('"'):
            assert recorded == "refused", text
        else:
            document = json.loads(answer.replace("$${", "${").replace("%%{", "%{"))
            assert json.loads(document) == recorded["value"], text


def test_every_function_of_terraform_is_there() -> None:
    documented = (
        "abs abspath alltrue anytrue base64decode base64encode base64gzip base64sha256 base64sha512 basename "
        "bcrypt can ceil chomp chunklist cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce coalescelist "
        "compact concat contains csvdecode dirname distinct element endswith ephemeralasnull file filebase64 "
        "filebase64sha256 filebase64sha512 fileexists filemd5 fileset filesha1 filesha256 filesha512 flatten "
        "floor format formatdate formatlist indent index issensitive join jsondecode jsonencode keys length "
        "log lookup lower matchkeys max md5 merge min nonsensitive one parseint pathexpand plantimestamp pow "
        "range regex regexall replace reverse rsadecrypt sensitive setintersection setproduct setsubtract "
        "setunion sha1 sha256 sha512 signum slice sort split startswith strcontains strrev substr sum "
        "templatefile templatestring textdecodebase64 textencodebase64 timeadd timecmp timestamp title tobool "
        "tolist tomap tonumber toset tostring transpose trim trimprefix trimspace trimsuffix try upper "
        "urlencode uuid uuidv5 values yamldecode yamlencode zipmap "
    )
    ours = {*FUNCTIONS, *UNTOLD, "can", "try", "templatefile", "templatestring"}
    assert set(documented.split()) <= ours
    for name in documented.split():
        assert evaluated(f"try({name}(), 1)") is not None or name in ("coalesce",)


@pytest.mark.parametrize(
    "text",
    [
        "unknown + 1",
        "upper(unknown)",
        '"a${unknown}b"',
        "unknown == 1",
        "unknown ? 1 : 2",
        "!unknown",
        "[for x in unknown : x]",
        "[for x in [1, 2] : x if unknown]",
        "{ for x in [1] : unknown => x }",
        "{ (unknown) = 1 }",
        "unknown[0].a",
        "unknown[*].a",
        "unknown.*.a",
        "{ a = 1 }[unknown]",
        "merge({ a = 1 }, unknown)",
        "concat([1], unknown)",
        "flatten([[1], unknown])",
        "toset([unknown, 1])",
        "length(toset([unknown]))",
        "jsonencode([unknown])",
        "max([1, unknown]...)",
        "lookup({ a = 1 }, unknown, 2)",
        "contains([unknown], 1)",
        "true && unknown",
        "false || unknown",
        "coalesce(unknown, 1)",
        "alltrue([true, unknown])",
        "anytrue([false, unknown])",
        "try(unknown, 1)",
        "can(unknown)",
        '"%{ if unknown }a%{ else }b%{ endif }"',
        '"%{ for x in unknown }a%{ endfor }"',
        "distinct([unknown, 1])",
        "timestamp()",
        "uuid()",
        "provider::google::name_from_id(1)",
    ],
)
def test_what_rests_on_the_unknown_is_unknown(text: str) -> None:
    assert isinstance(evaluated(text), Unknown)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("false && unknown", False),
        ("unknown && false", False),
        ("true || unknown", True),
        ("unknown ? 1 : 1", 1),
        ("length([unknown, unknown])", 2),
        ("keys({ a = unknown })", ["a"]),
        ("merge({ a = 1 }, { b = unknown }).a", 1),
        ("[unknown, 2][1]", 2),
        ("{ a = 1, b = unknown }.a", 1),
        ("concat([1], [unknown])[0]", 1),
        ('lookup({ a = 1, b = unknown }, "a")', 1),
        ("contains([unknown, 1], 1)", True),
        ("anytrue([unknown, true])", True),
        ("alltrue([unknown, false])", False),
        ("coalesce(1, unknown)", 1),
        ("element([1, unknown], 2)", 1),
        ("slice([1, unknown], 0, 1)", [1]),
        ("[for x in [unknown, 1] : 5]", [5, 5]),
        ("unknown == null ? 1 : 1", 1),
        ('zipmap(["a"], [unknown]) == null', False),
        ("[1, unknown] == [2, unknown]", False),
    ],
)
def test_what_does_not_rest_on_the_unknown_is_known(text: str, value: Value) -> None:
    assert evaluated(text) == value


@pytest.mark.parametrize(
    ("text", "about", "prefix"),
    [
        ("unknown", ("google_x.y", "id"), ""),
        ('"${unknown}"', ("google_x.y", "id"), ""),
        ('"serviceAccount:${unknown}"', ("google_x.y", "id"), "serviceAccount:"),
        ('"${known}/${unknown}"', ("google_x.y", "id"), "k/"),
        ('"${unknown}-suffix"', None, ""),
        ("unknown.part", ("google_x.y", "id.part"), ""),
        ("unknown[0]", ("google_x.y", "id.0"), ""),
        ("upper(unknown)", None, ""),
        ("try(unknown, 1)", ("google_x.y", "id"), ""),
        ("coalesce(null, unknown)", ("google_x.y", "id"), ""),
    ],
)
def test_an_unknown_value_tells_which_attribute_it_is(text: str, about: Any, prefix: str) -> None:
    value = evaluated(text)
    assert isinstance(value, Unknown)
    assert (value.about, value.prefix) == (about, prefix)


def test_functions_read_files_only_inside_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("héllo")
    (tmp_path / "in" / "b.bin").write_bytes(b"\xff\xfe")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "in" / "loop").symlink_to("loop")
    folders = Folders(tmp_path / "in", ((tmp_path / "in").resolve(),))

    def call(text: str) -> Value:
        class Inside(Names):
            def call(self, name: str, arguments: list[Node], scope: Scope, *, expand: bool) -> Value:
                return call_function(name, arguments, scope, folders, expand=expand)

        return parse_expression(text).value(Inside())

    assert call('file("a.txt")') == call('file("./x/../a.txt")') == "héllo"
    assert call('fileexists("a.txt")') is True
    assert call('fileexists("none")') is False
    assert call('filemd5("a.txt")') == call('md5(file("a.txt"))')
    assert call('base64decode(filebase64("a.txt"))') == "héllo"
    assert call('fileset(".", "*.{txt,bin}")') == ["a.txt", "b.bin"]
    for outside in (
        'file("../secret")',
        'file("link")',
        f'file("{(tmp_path / "secret").as_posix()}")',
        'fileset("..", "*")',
    ):
        assert isinstance(call(outside), Unknown)
    for broken in ('file("none")', 'file("b.bin")', 'file("loop")', 'file(".")', 'file("a\\u0000b")'):
        with pytest.raises(Problem):
            call(broken)
    (tmp_path / "in" / "self.tftpl").write_text('${templatefile("self.tftpl", {})}')
    with pytest.raises(Problem, match="deeply"):
        call('templatefile("self.tftpl", {})')


@pytest.mark.parametrize(
    "text",
    [
        'regex("(a+)+$", "' + "a" * 60 + 'b")',
        'regex("(a|aa)+$", "' + "a" * 60 + 'b")',
        'regex(".*.*.*.*.*.*.*.*x", "' + "a" * 300 + '")',
        "pow(10, 1000000)",
        "range(1000000000)",
        'indent(1000000000, "a\\nb")',
        "setproduct(range(1000), range(1000), range(1000))",
        "9" * 5000,
        "1e999999999",
        'replace(join("", [for i in range(1000) : "aaaaaaaaaaaaaaaaaaaa"]), "", "' + "b" * 20000 + '")',
        "[" * 500 + "]" * 500,
        "-" * 5000 + "1",
        "(" * 5000,
        "a" + ".b" * 5000,
        "a" + "[0]" * 5000,
        '"' + '${"' * 500,
        "1 " + "? 1 : 1 " * 500,
    ],
)
def test_hostile_expressions_end_soon_with_a_problem(text: str) -> None:
    with pytest.raises((Problem, SyntaxProblem)):
        evaluated(text)


@settings(max_examples=200)
@given(st.text(alphabet='a1"${}%[]()=>?:.,*+-/\\\n ~<E!&|#', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    file = SourceFile("x.tf", text)
    body, problems = parse_file(file)
    assert isinstance(body, Body)
    assert all(1 <= problem.line <= text.count("\n") + 1 for problem in problems)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 99)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("a1/*.[(", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=6,
) | st.just(UNKNOWN)


@settings(max_examples=int(os.environ.get("FUZZ", "8")))
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@given(arguments=st.lists(VALUES, max_size=4))
def test_a_function_takes_any_arguments_or_refuses_them(name: str, arguments: list[Value]) -> None:
    try:
        value = call(name, arguments, Folders(DATA, (DATA.resolve(),)))
    except Problem:
        return
    assert first_unknown(value) is not None or json.loads(json_text(value)) == json.loads(json_text(value))


# ---- another parser


def plain(value: Any) -> Any:
    """What python-hcl2 gives for a constant, in our values; templates and expressions are left out."""
    if isinstance(value, str):
        return value[1:-1] if value.startswith('"') and value.endswith('"') and len(value) > 1 else None
    return value if isinstance(value, bool | int | float) else None


def shape(body: dict[str, Any]) -> Any:
    """The names of attributes and blocks that python-hcl2 found, with the constants."""
    made: dict[str, Any] = {}
    for name, value in body.items():
        if name.startswith("__"):
            continue
        is_blocks = (
            isinstance(value, list)
            and value
            and all(isinstance(one, dict) and "__is_block__" in str(one) for one in value)
        )
        made[name] = [unlabelled(one) for one in value] if is_blocks else plain(value)
    return made


def unlabelled(block: dict[str, Any]) -> Any:
    """A block with its labels as nested keys."""
    keys = [key for key in block if not key.startswith("__")]
    if "__is_block__" not in block and len(keys) == 1:
        return {keys[0].strip('"'): unlabelled(block[keys[0]])}
    return shape(block)


def our_shape(body: Body) -> Any:
    """The same of what we read."""
    made: dict[str, Any] = {}
    for name, attribute in body.attributes.items():
        node = attribute.value
        constant = node.constant if isinstance(node, Literal) else None
        made[name] = constant if isinstance(constant, str | bool | int | float) else None
    for block in body.blocks:
        inner = our_shape(block.body)
        for label in reversed(block.labels):
            inner = {label: inner}
        made.setdefault(block.type, []).append(inner)
    return made


@pytest.mark.parametrize("path", sorted(DATA.rglob("*.tf")), ids=lambda path: path.relative_to(DATA).as_posix())
def test_another_parser_finds_the_same_attributes_and_blocks(path: Path) -> None:
    hcl2 = pytest.importorskip("hcl2", reason="python-hcl2 is not installed")
    text = path.read_text(encoding="utf-8")
    body, problems = parse_file(SourceFile(path.name, text))
    assert not problems
    theirs, ours = shape(hcl2.loads(text)), our_shape(body)
    assert keys_of(theirs) == keys_of(ours)
    assert constants(theirs) <= constants(ours)


def keys_of(value: Any) -> Any:
    """The names in a shape."""
    if isinstance(value, dict):
        return {key: keys_of(one) for key, one in value.items()}
    return [keys_of(one) for one in value] if isinstance(value, list) else None


def constants(value: Any, path: str = "") -> set[tuple[str, Any]]:
    """(path, constant) of every plain constant in a shape."""
    if isinstance(value, dict):
        return {pair for key, one in value.items() for pair in constants(one, f"{path}.{key}")}
    if isinstance(value, list):
        return {pair for i, one in enumerate(value) for pair in constants(one, f"{path}[{i}]")}
    escaped = isinstance(value, str) and ("\\" in value or "${" in value or "%{" in value or "\n" in value)
    return set() if value is None or escaped else {(path, value)}
