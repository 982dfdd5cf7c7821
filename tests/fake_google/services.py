"""Each method that is served: its request, and its answer from the estate. Filters are those that callers use."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from google.cloud import (
    api_keys_v2,
    asset_v1,
    dlp_v2,
    essential_contacts_v1,
    iam_admin_v1,
    iam_v2,
    iam_v3,
    monitoring_v3,
    orgpolicy_v2,
    recommender_v1,
    resourcemanager_v3,
    secretmanager_v1,
    securitycenter_v2,
    securitycentermanagement_v1,
    service_usage_v1,
)
from google.cloud.billing import budgets_v1
from google.cloud.location import locations_pb2  # type: ignore[import-untyped]  # the package has no types
from google.iam.v1 import iam_policy_pb2, policy_pb2  # type: ignore[import-untyped]  # the package has no types
from google.longrunning import operations_pb2  # type: ignore[import-untyped]  # the package has no types
from google.protobuf.json_format import ParseDict

if TYPE_CHECKING:
    from tests.fake_google.server import Fake

Answer = Callable[["Fake", Any], Any]
METHODS: dict[str, tuple[Any, Answer]] = {}
"""gRPC path → (request type, answer)."""


class Wrong(Exception):  # noqa: N818 - an answer of the server, not an error of it
    """The request is wrong: INVALID_ARGUMENT."""


def method(path: str, request: Any) -> Callable[[Answer], Answer]:
    """Serve a path with a function."""

    def serve(answer: Answer) -> Answer:
        METHODS[path] = (request, answer)
        return answer

    return serve


def _message(kind: Any, data: Any) -> Any:
    """A plain message of a proto-plus type from its JSON form."""
    return ParseDict(data, kind.pb(kind()), ignore_unknown_fields=True)


def _answer(kind: Any, field: str, fake: Fake, request: Any, items: list[Any], cap: int = 1_000) -> Any:
    """One page of a list, with the token of the next."""
    page, token = fake.page(items, request, cap)
    answer = kind.pb(kind())
    getattr(answer, field).extend(page)
    answer.next_page_token = token
    return answer


def _listing(path: str, request: Any, response: Any, field: str, kind: Any, select: Callable[[Fake, Any], Any]) -> None:
    """Serve a list whose elements are the data that `select` gives."""

    def answer(fake: Fake, asked: Any) -> Any:
        items = [_message(kind, data) for data in select(fake, asked)]
        return _answer(response, field, fake, asked, items)

    METHODS[path] = (request, answer)


@method("/google.cloud.asset.v1.AssetService/ListAssets", asset_v1.ListAssetsRequest)
def _list_assets(fake: Fake, request: Any) -> Any:
    content = _content(fake, request)
    if content == "ACCESS_POLICY" and not request.parent.startswith("organizations/"):
        raise Wrong("Access policies can be listed for organizations only")
    items = fake.inventory(request.parent, content, tuple(request.asset_types))
    answer = _answer(asset_v1.ListAssetsResponse, "assets", fake, request, items)
    answer.read_time.FromJsonString(fake.moment)
    if request.HasField("read_time"):
        if request.read_time.ToDatetime() > answer.read_time.ToDatetime():
            raise Wrong("read_time lies in the future")
        answer.read_time.CopyFrom(request.read_time)
    return answer


def _content(fake: Fake, request: Any) -> str:
    """The content type that is asked for, where the inventory holds it of the asset types."""
    content: str = asset_v1.ContentType(request.content_type).name
    for name in fake.unsupported_types.intersection(request.asset_types):
        raise Wrong(
            f"No {content} found that matches asset type {name} for consumer project: 12. For a list of supported "
            "content types and asset types, see https://cloud.google.com/asset-inventory/docs/supported-asset-types"
        )
    return content


@method("/google.cloud.asset.v1.AssetService/ExportAssets", asset_v1.ExportAssetsRequest)
def _export_assets(fake: Fake, request: Any) -> Any:
    content = _content(fake, request)
    bucket, _, prefix = request.output_config.gcs_destination.uri_prefix.removeprefix("gs://").partition("/")
    by_type: dict[str, list[Any]] = {}
    for asset in fake.estate.inventory(request.parent, content, tuple(request.asset_types)):
        by_type.setdefault(asset["asset_type"], []).append(asset)
    for asset_type, assets in by_type.items():
        name = f"{prefix}/{asset_type}/0"
        if (bucket, name) in fake.objects:
            raise Wrong(f"{name} exists")
        fake.objects[bucket, name] = b"".join(json.dumps(asset).encode() + b"\n" for asset in assets)
    fake.operations[f"operations/{len(fake.operations)}"] = 2
    return operations_pb2.Operation(name=f"operations/{len(fake.operations) - 1}")


@method("/google.longrunning.Operations/GetOperation", operations_pb2.GetOperationRequest)
def _operation(fake: Fake, request: Any) -> Any:
    fake.operations[request.name] -= 1
    answer = operations_pb2.Operation(name=request.name, done=fake.operations[request.name] <= 0)
    if answer.done and fake.export_error:
        answer.error.message = fake.export_error
    return answer


def _home(request: Any) -> str:
    """`projects/1` of `projects/1/locations/global/…`."""
    return "/".join(request.parent.split("/")[:2])


def _located(asset_type: str) -> Callable[[Fake, Any], Any]:
    """What is set on a place and lies in the location that is asked for."""

    def found(fake: Fake, request: Any) -> Any:
        prefix = f"{fake.estate.number(_home(request))}{request.parent.removeprefix(_home(request))}/"
        return [data for data in fake.estate.data(asset_type, home=_home(request)) if data["name"].startswith(prefix)]

    return found


def _of_place(asset_type: str) -> Callable[[Fake, Any], Any]:
    return lambda fake, request: fake.estate.data(asset_type, home=_home(request))


def _attached(fake: Fake, request: Any) -> Any:
    place = unquote(request.parent).removeprefix("policies/cloudresourcemanager.googleapis.com/")
    return fake.estate.data("iam.googleapis.com/DenyPolicy", home=place.removesuffix("/denypolicies"))


def _secrets(fake: Fake, request: Any) -> Any:
    prefix = f"{fake.estate.number(_home(request))}{request.parent.removeprefix(_home(request))}/secrets/"
    found = fake.estate.data("secretmanager.googleapis.com/Secret", home=_home(request))
    return [data for data in found if data["name"].startswith(prefix)]


def _versions(fake: Fake, request: Any) -> Any:
    found = fake.estate.data("secretmanager.googleapis.com/SecretVersion")
    return [data for data in found if data["name"].startswith(request.parent + "/versions/")]


def _findings(fake: Fake, request: Any) -> Any:
    if request.filter != 'state="ACTIVE"':
        raise Wrong(f"the filter {request.filter!r} is not served")
    found = fake.estate.data("securitycenter.googleapis.com/Finding", within=_home(request))
    here = f"/locations/{request.parent.partition('/locations/')[2] or 'global'}/"
    return [{"finding": data} for data in found if data.get("state") == "ACTIVE" and here in data["name"]]


def _recommendations(fake: Fake, request: Any) -> Any:
    if request.filter != "stateInfo.state = ACTIVE":
        raise Wrong(f"the filter {request.filter!r} is not served")
    found = fake.estate.data("recommender.googleapis.com/Recommendation", home=_home(request))
    return [data for data in found if data.get("stateInfo", {}).get("state") == "ACTIVE"]


def _roles(fake: Fake, request: Any) -> Any:
    if request.view != iam_admin_v1.RoleView.FULL:
        raise Wrong("only the full view is served")
    return fake.estate.data("iam.googleapis.com/Role", home=request.parent)


def _discovery(fake: Fake, request: Any) -> Any:
    found = fake.estate.data("dlp.googleapis.com/DiscoveryConfig", home=_home(request))
    return [data for data in found if f"/{request.parent.split('/', 2)[2]}/" in data["name"]]


def _watching(kind: str) -> Callable[[Fake, Any], Any]:
    """What Monitoring has in a project, which some requests call the parent and others the name."""
    asset_type = f"monitoring.googleapis.com/{kind}"
    return lambda fake, request: fake.estate.data(asset_type, home=getattr(request, "parent", "") or request.name)


def _services(fake: Fake, request: Any) -> Any:
    if request.filter != "state:ENABLED":
        raise Wrong(f"the filter {request.filter!r} is not served")
    found = fake.estate.data("serviceusage.googleapis.com/Service", home=request.parent)
    return [data for data in found if data.get("state") == "ENABLED"]


def _series(fake: Fake, request: Any) -> Any:
    """Requests by API key; what was asked for has to be the sum over the whole interval for each credential."""
    sums, seconds = request.aggregation, request.interval.end_time.seconds - request.interval.start_time.seconds
    by_key = '"apikey:"' in request.filter and "resource.labels.credential_id" in sums.group_by_fields
    if not by_key or sums.alignment_period.seconds != seconds:
        raise Wrong("only the sum of requests by API key over the whole interval is served")
    answers = fake.estate.data("monitoring.googleapis.com/ListTimeSeriesResponse", home=request.name)
    return [series for answer in answers for series in answer["timeSeries"]]


def _budgets(fake: Fake, request: Any) -> Any:
    found = fake.estate.data("billingbudgets.googleapis.com/Budget")
    return [data for data in found if data["name"].startswith(f"{request.parent}/budgets/")]


_SCC = "/google.cloud.securitycenter.v2.SecurityCenter/"
_MONITORING = "/google.monitoring.v3."
_SECRET = "/google.cloud.secretmanager.v1.SecretManagerService/"
_scc, _sm, _mon, _scm = securitycenter_v2, secretmanager_v1, monitoring_v3, securitycentermanagement_v1
for _row in (
    (
        "/google.iam.v2.Policies/ListPolicies",
        *(iam_v2.ListPoliciesRequest, iam_v2.ListPoliciesResponse, "policies", iam_v2.Policy, _attached),
    ),
    (
        "/google.iam.v3.PolicyBindings/ListPolicyBindings",
        *(iam_v3.ListPolicyBindingsRequest, iam_v3.ListPolicyBindingsResponse, "policy_bindings"),
        *(iam_v3.PolicyBinding, _of_place("iam.googleapis.com/PolicyBinding")),
    ),
    (
        "/google.iam.admin.v1.IAM/ListRoles",
        *(iam_admin_v1.ListRolesRequest, iam_admin_v1.ListRolesResponse, "roles", iam_admin_v1.Role, _roles),
    ),
    (_SECRET + "ListSecrets", _sm.ListSecretsRequest, _sm.ListSecretsResponse, "secrets", _sm.Secret, _secrets),
    (
        _SECRET + "ListSecretVersions",
        *(_sm.ListSecretVersionsRequest, _sm.ListSecretVersionsResponse, "versions", _sm.SecretVersion, _versions),
    ),
    (
        "/google.cloud.orgpolicy.v2.OrgPolicy/ListPolicies",
        *(orgpolicy_v2.ListPoliciesRequest, orgpolicy_v2.ListPoliciesResponse, "policies", orgpolicy_v2.Policy),
        _of_place("orgpolicy.googleapis.com/Policy"),
    ),
    (
        "/google.api.apikeys.v2.ApiKeys/ListKeys",
        *(api_keys_v2.ListKeysRequest, api_keys_v2.ListKeysResponse, "keys", api_keys_v2.Key),
        _of_place("apikeys.googleapis.com/Key"),
    ),
    (
        "/google.cloud.essentialcontacts.v1.EssentialContactsService/ListContacts",
        *(essential_contacts_v1.ListContactsRequest, essential_contacts_v1.ListContactsResponse, "contacts"),
        *(essential_contacts_v1.Contact, _of_place("essentialcontacts.googleapis.com/Contact")),
    ),
    (
        _SCC + "ListSources",
        *(_scc.ListSourcesRequest, _scc.ListSourcesResponse, "sources", _scc.Source),
        _of_place("securitycenter.googleapis.com/Source"),
    ),
    (
        _SCC + "ListMuteConfigs",
        *(_scc.ListMuteConfigsRequest, _scc.ListMuteConfigsResponse, "mute_configs", _scc.MuteConfig),
        _located("securitycenter.googleapis.com/MuteConfig"),
    ),
    (
        _SCC + "ListNotificationConfigs",
        *(_scc.ListNotificationConfigsRequest, _scc.ListNotificationConfigsResponse, "notification_configs"),
        *(_scc.NotificationConfig, _located("securitycenter.googleapis.com/NotificationConfig")),
    ),
    (
        _SCC + "ListBigQueryExports",
        *(_scc.ListBigQueryExportsRequest, _scc.ListBigQueryExportsResponse, "big_query_exports"),
        *(_scc.BigQueryExport, _located("securitycenter.googleapis.com/BigQueryExport")),
    ),
    (
        "/google.cloud.securitycentermanagement.v1.SecurityCenterManagement/ListSecurityCenterServices",
        *(_scm.ListSecurityCenterServicesRequest, _scm.ListSecurityCenterServicesResponse, "security_center_services"),
        *(_scm.SecurityCenterService, _of_place("securitycentermanagement.googleapis.com/SecurityCenterService")),
    ),
    (
        "/google.api.serviceusage.v1.ServiceUsage/ListServices",
        *(service_usage_v1.ListServicesRequest, service_usage_v1.ListServicesResponse, "services"),
        *(service_usage_v1.Service, _services),
    ),
    (
        _MONITORING + "AlertPolicyService/ListAlertPolicies",
        *(_mon.ListAlertPoliciesRequest, _mon.ListAlertPoliciesResponse, "alert_policies"),
        *(_mon.AlertPolicy, _watching("AlertPolicy")),
    ),
    (
        _MONITORING + "NotificationChannelService/ListNotificationChannels",
        *(_mon.ListNotificationChannelsRequest, _mon.ListNotificationChannelsResponse, "notification_channels"),
        *(_mon.NotificationChannel, _watching("NotificationChannel")),
    ),
    (
        _MONITORING + "UptimeCheckService/ListUptimeCheckConfigs",
        *(_mon.ListUptimeCheckConfigsRequest, _mon.ListUptimeCheckConfigsResponse, "uptime_check_configs"),
        *(_mon.UptimeCheckConfig, _watching("UptimeCheckConfig")),
    ),
    (
        _MONITORING + "MetricService/ListTimeSeries",
        *(_mon.ListTimeSeriesRequest, _mon.ListTimeSeriesResponse, "time_series", _mon.TimeSeries, _series),
    ),
    (
        "/google.cloud.billing.budgets.v1.BudgetService/ListBudgets",
        *(budgets_v1.ListBudgetsRequest, budgets_v1.ListBudgetsResponse, "budgets", budgets_v1.Budget, _budgets),
    ),
    (
        _SCC + "ListFindings",
        *(_scc.ListFindingsRequest, _scc.ListFindingsResponse, "list_findings_results"),
        *(_scc.ListFindingsResponse.ListFindingsResult, _findings),
    ),
    (
        "/google.privacy.dlp.v2.DlpService/ListDiscoveryConfigs",
        *(dlp_v2.ListDiscoveryConfigsRequest, dlp_v2.ListDiscoveryConfigsResponse, "discovery_configs"),
        *(dlp_v2.DiscoveryConfig, _discovery),
    ),
    (
        "/google.cloud.recommender.v1.Recommender/ListRecommendations",
        *(recommender_v1.ListRecommendationsRequest, recommender_v1.ListRecommendationsResponse, "recommendations"),
        *(recommender_v1.Recommendation, _recommendations),
    ),
):
    _listing(*_row)


@method("/google.cloud.location.Locations/ListLocations", locations_pb2.ListLocationsRequest)
def _list_locations(fake: Fake, request: Any) -> Any:
    names = [data["name"] for data in fake.estate.data("secretmanager.googleapis.com/Secret", home=request.name)]
    found = sorted({name.split("/locations/")[1].split("/")[0] for name in names if "/locations/" in name})
    answer = locations_pb2.ListLocationsResponse()
    for location in found:
        answer.locations.add(name=f"{request.name}/locations/{location}", location_id=location)
    return answer


@method("/google.cloud.orgpolicy.v2.OrgPolicy/GetEffectivePolicy", orgpolicy_v2.GetEffectivePolicyRequest)
def _effective(fake: Fake, request: Any) -> Any:
    place, _, constraint = request.name.partition("/policies/")
    set_here = fake.estate.data("orgpolicy.googleapis.com/Policy", home=place)
    policy: Any = next((data for data in set_here if data["name"].endswith(f"/policies/{constraint}")), {"spec": {}})
    return _message(orgpolicy_v2.Policy, {**policy, "name": request.name})


@method("/google.iam.admin.v1.IAM/ListServiceAccounts", iam_admin_v1.ListServiceAccountsRequest)
def _accounts(fake: Fake, request: Any) -> Any:
    found = fake.estate.data("iam.googleapis.com/ServiceAccount", home=request.name)
    items = [_message(iam_admin_v1.ServiceAccount, data) for data in found]
    return _answer(iam_admin_v1.ListServiceAccountsResponse, "accounts", fake, request, items, cap=100)


@method("/google.iam.admin.v1.IAM/ListServiceAccountKeys", iam_admin_v1.ListServiceAccountKeysRequest)
def _keys(fake: Fake, request: Any) -> Any:
    found = fake.estate.data("iam.googleapis.com/ServiceAccountKey")
    mine = [data for data in found if data["name"].startswith(request.name + "/keys/")]
    kind = iam_admin_v1.ListServiceAccountKeysResponse
    answer = kind.pb(kind())
    answer.keys.extend([_message(iam_admin_v1.ServiceAccountKey, data) for data in mine])
    return answer


_RM = resourcemanager_v3
_V3 = "/google.cloud.resourcemanager.v3."


def _container(kind: Any, asset: Any) -> Any:
    """A container in the v3 form, whichever form the estate has it in."""
    data = asset["resource"]["data"]
    parent = asset["ancestors"][1] if len(asset["ancestors"]) > 1 else ""
    state = data.get("state") or data.get("lifecycleState") or "ACTIVE"
    return _message(kind, {**data, "name": asset["ancestors"][0], "parent": parent, "state": state})


@method(_V3 + "Projects/GetProject", _RM.GetProjectRequest)
def _get_project(fake: Fake, request: Any) -> Any:
    return _container(_RM.Project, _named(fake, "Project", request.name))


@method(_V3 + "Folders/GetFolder", _RM.GetFolderRequest)
def _get_folder(fake: Fake, request: Any) -> Any:
    return _container(_RM.Folder, _named(fake, "Folder", request.name))


@method(_V3 + "Organizations/GetOrganization", _RM.GetOrganizationRequest)
def _get_organization(fake: Fake, request: Any) -> Any:
    return _container(_RM.Organization, _named(fake, "Organization", request.name))


def _named(fake: Fake, kind: str, name: str) -> Any:
    found = [asset for asset in fake.estate.containers(kind) if asset["ancestors"][0] == fake.estate.number(name)]
    if not found:
        raise Wrong(f"{name} is not there")
    return found[0]


@method(_V3 + "Projects/ListProjects", _RM.ListProjectsRequest)
def _list_projects(fake: Fake, request: Any) -> Any:
    items = [_container(_RM.Project, asset) for asset in fake.estate.containers("Project", request.parent)]
    return _answer(_RM.ListProjectsResponse, "projects", fake, request, items, cap=300)


@method(_V3 + "Folders/ListFolders", _RM.ListFoldersRequest)
def _list_folders(fake: Fake, request: Any) -> Any:
    items = [_container(_RM.Folder, asset) for asset in fake.estate.containers("Folder", request.parent)]
    return _answer(_RM.ListFoldersResponse, "folders", fake, request, items, cap=300)


def _get_policy(fake: Fake, request: Any) -> Any:
    if request.options.requested_policy_version != 3:
        raise Wrong("a policy with conditions is shown in version 3 only")
    return ParseDict(fake.estate.policy(request.resource), policy_pb2.Policy(), ignore_unknown_fields=True)


def _test_permissions(fake: Fake, request: Any) -> Any:
    if not request.resource.startswith("organizations/"):
        for name in fake.organization_only.intersection(request.permissions):
            raise Wrong(f"Permission {name} is not valid for this resource.")
    held = [name for name in request.permissions if fake.held is None or name in fake.held]
    return iam_policy_pb2.TestIamPermissionsResponse(permissions=held)


for _service in ("Projects", "Folders", "Organizations"):
    METHODS[f"{_V3}{_service}/GetIamPolicy"] = (iam_policy_pb2.GetIamPolicyRequest, _get_policy)
    METHODS[f"{_V3}{_service}/TestIamPermissions"] = (iam_policy_pb2.TestIamPermissionsRequest, _test_permissions)


@method("/google.privacy.dlp.v2.DlpService/ListInfoTypes", dlp_v2.ListInfoTypesRequest)
def _info_types(fake: Fake, request: Any) -> Any:
    described = [{"name": name} for name in (*fake.credentials, "PERSON_NAME")]
    return _message(dlp_v2.ListInfoTypesResponse, {"infoTypes": described})


@method("/google.privacy.dlp.v2.DlpService/InspectContent", dlp_v2.InspectContentRequest)
def _inspected(fake: Fake, request: Any) -> Any:
    """The words of `fake.credentials` in a table of one column, with the limits of the service."""
    if request.ByteSize() > 500_000:
        raise Wrong("Request payload size exceeds the limit: 524288 bytes.")
    asked = {kind.name for kind in request.inspect_config.info_types}
    if not asked <= fake.credentials.keys():
        raise Wrong(f"Invalid built-in info type name {min(asked - fake.credentials.keys())!r}.")
    findings = [
        {
            "infoType": {"name": name},
            "likelihood": likelihood,
            "location": {
                "codepointRange": {"start": str(start), "end": str(start + len(word))},
                "contentLocations": [{"recordLocation": {"tableLocation": {"rowIndex": str(index)}}}],
            },
        }
        for index, row in enumerate(request.item.table.rows)
        for name, (word, likelihood) in fake.credentials.items()
        if name in asked and (start := row.values[0].string_value.find(word)) >= 0
    ]
    cut = len(findings) > fake.most_findings
    result = {"findings": findings[: fake.most_findings], "findingsTruncated": cut}
    return _message(dlp_v2.InspectContentResponse, {"result": result})
