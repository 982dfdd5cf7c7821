"""What starts a build, where builds run, and whether what they make is looked through for known faults."""

from __future__ import annotations

import re
from typing import Any

from auditor import PASS, Estate, Example, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.app_engine import AppEngineVersion
from auditor.resources.builds import BuildPool, BuildTrigger
from auditor.resources.data import ArtifactRepository
from auditor.resources.serviceusage import Service
from auditor.resources.unknown import some, told
from checks.setting import Setting, asked

_TRIGGER = "//cloudbuild.googleapis.com/projects/p/locations/europe-west1/triggers/1"
_DISABLED = not_applicable("the trigger is disabled")
_ASKED = ("COMMENTS_ENABLED", "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY")


def _foreign_code(trigger: BuildTrigger) -> Verdict | None:
    events = trigger.events
    if events is None or events.pull_request is None:
        return not_applicable("pull requests do not start it")
    if events.pull_request.comment_control in _ASKED:
        return None
    return _DISABLED if trigger.disabled else fail("a pull request starts the build by itself")


foreign_code = asked(
    __name__,
    Setting(
        id="build-trigger-runs-any-pull-request",
        view=BuildTrigger,
        severity=Severity.MEDIUM,
        problem=_foreign_code,
        title="A build runs whatever a pull request holds, without anybody having looked at it.",
        why="the pull request brings its own build steps or tests, and they run as the build's service account, with "
        "its secrets. In a public repository that is anybody in the world; in a private one whoever may open a "
        "request.",
        breaks="an owner or collaborator has to comment /gcbrun before the build starts.",
        source="https://cloud.google.com/build/docs/automating-builds/github/build-repos-from-github",
        name=_TRIGGER,
        good=[
            {"github": {"pullRequest": {"branch": "^main$", "commentControl": "COMMENTS_ENABLED"}}},
            {
                "github": {
                    "pullRequest": {"branch": ".*", "commentControl": "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY"}
                }
            },
            {"github": {"push": {"branch": "^main$"}}},
            {"repositoryEventConfig": {"pullRequest": {"commentControl": "COMMENTS_ENABLED"}}},
            {"disabled": True, "github": {"pullRequest": {"branch": ".*"}}},
        ],
        bad=[
            {"github": {"pullRequest": {"branch": "^main$"}}},
            {"github": {"pullRequest": {"branch": "^main$", "commentControl": "COMMENTS_DISABLED"}}},
        ],
        path="github",
        evidence=["name", "disabled"],
        same_as=["cloudsploit:cloudbuild/commentControlEnabled"],
        terraform='comment_control = "COMMENTS_ENABLED" in github { pull_request { … } } on google_cloudbuild_trigger',
        manual="Set Comment control to Required in the trigger's page of the console.",
    ),
)

_EVERYTHING = re.compile(r"\^?(?:\.\*|\.\+|\[\^\$\]\*|\(\.\*\))?\$?")


def _any_branch(trigger: BuildTrigger) -> Verdict | None:
    if trigger.disabled:
        return _DISABLED
    events, template = trigger.events, trigger.trigger_template
    if events is not None and events.push is not None:
        if events.push.tag or events.push.invert_regex:
            return None
        branch = events.push.branch
    elif template is not None:
        branch = template.branch_name
    else:
        return not_applicable("no push starts it")
    return fail(f"branch {branch or '(any)'} starts it") if _EVERYTHING.fullmatch(branch) else None


any_branch = asked(
    __name__,
    Setting(
        id="build-trigger-any-branch",
        view=BuildTrigger,
        severity=Severity.LOW,
        problem=_any_branch,
        title="A push to any branch starts a build.",
        why="branches are protected by review one by one; one that nobody protects gets the same build, with the same "
        "identity and secrets. Builds that only test are meant to run so: select this where builds deploy.",
        breaks="builds of branches that are no longer matched.",
        source="https://cloud.google.com/build/docs/automating-builds/create-manage-triggers",
        name=_TRIGGER,
        good=[
            {"github": {"push": {"branch": "^main$"}}},
            {"github": {"push": {"tag": ".*"}}},
            {"triggerTemplate": {"branchName": "release-.*"}},
            {"pubsubConfig": {"topic": "t"}},
        ],
        bad=[
            {"github": {"push": {"branch": ".*"}}},
            {"repositoryEventConfig": {"push": {"branch": "^.*$"}}},
            {"triggerTemplate": {"branchName": ".*", "repoName": "r"}},
        ],
        path="disabled",
        evidence=["name"],
        same_as=["cloudsploit:cloudbuild/specificSourceBranch"],
        terraform='branch = "^main$" in push { … } on google_cloudbuild_trigger',
        manual="Name the branch in the trigger's page of the console.",
        mend={
            "github": {"push": {"branch": "^main$"}},
            "triggerTemplate": {"branchName": "^main$"},
            "repositoryEventConfig": None,
        },
        default=False,
    ),
)

unapproved = asked(
    __name__,
    Setting(
        id="build-trigger-without-approval",
        view=BuildTrigger,
        severity=Severity.LOW,
        problem=lambda trigger: (
            _DISABLED
            if trigger.disabled
            else None
            if trigger.approval_config.approval_required
            else fail("nobody has to approve its builds")
        ),
        title="A trigger starts builds that nobody has to approve.",
        why="where a build deploys to production, whoever gets code into the branch is in production. Review of the "
        "branch does the same work where it is enforced, so this is asked of those who select it.",
        breaks="builds wait until somebody with roles/cloudbuild.builds.approver approves them.",
        source="https://cloud.google.com/build/docs/securing-builds/gate-builds-on-approval",
        name=_TRIGGER,
        good=[{"approvalConfig": {"approvalRequired": True}}, {"disabled": True}],
        bad=[{"filename": "cloudbuild.yaml"}, {"approvalConfig": {}}],
        path="approvalConfig",
        evidence=["name"],
        same_as=["cloudsploit:cloudbuild/userApprovalEnabled"],
        terraform="approval_config { approval_required = true } on google_cloudbuild_trigger",
        manual="Tick Require approval in the trigger's page of the console.",
        default=False,
    ),
)

pool_public = asked(
    __name__,
    Setting(
        id="build-pool-public-egress",
        view=BuildPool,
        severity=Severity.LOW,
        problem=lambda pool: (
            None
            if told(pool.private_pool_v1_config, "privatePoolV1Config").network_config.egress_option
            == "NO_PUBLIC_EGRESS"
            else fail("egressOption is not NO_PUBLIC_EGRESS")
        ),
        title="The machines of a private build pool have addresses on the internet.",
        why="a private pool is made to keep builds inside the network; with addresses of their own they send what "
        "they hold, source code and secrets, anywhere, and no NAT or firewall of yours sees it.",
        breaks="builds that download from the internet need a NAT or a mirror in the network.",
        source="https://cloud.google.com/build/docs/private-pools/private-pools-overview",
        good=[{"privatePoolV1Config": {"networkConfig": {"egressOption": "NO_PUBLIC_EGRESS"}}}],
        bad=[
            {"privatePoolV1Config": {"networkConfig": {"egressOption": "PUBLIC_EGRESS"}}},
            {"privatePoolV1Config": {"workerConfig": {"machineType": "e2-medium"}}},
        ],
        path="privatePoolV1Config",
        same_as=["checkov:CKV_GCP_86"],
        gcloud="gcloud builds worker-pools update {resource.id} --region={resource.location} --no-public-egress",
        terraform="no_external_ip = true in worker_config on google_cloudbuild_worker_pool",
    ),
)


def _unencrypted_handler(version: AppEngineVersion) -> Verdict | None:
    if version.serving_status == "STOPPED":
        return not_applicable("the version is stopped")
    if version.env in ("flex", "flexible"):
        return not_applicable("in the flexible environment the application itself redirects")
    for handler in told(version.handlers, "handlers"):
        if handler.security_level != "SECURE_ALWAYS":
            return fail(f"{handler.url_regex or 'a handler'} answers without TLS")
    return None


unencrypted = asked(
    __name__,
    Setting(
        id="app-engine-http-allowed",
        view=AppEngineVersion,
        severity=Severity.MEDIUM,
        problem=_unencrypted_handler,
        title="An App Engine application answers requests that are not encrypted.",
        why="whoever is on the way reads and changes what is sent, session cookies among it. Applications that "
        "redirect themselves are not seen here.",
        breaks="clients that cannot follow a redirect to HTTPS.",
        source="https://cloud.google.com/appengine/docs/standard/reference/app-yaml#handlers_secure",
        good=[
            {"handlers": [{"urlRegex": ".*", "securityLevel": "SECURE_ALWAYS"}]},
            {"servingStatus": "STOPPED", "handlers": [{"urlRegex": ".*"}]},
            {"env": "flexible"},
        ],
        bad=[
            {"handlers": [{"urlRegex": ".*"}]},
            {
                "handlers": [
                    {"urlRegex": "/static", "securityLevel": "SECURE_ALWAYS"},
                    {"urlRegex": ".*", "securityLevel": "SECURE_OPTIONAL"},
                ]
            },
        ],
        path="handlers",
        evidence=["servingStatus"],
        same_as=[],
        terraform='handlers { security_level = "SECURE_ALWAYS" } on google_app_engine_standard_app_version',
        manual="Set secure: always for each handler in app.yaml, and deploy it.",
    ),
)

_SCANNER = "containerscanning.googleapis.com"
_PROJECT = "//serviceusage.googleapis.com/projects/1001/services/"


def _repository(**data: Any) -> Example:
    return asset(ArtifactRepository, {"format": "DOCKER", **data})


def _scanner(state: str) -> Example:
    return asset(Service, {"state": state}, name=_PROJECT + _SCANNER)


def _other() -> Example:
    return asset(Service, {"state": "ENABLED"}, name=_PROJECT + "run.googleapis.com")


@check(
    "artifact-scanning-off",
    severity=Severity.MEDIUM,
    evidence=["format", "vulnerabilityScanningConfig"],
    same_as=[
        "prowler:artifacts_container_analysis_enabled",
        "steampipe:project_service_container_scanning_api_enabled",
        "prowler:gcr_container_scanning_enabled",
    ],
    reads=[Service],
    fix=Fix(
        gcloud="gcloud services enable containerscanning.googleapis.com",
        terraform='google_project_service with service = "containerscanning.googleapis.com"',
        manual="Where the repository itself opts out: gcloud artifacts repositories update "
        "--allow-vulnerability-scanning.",
        patch={"data": {"vulnerabilityScanningConfig": {"enablementConfig": "", "enablementState": "SCANNING_ACTIVE"}}},
    ),
    passes=lambda: [
        [_repository(), _scanner("ENABLED")],
        [_repository(vulnerabilityScanningConfig={"enablementState": "SCANNING_ACTIVE"}), _scanner("DISABLED")],
        [asset(ArtifactRepository, {"format": "MAVEN"}), _other()],
        [_repository(mode="VIRTUAL_REPOSITORY"), _other()],
        [_repository(vulnerabilityScanningConfig={"enablementState": "SCANNING_UNSUPPORTED"}), _other()],
    ],
    fails=lambda: [
        [_repository(), _other()],
        [_repository(), _scanner("DISABLED")],
        [_repository(vulnerabilityScanningConfig={"enablementConfig": "DISABLED"}), _scanner("ENABLED")],
        [_repository(vulnerabilityScanningConfig={"enablementState": "SCANNING_DISABLED"}), _other()],
    ],
    unknown=lambda: [
        [
            _repository(),
            asset(Service, {}, name=_PROJECT + _SCANNER, unknown=["resource.data.state"]),
        ]
    ],
)
def scanning_off(repository: ArtifactRepository, estate: Estate) -> Verdict:
    """Container images of a repository are not looked through for known faults.

    Why: a fault in a base image is published after the image was made; the scan goes on for weeks after each push,
    and is how somebody hears of it. Scanners of other makers are not seen here.

    What a fix may break: nothing; each new image is billed once.

    Source: https://cloud.google.com/artifact-analysis/docs/enable-automatic-scanning
    """
    scanning = repository.vulnerability_scanning_config
    if repository.format != "DOCKER" or repository.mode == "VIRTUAL_REPOSITORY":
        return not_applicable("the repository holds no container images of its own")
    if scanning.enablement_config == "DISABLED":
        return fail("the repository opts out of scanning")
    if scanning.enablement_state == "SCANNING_ACTIVE":
        return PASS
    if scanning.enablement_state == "SCANNING_UNSUPPORTED":
        return not_applicable("repositories of this kind cannot be scanned")
    if scanning.enablement_state == "SCANNING_DISABLED":
        return fail("scanning is disabled")
    services = estate.in_project(Service, repository.project)
    if some(services, lambda service: service.id == _SCANNER and service.is_enabled):
        return PASS
    return fail(f"{_SCANNER} is not enabled in the project")
