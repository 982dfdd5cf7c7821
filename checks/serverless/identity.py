"""As whom serverless workloads run."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.access.members import parse
from auditor.resources.serverless import CloudFunction, Function, RunJob, RunService
from checks.secrets.workloads import JUDGED_AS_FIRST_GENERATION, JUDGED_AS_FUNCTION

_OWN = "api@p.iam.gserviceaccount.com"
_COMPUTE = "1001-compute@developer.gserviceaccount.com"
_APP_ENGINE = "p@appspot.gserviceaccount.com"


def _runs_as(account: str) -> Verdict:
    if account == "":
        return fail("no service account is set, so it runs as the project's default")
    if parse(f"serviceAccount:{account}").is_default_service_account:
        return fail(f"it runs as {account}")
    return PASS


def _v1(account: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"serviceAccountName": account}}}}


@check(
    "run-default-service-account",
    severity=Severity.MEDIUM,
    fix=Fix(
        terraform="`service_account` in `template` of google_cloud_run_v2_service (job: in `template.template`)",
        guardrail="iam.automaticIamGrantsForDefaultServiceAccounts",
        manual=(
            "Make a service account for this workload, grant it what the code uses, and deploy with "
            "`--service-account=ACCOUNT`."
        ),
        patch={
            "data": {
                "template": {"serviceAccount": _OWN, "template": {"serviceAccount": _OWN}},
                "spec": {
                    "template": {
                        "spec": {"serviceAccountName": _OWN, "template": {"spec": {"serviceAccountName": _OWN}}}
                    }
                },
            }
        },
    ),
    passes=lambda: [
        asset(RunService, {"template": {"serviceAccount": _OWN}}),
        asset(RunService, _v1(_OWN)),
        asset(RunService, {"labels": {"goog-managed-by": "cloudfunctions"}, "template": {"serviceAccount": _COMPUTE}}),
        asset(RunJob, {"template": {"template": {"serviceAccount": _OWN}}}),
    ],
    fails=lambda: [
        asset(RunService, {"template": {"serviceAccount": _COMPUTE}}),
        asset(RunService, {"template": {"containers": [{"image": "i"}]}}),
        asset(RunService, _v1(_COMPUTE)),
        asset(RunService, {"spec": {"template": {"spec": {"containers": []}}}}),
        asset(RunJob, {"template": {"template": {}}}),
    ],
    unknown=lambda: [asset(RunService, {"template": {}}, unknown=["resource.data.template.serviceAccount"])],
)
def run_default_account(workload: RunService | RunJob) -> Verdict:
    """A Cloud Run service or job runs as a default service account.

    Why: All workloads of the project share that account, so each can do what any of them needs, and in projects that
    did not forbid it the account is Editor of everything. Whoever gets into the code gets that.

    What a fix may break: Calls to Google Cloud that the new account was not granted.

    Source: https://cloud.google.com/run/docs/securing/service-identity
    """
    if isinstance(workload, RunService) and workload.is_function:
        return not_applicable(JUDGED_AS_FUNCTION)
    return _runs_as(workload.service_account)


@check(
    "function-default-service-account",
    severity=Severity.MEDIUM,
    same_as=[
        "cloudsploit:cloudfunctions/functionDefaultServiceAccount",
        "cloudsploit:cloudfunctionsv2/functionV2DefaultServiceAccount",
    ],
    fix=Fix(
        gcloud=("gcloud functions deploy {function.id} --region={function.location} --service-account=SERVICE_ACCOUNT"),
        terraform="`service_account_email` of the function (second generation: in `service_config`)",
        guardrail="iam.automaticIamGrantsForDefaultServiceAccounts",
        manual="Make a service account for this function and grant it what the code uses.",
        patch={"data": {"serviceAccountEmail": _OWN, "serviceConfig": {"serviceAccountEmail": _OWN}}},
    ),
    passes=lambda: [
        asset(CloudFunction, {"serviceAccountEmail": _OWN}),
        asset(Function, {"serviceConfig": {"serviceAccountEmail": _OWN}}),
        asset(Function, {"environment": "GEN_1", "serviceConfig": {"serviceAccountEmail": _APP_ENGINE}}),
    ],
    fails=lambda: [
        asset(CloudFunction, {"serviceAccountEmail": _APP_ENGINE}),
        asset(CloudFunction, {"runtime": "python312"}),
        asset(Function, {"serviceConfig": {"serviceAccountEmail": _COMPUTE}}),
    ],
    unknown=lambda: [asset(CloudFunction, {}, unknown=["resource.data.serviceAccountEmail"])],
)
def function_default_account(function: CloudFunction | Function) -> Verdict:
    """A function runs as a default service account.

    Why: The default accounts (of App Engine for the first generation, of Compute Engine for the second) are shared by
    everything in the project and often are its Editor. A flaw in one function then opens the whole project.

    What a fix may break: Calls to Google Cloud that the new account was not granted.

    Source: https://cloud.google.com/functions/docs/securing/function-identity
    """
    if isinstance(function, Function) and function.is_first_generation:
        return not_applicable(JUDGED_AS_FIRST_GENERATION)
    return _runs_as(function.service_account_email)
