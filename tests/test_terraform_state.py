"""Terraform states are audited like plans, their secrets told and never shown; places are found in the files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.loading import load_checks
from auditor.secrets.detector import base62_checksum
from auditor.sources.base import Gaps
from auditor.sources.detect import NotATarget, sources_of
from auditor.sources.terraform_state import SENSITIVE, TerraformState
from auditor.testing import cases
from tests.support import ORACLES, needs_oracles, run, scan

EXAMPLE = Path(__file__).parent.parent / "examples" / "lucky_gas"
_BODY = "x7Kq2Zt9Lm4Rv8Wn1Bc5Jd6Fh3Gp0S"[:30]
TOKEN = f"ghp_{_BODY}{base62_checksum(_BODY)}"
PASSWORD = "vJ9#mQ2!xL7wR4"  # auditor:allow secret reason=made up


def resource(address: str, values: Any, sensitive: Any = None, **more: Any) -> dict[str, Any]:
    """A resource as `terraform show -json` of a state has it."""
    kind, name = address.rpartition("module.")[2].partition("[")[0].split(".")[-2:]
    return {
        "address": address,
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/google",
        "values": values,
        "sensitive_values": sensitive or {},
        **more,
    }


def shown(*resources: Any, children: Any = (), outputs: Any = None) -> dict[str, Any]:
    """A state in the form of `terraform show -json`."""
    root = {"resources": list(resources), "child_modules": list(children)}
    values = {"root_module": root, **({"outputs": outputs} if outputs else {})}
    return {"format_version": "1.0", "terraform_version": "1.9.8", "values": values}


def stored(*resources: Any, **more: Any) -> dict[str, Any]:
    """A state as it is stored."""
    return {
        "version": 4,
        "terraform_version": "1.9.8",
        "serial": 7,
        "lineage": "5b6f",
        "resources": list(resources),
        **more,
    }


def instance(kind: str, name: str, *instances: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A resource as states store it."""
    provider = 'provider["registry.opentofu.org/hashicorp/google"]'
    return {"mode": "managed", "type": kind, "name": name, "provider": provider, "instances": list(instances), **more}


def convert(document: dict[str, Any]) -> tuple[dict[str, dict[str, Any]], Gaps, TerraformState]:
    """The lines of a state by address, its gaps, and the source."""
    gaps, source = Gaps(), TerraformState("s.json", "s.json", document)
    lines = {}
    for place, line in source.lines(gaps):
        asset = json.loads(line)
        if asset["asset_type"] == "auditor/TerraformState":
            assert place == "s.json"
            lines["state"] = asset
        else:
            assert place == f"s.json {asset['address']}"
            lines[asset["address"]] = asset
    return lines, gaps, source


BUCKET = {"name": "b", "location": "eu", "project": "p1", "uniform_bucket_level_access": True}


def test_both_forms_of_a_state_give_the_same_assets() -> None:
    child = {
        "address": "module.m",
        "resources": [resource('module.m.google_storage_bucket.c["k"]', {**BUCKET, "name": "c"}, index="k")],
    }
    one, _, _ = convert(shown(resource("google_storage_bucket.b[0]", BUCKET, index=0), children=[child]))
    other, gaps, _ = convert(
        stored(
            instance("google_storage_bucket", "b", {"index_key": 0, "attributes": BUCKET}),
            instance(
                "google_storage_bucket",
                "c",
                {"index_key": "k", "attributes": {**BUCKET, "name": "c"}},
                module="module.m",
            ),
        )
    )
    assert not gaps.told
    assert list(one) == ["google_storage_bucket.b[0]", 'module.m.google_storage_bucket.c["k"]', "state"]
    assert {address: line for address, line in one.items() if address != "state"} == {
        address: line for address, line in other.items() if address != "state"
    }
    assert one["google_storage_bucket.b[0]"]["name"] == "//storage.googleapis.com/b"


def test_a_state_is_partial_and_says_so_in_its_own_words() -> None:
    member = {"bucket": "b", "role": "roles/storage.objectViewer", "member": "allUsers", "condition": []}
    lines, _, source = convert(
        shown(resource("google_storage_bucket.b", BUCKET), resource("google_storage_bucket_iam_member.m", member))
    )
    assert source.partial
    bucket = lines["google_storage_bucket.b"]
    assert bucket["iam_policy"]["bindings"][0]["members"] == ["allUsers"]
    assert bucket["unknown"]["iam_policy.bindings.*"] == "a state shows only the bindings that Terraform manages"
    assert "createTime" not in str(bucket["unknown"])


def test_what_is_sensitive_is_not_read_but_searched() -> None:
    run_service = {
        "name": "s",
        "location": "europe-west1",
        "project": "p1",
        "template": [{"containers": [{"image": "i", "env": [{"name": "GITHUB", "value": TOKEN, "value_source": []}]}]}],
    }
    marks = {"template": [{"containers": [{"env": [{"value": True}]}]}]}
    lines, gaps, _ = convert(shown(resource("google_cloud_run_v2_service.s", run_service, marks)))
    assert not gaps.told
    service = lines["google_cloud_run_v2_service.s"]
    assert service["resource"]["data"]["template"]["containers"][0]["env"] == [{"name": "GITHUB"}]
    assert service["unknown"]["resource.data.template.containers.0.env.0.value"] == SENSITIVE
    hit = lines["state"]["resource"]["data"]["hits"][0]
    assert hit["attribute"] == "template.0.containers.0.env.0.value"
    assert hit["length"] == len(TOKEN)
    assert TOKEN not in json.dumps(lines)


def test_a_sensitive_name_is_in_no_asset() -> None:
    lines, _, _ = convert(shown(resource("google_storage_bucket.b", {**BUCKET, "name": "hush"}, {"name": True})))
    assert lines["google_storage_bucket.b"]["name"] == "//storage.googleapis.com/(sensitive) google_storage_bucket.b"
    assert "hush" not in json.dumps(lines)


def test_a_stored_state_marks_by_path_and_knows_what_providers_hide() -> None:
    sql = {
        "name": "db",
        "project": "p1",
        "database_version": "POSTGRES_16",
        "root_password": PASSWORD,
        "settings": [
            {
                "tier": "t",
                "ip_configuration": [{"ipv4_enabled": True, "authorized_networks": [{"value": "203.0.113.0/24"}]}],
            }
        ],
    }
    step = {"type": "get_attr", "value": "settings"}
    index = {"type": "index", "value": {"value": 0, "type": "number"}}
    path = [step, index, {"type": "get_attr", "value": "ip_configuration"}]
    lines, gaps, _ = convert(
        stored(instance("google_sql_database_instance", "db", {"attributes": sql, "sensitive_attributes": [path]}))
    )
    assert not gaps.told
    assert "203.0.113" not in json.dumps(lines)
    assert PASSWORD not in json.dumps(lines)
    assert lines["google_sql_database_instance.db"]["unknown"]["resource.data.settings"] == SENSITIVE
    assert [hit["attribute"] for hit in lines["state"]["resource"]["data"]["hits"]] == ["root_password"]


def test_secrets_of_any_provider_and_of_outputs_are_found_once() -> None:
    document = shown(
        resource("random_password.db", {"result": PASSWORD, "length": 14}, {"result": True}),
        resource("google_storage_bucket.b", BUCKET),
        outputs={"token": {"value": TOKEN, "sensitive": True}, "twice": {"value": [TOKEN, TOKEN]}},
    )
    lines, _, _ = convert(document)
    state = lines["state"]
    assert [(hit["address"], hit["attribute"]) for hit in state["resource"]["data"]["hits"]] == [
        ("random_password.db", "result"),
        ("output.token", "token"),
        ("output.twice", "twice.0"),
    ]
    assert state["address"] == "random_password.db, output.token, output.twice"
    assert TOKEN not in json.dumps(lines)
    assert PASSWORD not in json.dumps(lines)


def test_no_report_shows_a_secret_of_a_state(tmp_path: Path) -> None:
    document = shown(
        resource("google_sql_user.u", {"name": "u", "instance": "i", "password": PASSWORD}, {"password": True}),
        resource("google_storage_hmac_key.k", {"access_id": "GOOG1", "secret": TOKEN, "service_account_email": "a@b"}),
        outputs={"token": {"value": TOKEN}},
    )
    (tmp_path / "s.json").write_text(json.dumps(document))
    out = [tmp_path / f"out.{suffix}" for suffix in ("json", "html", "md", "sarif")]
    options = [part for path in out for part in ("-o", path)]
    result = run("scan", tmp_path / "s.json", "--all", "--ledger", tmp_path / "l.ndjson", *options)
    assert result.exit_code in (0, 1), result.output
    for text in (result.output, *(path.read_text() for path in [*out, tmp_path / "l.ndjson"])):
        assert TOKEN not in text
        assert PASSWORD not in text
    assert "secret-in-terraform-state" in out[0].read_text()


def test_deposed_objects_data_sources_and_unknown_types() -> None:
    document = shown(
        resource("google_storage_bucket.b", BUCKET, deposed_key="0123abcd"),
        resource("data.google_storage_bucket.d", BUCKET, mode="data"),
        resource("google_nobody_knows.x", {}),
    )
    lines, gaps, source = convert(document)
    assert list(lines) == ["state"]
    assert source.unsupported == {"google_nobody_knows": 1}
    assert not gaps.told
    deposed = {"attributes": BUCKET, "deposed": "0123abcd"}
    assert list(convert(stored(instance("google_storage_bucket", "b", deposed)))[0]) == ["state"]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (shown({"address": "google_x.y", "type": "google_x"}), "the resource has no address, type or name"),
        (shown(resource("google_x.y", [])), "its values are no object"),
        (shown(children=["text"]), "the module is no object"),
        ({"format_version": "1.0", "values": {"root_module": {"resources": {}}}}, "resources is no list"),
        (stored({"type": "google_x"}), "the resource has no type, name or instances"),
        (stored(instance("google_x", "y", {"attributes": 1})), "its attributes are no object"),
        (
            stored(instance("google_x", "y", {"attributes_flat": {}})),
            "its attributes are in the form of Terraform 0.11",
        ),
        (stored(instance("google_x", "y", None)), "its attributes are no object"),  # type: ignore[arg-type]  # as found
        ({**stored(), "resources": {}}, "resources is no list"),
    ],
)
def test_malformed_parts_are_told_and_leave_the_secrets_open(document: dict[str, Any], problem: str) -> None:
    lines, gaps, _ = convert(document)
    assert [gap.problem for gap in gaps.told] == [problem]
    assert gaps.files == 1
    assert lines["state"]["unknown"] == {"resource.data.hits.*": "part of the state could not be read"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (
            {"version": 3, "serial": 1, "modules": []},
            "a Terraform state of version 3, which Terraform 0.11 and older wrote",
        ),
        ({"version": 5, "serial": 1, "resources": []}, "a Terraform state of the unknown version '5'"),
        ({"version": 4, "serial": 1, "lineage": "x", "encrypted_data": "YQ=="}, "an encrypted OpenTofu state"),
        ({"format_version": "2.0", "values": {}}, "format '2.0' of terraform show -json is not known"),
        ({"format_version": "2.0", "planned_values": {}}, "format '2.0' of terraform show -json is not known"),
        ({"format_version": [1], "values": {}}, "is not known"),
    ],
)
def test_an_unknown_version_is_refused_in_one_sentence(document: dict[str, Any], words: str, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(document))
    with pytest.raises(NotATarget) as refused:
        sources_of(str(tmp_path / "s.json"))
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert run("scan", tmp_path / "s.json").exit_code == 2


def test_a_truncated_state_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(shown(resource("google_storage_bucket.b", BUCKET)))[:-40])
    result = run("scan", tmp_path / "s.json")
    assert result.exit_code == 2
    assert "is the file cut off?" in result.output


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ({"format_version": "1.0"}, "Terraform state"),
        ({"format_version": "0.1", "values": {}}, "Terraform state"),
        (stored(), "Terraform state"),
        (
            {"format_version": "1.3", "terraform_version": "1.20", "planned_values": {}, "resource_changes": []},
            "Terraform plan",
        ),
    ],
)
def test_states_and_plans_are_told_apart(document: dict[str, Any], kind: str, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(json.dumps(document, indent=1))
    (source,) = sources_of(str(tmp_path / "s.json"))
    assert source.kind == kind


def test_a_package_manifest_is_no_state(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"version": "4", "name": "x",\n "resources": []}')
    with pytest.raises(NotATarget, match="neither"):
        sources_of(str(tmp_path / "s.json"))


def test_deep_nesting_is_one_gap() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    _, gaps, _ = convert(shown(resource("google_storage_bucket.b", {**BUCKET, "labels": deep})))
    assert [gap.problem for gap in gaps.told] == ["its JSON is nested too deeply to be read"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "type", "values", "x"]), inner)
    ),
    max_leaves=10,
)


@given(JSON, JSON, JSON)
def test_no_shape_of_a_state_breaks_its_reading(one: Any, other: Any, marks: Any) -> None:
    convert(shown(one, resource("google_storage_bucket.b", {**BUCKET, "labels": other, "versioning": one}, marks)))
    convert(
        stored(
            one, instance("google_storage_bucket", "b", other, {"attributes": BUCKET, "sensitive_attributes": marks})
        )
    )


def applied(value: Any, mark: Any) -> Any:
    """A planned value with a stand-in for what only apply tells."""
    if mark is True:
        return "told at apply"
    if isinstance(mark, dict):
        told = {key: applied((value or {}).get(key), part) for key, part in mark.items() if part}
        return {**(value or {}), **told}
    if isinstance(mark, list):
        given = [*(value or []), *[None] * len(mark)][: max(len(value or []), len(mark))]
        return [applied(one, part) for one, part in zip(given, [*mark, *[False] * len(given)], strict=False)]
    return value


def as_state(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan as the state after apply; what only apply tells is marked sensitive and decides nothing."""
    resources = []
    for change in plan["resource_changes"]:
        after, unknown = change["change"]["after"], change["change"]["after_unknown"]
        if isinstance(after, dict) and isinstance(unknown, dict):
            told = {key: change[key] for key in ("mode", "type", "name")}
            resources.append(resource(change["address"], applied(after, unknown), unknown, **told))
    return shown(*resources)


def judged(ledger: Path) -> dict[tuple[str, str, str], str]:
    """The verdicts of a ledger by check, address and type, without those that judge nothing."""
    rows = map(json.loads, ledger.read_text().splitlines())
    return {
        (row["check"], row["address"], row["asset_type"]): row["verdict"]
        for row in rows
        if row["verdict"] in ("pass", "fail") and row["address"]
    }


def test_the_example_has_the_same_verdicts_as_plan_and_as_state(tmp_path: Path) -> None:
    assert compared(EXAMPLE / "plan.json", tmp_path) > 250


def compared(plan: Path, folder: Path) -> int:
    """How many verdicts a plan and its state share; fails where one differs."""
    (folder / "state.json").write_text(json.dumps(as_state(json.loads(plan.read_text()))))
    found = []
    for target in (plan, folder / "state.json"):
        ledger = folder / "ledger.ndjson"
        scan(target, options=["--all", "--ledger", ledger], json_to=folder / "report.json")
        found.append(judged(ledger))
    planned, kept = found
    both = planned.keys() & kept.keys()
    assert {key: (planned[key], kept[key]) for key in both if planned[key] != kept[key]} == {}
    return len(both)


@needs_oracles
def test_labelled_plans_have_the_same_verdicts_as_plan_and_as_state(tmp_path: Path) -> None:
    plans = sorted((ORACLES / "labelled_plans").glob("*.plan.json"))
    stride = int(os.environ.get("AUDITOR_STATE_STRIDE", "12"))
    assert sum(compared(plan, tmp_path) for plan in plans[::stride]) > 100


@pytest.mark.parametrize(
    "case",
    [case for case in cases(load_checks()) if case.check.id == "secret-in-terraform-state"],
    ids=str,
)
def test_the_examples_of_the_check(case: Any) -> None:
    case.verify()
