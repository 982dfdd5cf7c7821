"""Runs for the tests of reports: a small company before its launch, the same in order, and a very large one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from auditor.model.run import (
    CheckCrash,
    CheckResult,
    Control,
    Finding,
    Framework,
    Gap,
    Gate,
    Population,
    Provenance,
    Run,
    Target,
    TypePopulation,
    fingerprint,
)
from auditor.model.security_center import CategoryComparison, Disagreement, SecurityCenterComparison
from auditor.model.verdict import Severity
from tests.sample_topics import HOSTILE, Topic, topics

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def _result(topic: Topic) -> CheckResult:
    page = f"{topic.title}\n\nWhy: {topic.why}\n\nWhat a fix may break: {topic.breaks}\n\nSource: {topic.source}"
    failed = len(topic.places)
    skipped = sum(topic.not_applicable.values()) + sum(topic.not_assessed.values())
    return CheckResult(
        id=topic.id,
        area=topic.area,
        severity=topic.severity,
        title=topic.title,
        page=page,
        asset_types=[topic.asset_type],
        same_as=[],
        aliases=[],
        fix=topic.fix,
        asked=topic.passed + failed + skipped,
        passed=topic.passed,
        failed=failed,
        not_applicable=topic.not_applicable,
        not_assessed=topic.not_assessed,
        note=topic.note,
    )


def _findings(topic: Topic) -> list[Finding]:
    terraform = topic.id == "run-public-without-armor"
    return [
        Finding(
            fingerprint=fingerprint(topic.id, asset),
            check=topic.id,
            severity=topic.severity,
            asset=asset,
            asset_type=topic.asset_type,
            project=project,
            message=message,
            evidence=evidence,
            fix=command,
            address=f'google_cloud_run_v2_service.api["{asset.rpartition("/")[2]}"]' if terraform else "",
            source=f"infra/run services.tf:{number}" if terraform else f"exports/estate.ndjson:{number}",
        )
        for number, (asset, project, message, evidence, command) in enumerate(topic.places, 1)
    ]


def _control(
    identifier: str, title: str, status: Literal["satisfied", "not satisfied", "not assessed", "manual"], *checks: str
) -> Control:
    return Control(
        id=identifier,
        title=title,
        kind="automated" if checks else "manual",
        checks=list(checks),
        status=status,
        findings=3 if status == "not satisfied" else 0,
    )


_FRAMEWORKS = [
    Framework(
        id="cis_gcp",
        title="CIS Google Cloud Platform Foundation",
        version="5.0",
        controls=[
            _control("1.5", "Service accounts have no administrator roles", "not satisfied", "service-account-editor"),
            _control(
                "1.7", "Service account keys are rotated every 90 days", "not satisfied", "service-account-key-stale"
            ),
            _control(
                "1.12", "API keys are restricted to the APIs that need them", "not assessed", "api-key-unrestricted"
            ),
            _control("1.16", "Contacts for security notices are set", "manual"),
            _control("5.1", "Buckets are not open to everybody", "not satisfied", "bucket-public"),
            _control("6.5", "Databases accept no connection from everywhere", "not satisfied", "sql-open-to-internet"),
            _control("7.1", "Node pools hide the old endpoints", "satisfied", "gke-legacy-metadata"),
        ],
    ),
    Framework(
        id="launch_plan",
        title="Launch plan",
        version="2026",
        controls=[
            _control(
                "L1",
                "Keys are secured and rotated",
                "not satisfied",
                "service-account-key-stale",
                "api-key-unrestricted",
            ),
            _control("L2", "A recovery was rehearsed", "manual"),
        ],
    ),
]


def _opinion() -> SecurityCenterComparison:
    """Two categories, one of which is disputed for assets with hostile names, and one that nobody expects."""
    disputed = [
        Disagreement(asset=HOSTILE[0], kind="only theirs", says=f"bucket-public: pass ({HOSTILE[1]})"),
        Disagreement(asset="//storage.googleapis.com/" + "b" * 2_000, kind="muted there", says="bucket-public fails"),
        Disagreement(asset=HOSTILE[2], kind="only ours", says="no finding"),
    ]
    return SecurityCenterComparison(
        findings=14,
        active=9,
        muted=3,
        inactive=2,
        categories=[
            CategoryComparison(
                category="PUBLIC_BUCKET_ACL",
                checks=["bucket-public"],
                agree=4,
                only_ours=1,
                only_theirs=1,
                muted=1,
                places=disputed,
            ),
            CategoryComparison(
                category="SERVICE_ACCOUNT_KEY_NOT_ROTATED",
                checks=["service-account-key-stale"],
                agree=3,
                only_ours=0,
                only_theirs=0,
                muted=0,
                places=[],
            ),
        ],
        uncovered={HOSTILE[0]: 2},
        other_classes={HOSTILE[1]: 1, "THREAT": 2},
    )


def sample_run() -> Run:
    """A small company's estate before the launch: two critical findings, gaps, a fault, hostile names."""
    asked = topics()
    findings = [finding for topic in asked for finding in _findings(topic)]
    findings.sort(key=lambda finding: (finding.severity.rank, finding.check, finding.asset))
    types = Counter(topic.asset_type for topic in asked if not topic.note)
    by_type = [TypePopulation(asset_type=kind, assets=17 * n, checks=n) for kind, n in sorted(types.items())]
    by_type.append(TypePopulation(asset_type="pubsub.googleapis.com/Topic", assets=12, checks=0))
    assets = sum(kind.assets for kind in by_type)
    return Run(
        schema_version="1",
        provenance=Provenance(
            version="0.1.0",
            check_set="5f0c2b9a4477d1e3",
            command="auditor scan exports/estate.ndjson plan.json --exported resource -o audit.html",
            now=NOW,
            settings={"service-account-key-stale": {"max_age_days": 90}},
            exported=["resource"],
            selected="all checks of the default selection; without bucket-versioning-off",
            excluded=["bucket-versioning-off", "firewall-logging-off"],
        ),
        targets=[
            Target(path="exports/estate.ndjson", kind="Cloud Asset Inventory export", records=assets + 49),
            Target(path="plan.json", kind="Terraform plan", records=6),
        ],
        population=Population(
            records=assets + 55,
            assets=assets,
            further_parts=44,
            duplicates=3,
            unreadable=2,
            unsupported={"google_healthcare_dataset": 6},
            by_type=by_type,
        ),
        checks=[_result(topic) for topic in asked],
        findings=findings,
        frameworks=_FRAMEWORKS,
        gaps=[
            Gap(
                where="exports/estate.ndjson:118",
                problem="the line is cut off",
                advice="export the assets again, or mend the line; every other line was audited",
            ),
            Gap(where=HOSTILE[0], problem="permission denied", advice="let the auditor read it"),
        ],
        gaps_untold=4,
        crashes=[CheckCrash(check="bucket-public", asset=HOSTILE[1], error="KeyError: 'x' (exposure.py:41)")],
        notices=[f"exports/estate.ndjson:9: {HOSTILE[2]} was read before; the first one counts"],
        gate=Gate(
            fail_on=Severity.CRITICAL,
            require_coverage=None,
            exit_code=1,
            reasons=["2 findings are critical", "1 check has a fault"],
        ),
        security_center=_opinion(),
    )


def clean_run() -> Run:
    """The same estate with everything in order: nothing found, nothing left out."""
    run = sample_run()
    checks = [replace(check, failed=0, passed=check.asked, not_applicable={}, not_assessed={}) for check in run.checks]
    assets = run.population.assets
    return replace(
        run,
        checks=checks,
        findings=[],
        targets=[Target(path="exports/estate.ndjson", kind="Cloud Asset Inventory export", records=assets)],
        population=replace(run.population, records=assets, further_parts=0, duplicates=0, unreadable=0, unsupported={}),
        frameworks=[],
        gaps=[],
        gaps_untold=0,
        crashes=[],
        notices=[],
        gate=replace(run.gate, exit_code=0, reasons=[]),
        security_center=None,
    )


def large_run(findings: int, checks: int = 150) -> Run:
    """An estate of many findings, spread unevenly over the checks."""
    run = sample_run()
    patterns = [check for check in run.checks if check.asked]
    results = [
        replace(patterns[number % len(patterns)], id=f"{patterns[number % len(patterns)].id}-{number}")
        for number in range(checks)
    ]
    places = []
    for number in range(findings):
        result = results[(number * number) % checks]
        project = f"team-{number % 2000:04}-prod"
        asset = f"//compute.googleapis.com/projects/{project}/zones/europe-west1-b/instances/worker-pool-{number:07}"
        places.append(
            Finding(
                fingerprint=fingerprint(result.id, asset),
                check=result.id,
                severity=result.severity,
                asset=asset,
                asset_type="compute.googleapis.com/Instance",
                project=project,
                message=f"service account default@{project}.iam.gserviceaccount.com with scope cloud-platform",
                evidence={
                    "serviceAccounts": [{"email": f"default@{project}.iam.gserviceaccount.com"}],
                    "canIpForward": False,
                },
                fix=f"gcloud compute instances set-service-account worker-pool-{number:07} --zone=europe-west1-b",
                address="",
                source=f"exports/estate.ndjson:{number + 1}",
            )
        )
    counts = Counter(place.check for place in places)
    results = [replace(r, failed=counts[r.id], asked=r.asked - r.failed + counts[r.id]) for r in results]
    return replace(run, checks=results, findings=places, frameworks=[])


SAID = (
    "Stop",
    "2 critical findings",
    "94.3 % of applicable verdicts were judged",
    "5 not assessed",
    "Taken for",
    "Terraform plan",
    "allUsers holds roles/storage.objectViewer",
    "gcloud sql instances patch orders-copy --clear-authorized-networks",
    "storage.publicAccessPrevention",
    "serve it through a load balancer with Cloud CDN first",
    "CIS Google Cloud Platform Foundation 5.0 · 5.1",
    "the group was not exported",
    "Google rotates its own keys",
    "either none exists or the type was not exported",
    "google_healthcare_dataset",
    "1.16",
    "the line is cut off",
    "KeyError: 'x'",
    "5f0c2b9a4477d1e3",
    "2026-11-22 00:00:00 UTC",
    "--exported resource",
    "max_age_days",
    "firewall-logging-off",
    "Limitations",
)
"""What every report of the sample says, whatever its format."""
