"""Language runtimes that Google no longer maintains.

The dates are Google's support schedule; what is not in the table, or has no date yet, is supported.
"""

from __future__ import annotations

from datetime import UTC, datetime

from auditor import PASS, Clock, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.serverless import CloudFunction, Function
from checks.secrets.workloads import JUDGED_AS_FIRST_GENERATION

_SCHEDULE = """
    nodejs6   2019-04-17 2020-08-01
    nodejs8   2020-06-05 2021-02-01
    nodejs10  2024-01-30 2025-01-30
    nodejs12  2024-01-30 2025-01-30
    nodejs14  2024-01-30 2025-01-30
    nodejs16  2024-01-30 2025-01-30
    nodejs18  2025-04-30 2025-10-30
    nodejs20  2026-04-30 2026-10-30
    nodejs22  2027-04-30 2027-10-31
    nodejs24  2028-04-30 2028-10-31
    python37  2024-01-30 2025-01-30
    python38  2024-10-14 2025-10-14
    python39  2025-10-05 2026-04-05
    python310 2026-10-04 2027-04-04
    python311 2027-10-24 2028-04-24
    python312 2028-10-02 2029-04-02
    python313 2029-10-10 2030-04-10
    python314 2030-10-10 2031-04-10
    go111     2020-08-05 2021-02-01
    go113     2024-01-30 2025-01-30
    go116     2024-01-30 2025-01-30
    go118     2024-01-30 2025-01-30
    go119     2024-04-30 2025-01-30
    go120     2024-05-01 2025-05-01
    go121     2025-09-03 2026-03-03
    go122     2026-01-28 2026-07-28
    go123     2026-02-21 2026-08-21
    java11    2024-10-31 2025-10-31
    ruby26    2024-01-30 2025-01-30
    ruby27    2024-01-30 2025-01-30
    ruby30    2024-03-31 2025-03-31
    ruby32    2026-03-31 2026-09-30
    ruby33    2027-03-31 2027-09-30
    ruby34    2028-03-31 2028-09-30
    php74     2024-01-30 2025-01-30
    php81     2025-12-31 2026-06-30
    php82     2026-12-31 2027-06-30
    php83     2027-12-31 2028-06-30
    php84     2028-12-31 2029-06-30
    dotnet3   2024-01-30 2025-01-30
    dotnet6   2024-11-12 2025-11-12
    dotnet8   2026-11-10 2027-05-10
"""
"""Runtime, first day of deprecation, first day after which it is decommissioned."""


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


SUPPORT = {
    runtime: (_day(deprecated), _day(decommissioned))
    for runtime, deprecated, decommissioned in (line.split() for line in _SCHEDULE.strip().splitlines())
}
"""Runtime → when it is deprecated, when decommissioned."""


@check(
    "function-runtime-unsupported",
    severity=Severity.MEDIUM,
    same_as=[
        "cloudsploit:cloudfunctions/cloudFunctionOldRuntime",
        "cloudsploit:cloudfunctionsv2/cloudFunctionV2OldRuntime",
    ],
    fix=Fix(
        gcloud="gcloud functions deploy {function.id} --region={function.location} --runtime=RUNTIME",
        terraform="`runtime` of the function (second generation: in `build_config`)",
        patch={"data": {"runtime": "python313", "buildConfig": {"runtime": "python313"}}},
    ),
    passes=lambda: [
        asset(CloudFunction, {"runtime": "python312"}),
        asset(Function, {"buildConfig": {"runtime": "java21"}}),
        asset(Function, {"environment": "GEN_1", "buildConfig": {"runtime": "nodejs10"}}),
    ],
    fails=lambda: [
        asset(CloudFunction, {"runtime": "python37"}),
        asset(CloudFunction, {"runtime": "dotnet8"}),
        asset(Function, {"buildConfig": {"runtime": "nodejs20"}}),
    ],
    unknown=lambda: [asset(CloudFunction, {}, unknown=["resource.data.runtime"])],
)
def runtime_unsupported(function: CloudFunction | Function, clock: Clock) -> Verdict:
    """A function runs on a language runtime that Google no longer supports.

    Why: Once a language version has reached its end, flaws in it stay open. After decommissioning the function cannot
    be deployed any more, so that not even a flaw of its own can be mended, and it may be switched off.

    What a fix may break: Code and libraries that rely on the old language version.

    Source: https://cloud.google.com/functions/docs/runtime-support
    """
    if isinstance(function, Function) and function.is_first_generation:
        return not_applicable(JUDGED_AS_FIRST_GENERATION)
    runtime = function.runtime if isinstance(function, CloudFunction) else function.build_config.runtime
    if runtime not in SUPPORT:
        return PASS
    deprecated, decommissioned = SUPPORT[runtime]
    if decommissioned <= clock.now:
        return fail(f"{runtime} was decommissioned on {decommissioned:%Y-%m-%d}", severity=Severity.HIGH)
    return fail(f"{runtime} is deprecated since {deprecated:%Y-%m-%d}") if deprecated <= clock.now else PASS
