"""Secrets written into the metadata of machines: single keys, scripts, and what a project gives to all of them."""

from __future__ import annotations

import json
from typing import Any

from auditor import Fix, Severity, Verdict, asset, check
from auditor.resources.compute import ComputeProject, Instance, InstanceTemplate
from checks.secrets.made_up import PASSWORD, TOKEN
from checks.secrets.places import judge_metadata

_SCRIPT = f"#!/bin/bash\nset -e\nexport DB_PASSWORD='{PASSWORD}'\n/opt/app/run\n"
_CLEAN_SCRIPT = (
    "#!/bin/bash\nexport DB_PASSWORD=$(gcloud secrets versions access 3 --secret=db-password)\n/opt/app/run\n"
)
_CONTAINER = f"spec:\n  containers:\n  - image: i\n    env:\n    - name: DB_PASSWORD\n      value: {PASSWORD}\n"
_CLEARED = {"items": [{"key": "enable-oslogin", "value": "TRUE"}]}


def with_items(items: dict[str, str]) -> dict[str, Any]:
    """Metadata that holds these keys, for examples."""
    return {"items": [{"key": key, "value": value} for key, value in items.items()]}


@check(
    "instance-metadata-secret",
    severity=Severity.HIGH,
    fix=Fix(
        terraform="no secrets in `metadata` of google_compute_instance or google_compute_instance_template",
        manual=(
            "Change the credential. Store the new one in Secret Manager, let the machine's service account read it "
            "and fetch it at start; then `gcloud compute instances remove-metadata INSTANCE --keys=KEY`. "
            "A template is replaced by one without the key."
        ),
        patch={"data": {"metadata": _CLEARED, "properties": {"metadata": _CLEARED}}},
    ),
    passes=lambda: [
        asset(
            Instance,
            {"metadata": with_items({"enable-oslogin": "TRUE", "db-password-secret": "projects/p/secrets/db"})},
        ),
        asset(Instance, {"metadata": with_items({"ssh-keys": "me:ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE2x me@host"})}),
        asset(Instance, {"metadata": with_items({"startup-script": _SCRIPT})}),
        asset(
            Instance,
            {
                "labels": {"goog-gke-node": ""},
                "metadata": with_items({"kube-env": f"KUBE_PROXY_TOKEN: {TOKEN}\n"}),
            },
        ),
        asset(InstanceTemplate, {"properties": {}}),
    ],
    fails=lambda: [
        asset(Instance, {"metadata": with_items({"db-password": PASSWORD})}),
        asset(Instance, {"metadata": with_items({"gce-container-declaration": _CONTAINER})}),
        asset(
            Instance,
            {"status": "TERMINATED", "metadata": with_items({"config": json.dumps({"api_token": TOKEN})})},
        ),
        asset(
            Instance,
            {
                "labels": {"goog-gke-node": ""},
                "metadata": with_items({"kube-env": "A: b\n", "vendor-token": TOKEN}),
            },
        ),
        asset(InstanceTemplate, {"properties": {"metadata": with_items({"registry-password": PASSWORD})}}),
    ],
    unknown=lambda: [
        asset(Instance, {"metadata": with_items({"a": "b"})}, unknown=["resource.data.metadata.items.*"]),
        asset(InstanceTemplate, {"properties": {}}, unknown=["resource.data.properties.metadata"]),
    ],
)
def metadata_secret(machine: Instance | InstanceTemplate) -> Verdict:
    """An instance or instance template has a secret written into its metadata.

    Why: Every process on the machine reads metadata from the metadata server without a login, and so does an attacker
    who can make one of them fetch a URL. Everyone who may view the instance reads it in the console.

    What a fix may break: Software that reads the key, until it asks Secret Manager.

    Source: https://cloud.google.com/compute/docs/metadata/overview
    """
    properties = machine.properties
    return judge_metadata(properties.metadata, scripts=False, machine=properties)


@check(
    "startup-script-secret",
    severity=Severity.HIGH,
    fix=Fix(
        terraform="`metadata_startup_script` and `metadata` that fetch secrets instead of holding them",
        manual=(
            "Change the credential. Let the script fetch the new one: "
            "`gcloud secrets versions access VERSION --secret=NAME`, with roles/secretmanager.secretAccessor on that "
            "secret for the machine's service account."
        ),
        patch={
            "data": {
                "metadata": _CLEARED,
                "properties": {"metadata": _CLEARED},
                "commonInstanceMetadata": _CLEARED,
            }
        },
    ),
    passes=lambda: [
        asset(Instance, {"metadata": with_items({"startup-script": _CLEAN_SCRIPT})}),
        asset(Instance, {"metadata": with_items({"startup-script-url": "gs://b/startup.sh"})}),
        asset(ComputeProject, {"commonInstanceMetadata": with_items({"enable-oslogin": "TRUE"})}),
        asset(
            InstanceTemplate,
            {
                "properties": {
                    "labels": {"goog-gke-node": ""},
                    "metadata": with_items({"user-data": f"TOKEN={TOKEN}"}),
                }
            },
        ),
    ],
    fails=lambda: [
        asset(Instance, {"metadata": with_items({"startup-script": _SCRIPT})}),
        asset(
            Instance,
            {"metadata": with_items({"windows-startup-script-ps1": f"net user deploy {PASSWORD}! /add\r\n"})},
        ),
        asset(
            InstanceTemplate,
            {"properties": {"metadata": with_items({"user-data": f"#cloud-config\npassword: {PASSWORD}\n"})}},
        ),
        asset(ComputeProject, {"commonInstanceMetadata": with_items({"startup-script": _SCRIPT})}),
    ],
    unknown=lambda: [
        asset(
            Instance, {"metadata": with_items({"startup-script": ""})}, unknown=["resource.data.metadata.items.0.value"]
        )
    ],
)
def startup_script_secret(machine: Instance | InstanceTemplate | ComputeProject) -> Verdict:
    """A startup or shutdown script has a secret written into it.

    Why: Scripts are metadata: every process on the machine and everyone who may view the instance reads them, and
    they are copied into templates, images and Terraform state.

    What a fix may break: A machine whose service account may not read the secret does not come up as before.

    Source: https://cloud.google.com/compute/docs/instances/startup-scripts
    """
    if isinstance(machine, ComputeProject):
        return judge_metadata(machine.common_instance_metadata, scripts=True)
    properties = machine.properties
    return judge_metadata(properties.metadata, scripts=True, machine=properties)


@check(
    "project-metadata-secret",
    severity=Severity.HIGH,
    fix=Fix(
        terraform="no secrets in google_compute_project_metadata and google_compute_project_metadata_item",
        manual=(
            "Change the credential, store the new one in Secret Manager, then "
            "`gcloud compute project-info remove-metadata --keys=KEY`."
        ),
        patch={"data": {"commonInstanceMetadata": _CLEARED}},
    ),
    passes=lambda: [
        asset(
            ComputeProject,
            {"commonInstanceMetadata": with_items({"enable-oslogin": "TRUE", "block-project-ssh-keys": "true"})},
        ),
        asset(
            ComputeProject,
            {"commonInstanceMetadata": with_items({"ssh-keys": "me:ssh-rsa AAAAB3NzaC1yc2EAAAADAQ me@host"})},
        ),
        asset(ComputeProject, {"name": "p"}),
    ],
    fails=lambda: [
        asset(ComputeProject, {"commonInstanceMetadata": with_items({"docker-password": PASSWORD})}),
        asset(
            ComputeProject,
            {"commonInstanceMetadata": with_items({"backend": f"amqp://app:{PASSWORD}@10.0.0.9:5672/"})},
        ),
    ],
    unknown=lambda: [asset(ComputeProject, {}, unknown=["resource.data.commonInstanceMetadata"])],
)
def project_metadata_secret(project: ComputeProject) -> Verdict:
    """A project's common metadata, which every instance in it can read, holds a secret.

    Why: Project metadata reaches every machine of the project, those of other teams and of managed services
    included. One compromised machine, however unimportant, gives the secret away.

    What a fix may break: Software on any machine of the project that reads the key.

    Source: https://cloud.google.com/compute/docs/metadata/setting-custom-metadata
    """
    return judge_metadata(project.common_instance_metadata, scripts=False)
