"""Access Approval: whether Google's own staff has to ask, and whether anybody hears the question."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.access_approval import AccessApprovalSettings
from auditor.resources.resourcemanager import Project
from auditor.resources.unknown import known_first
from checks.audit_logging.examples import IN_FOLDER, IN_ORGANIZATION, SHOP

_ALL = {"cloudProduct": "all", "enrollmentLevel": "BLOCK_ALL"}
_MAIL: dict[str, Any] = {"notificationEmails": ["security@example.com"]}
_OFF = not_applicable("nothing is enrolled, which another check tells")


def _settings(on: str = "projects/1001", unknown: tuple[str, ...] = (), **data: Any) -> Example:
    above = {"projects": ["projects/1001", *IN_FOLDER], "folders": IN_FOLDER, "organizations": IN_ORGANIZATION}
    return asset(
        AccessApprovalSettings,
        {"name": f"{on}/accessApprovalSettings", **data},
        name=f"//accessapproval.googleapis.com/{on}/accessApprovalSettings",
        ancestors=above[on.partition("/")[0]],
        unknown=unknown,
    )


def _container_of(settings: AccessApprovalSettings) -> str:
    return settings.container


@check(
    "access-approval-off",
    severity=Severity.LOW,
    default=False,
    reads=[AccessApprovalSettings],
    same_as=[
        "prowler:iam_account_access_approval_enabled",
        "steampipe:project_access_approval_settings_enabled",
        "cloudsploit:security/accessApprovalEnabled",
    ],
    fix=Fix(
        gcloud="gcloud access-approval settings update --project={project.project_id} --enrolled_services=all "
        "--notification_emails=ADDRESS",
        terraform='enrolled_services { cloud_product = "all" } and notification_emails on '
        "google_organization_access_approval_settings",
        manual="Access Transparency has to be on first. Enrol the organisation rather than each project.",
        patch=lambda: [_settings(enrolledServices=[_ALL], **_MAIL)],
    ),
    passes=lambda: [
        [asset(Project, SHOP), _settings(enrolledServices=[_ALL])],
        [asset(Project, SHOP), _settings(), _settings("organizations/3001", enrolledServices=[_ALL])],
        [asset(Project, SHOP), _settings(enrolledAncestor=True)],
        [asset(Project, {"projectId": "gone", "state": "DELETE_REQUESTED"}), _settings()],
    ],
    fails=lambda: [
        [asset(Project, SHOP), _settings(**_MAIL)],
        [asset(Project, SHOP), _settings("folders/2001", enrolledServices=[])],
        asset(Project, SHOP),
    ],
    unknown=lambda: [
        [asset(Project, SHOP), _settings(unknown=("resource.data.enrolledServices",))],
    ],
)
def access_approval_off(project: Project, estate: Estate) -> Verdict:
    """Google's staff may look at a project's data without asking.

    Why: to solve a support case, Google's people sometimes have to see a customer's data. Access Transparency logs it;
    Access Approval makes them wait for a yes. What is enrolled on the folder or organisation counts here. It is bound
    to a support contract, and rules ask for it rarely; this check is therefore not selected by default.

    What a fix may break: support cases stand still until somebody answers the request.

    Source: https://cloud.google.com/assured-workloads/access-approval/docs/overview
    """
    if not project.is_active:
        return not_applicable("the project is pending deletion")
    containers = project.asset.ancestors or [project.asset.key]
    for enrolled in known_first(
        containers,
        lambda container: [
            each.is_enrolled
            for each in estate.related(AccessApprovalSettings, _container_of, container, within=container)
        ],
    ):
        if enrolled:
            return PASS
    return fail("neither the project nor a folder or organisation above it enrols a product")


@check(
    "access-approval-unnotified",
    severity=Severity.MEDIUM,
    reads=[AccessApprovalSettings],
    evidence=["enrolledServices", "notificationEmails"],
    fix=Fix(
        gcloud="gcloud access-approval settings update {settings.gcloud_scope} --notification_emails=ADDRESS",
        terraform="notification_emails on google_project_access_approval_settings, "
        "google_folder_access_approval_settings or google_organization_access_approval_settings",
        patch={"data": _MAIL},
    ),
    passes=lambda: [
        _settings(enrolledServices=[_ALL], **_MAIL),
        _settings(enrolledServices=[_ALL], notificationPubsubTopic="projects/shop/topics/approvals"),
        [_settings(enrolledServices=[_ALL]), _settings("organizations/3001", **_MAIL)],
        _settings(),
    ],
    fails=lambda: [
        _settings("organizations/3001", enrolledServices=[_ALL]),
        [_settings(enrolledServices=[_ALL]), _settings("folders/2001", enrolledServices=[_ALL])],
    ],
    unknown=lambda: [
        _settings(enrolledServices=[_ALL], unknown=("resource.data.notificationEmails",)),
        [
            _settings(enrolledServices=[_ALL]),
            _settings("organizations/3001", unknown=("resource.data.notificationEmails",)),
        ],
    ],
)
def access_approval_unnotified(settings: AccessApprovalSettings, estate: Estate) -> Verdict:
    """Access Approval is on, and nobody is told that a request waits.

    Why: requests then lie in the console until they expire: support cases stall, and people get used to approving in
    bulk. Addresses of the folder and organisation are told of requests below, and count.

    What a fix may break: nothing; somebody starts to receive the requests.

    Source: https://cloud.google.com/assured-workloads/access-approval/docs/reference/rest/v1/AccessApprovalSettings
    """
    if not settings.enrolled_services:
        return _OFF
    if settings.notifies:
        return PASS
    for notifies in known_first(
        settings.asset.ancestors[1:],
        lambda container: [
            each.notifies for each in estate.related(AccessApprovalSettings, _container_of, container, within=container)
        ],
    ):
        if notifies:
            return PASS
    return fail("neither here nor above is an e-mail address or Pub/Sub topic for requests")


@check(
    "access-approval-partial",
    severity=Severity.LOW,
    default=False,
    evidence=["enrolledServices"],
    fix=Fix(
        gcloud="gcloud access-approval settings update {settings.gcloud_scope} --enrolled_services=all",
        terraform='enrolled_services { cloud_product = "all" } on google_organization_access_approval_settings',
        patch={"data": {"enrolledServices": [_ALL]}},
    ),
    passes=lambda: [
        _settings("organizations/3001", enrolledServices=[_ALL]),
        _settings("organizations/3001", enrolledServices=[{"cloudProduct": "GA", "enrollmentLevel": "BLOCK_ALL"}]),
        _settings(),
    ],
    fails=lambda: [
        _settings("organizations/3001", enrolledServices=[{"cloudProduct": "storage.googleapis.com"}]),
    ],
    unknown=lambda: [
        _settings("organizations/3001", unknown=("resource.data.enrolledServices",)),
        _settings("organizations/3001", unknown=("resource.data.enrolledServices.*",)),
    ],
)
def access_approval_partial(settings: AccessApprovalSettings) -> Verdict:
    """Access Approval covers single products only.

    Why: data flows between products: what is guarded in storage lies open in the export, the cache or the logs.

    What a fix may break: more support cases wait for an approval.

    Source: https://cloud.google.com/assured-workloads/access-approval/docs/reference/rest/v1/AccessApprovalSettings
    """
    if not settings.enrolled_services:
        return _OFF
    if any(service.cloud_product.lower() in ("all", "ga") for service in settings.enrolled_services):
        return PASS
    return fail(f"{len(settings.enrolled_services)} single products are enrolled")
