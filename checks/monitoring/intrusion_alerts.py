"""Acts of an intruder who stays or hides, which the usual lists of alerts leave out."""

from __future__ import annotations

from auditor.resources.compute import ComputeProject
from auditor.resources.kms import CryptoKey
from auditor.resources.network import Network
from auditor.resources.secretmanager import Secret
from checks.audit_logging.log_filter import ANYTHING, Entry
from checks.monitoring.watching import Watch, audit_fields, compute_methods, methods, watched

_KEYS = "google.iam.admin.v1"
_SINKS = "google.logging.v2.ConfigServiceV2"
_POOLS = "google.iam.v1.WorkloadIdentityPools"
_POLICIES = "google.cloud.orgpolicy.v2.OrgPolicy"
_SECRETS = "google.cloud.secretmanager.v1.SecretManagerService"

SERVICE_ACCOUNT_KEY = watched(
    __name__,
    Watch(
        id="service-account-key-creation-unwatched",
        title="Nobody is told when a service account key is created or uploaded.",
        why="A key is a password that works from anywhere and does not expire: the plainest way to come back later.",
        source="https://cloud.google.com/iam/docs/audit-logging",
        events=methods(
            "iam.googleapis.com",
            "service_account",
            f"{_KEYS}.CreateServiceAccountKey",
            f"{_KEYS}.UploadServiceAccountKey",
        ),
        filter='resource.type="service_account" AND protoPayload.methodName:("CreateServiceAccountKey" OR '
        '"UploadServiceAccountKey")',
        spellings=['protoPayload.methodName=~"^google.iam.admin.v1.(Create|Upload)ServiceAccountKey$"'],
        near_misses=['protoPayload.methodName="google.iam.admin.v1.CreateServiceAccountKey"'],
    ),
)

LOG_ROUTING = watched(
    __name__,
    Watch(
        id="log-routing-change-unwatched",
        title="Nobody is told when a log sink or log bucket is changed or deleted.",
        why="Whoever stops the export or shortens the retention goes on unseen from then on.",
        source="https://cloud.google.com/logging/docs/audit-logging",
        events=methods(
            "logging.googleapis.com",
            ANYTHING,
            f"{_SINKS}.UpdateSink",
            f"{_SINKS}.DeleteSink",
            f"{_SINKS}.UpdateBucket",
            f"{_SINKS}.DeleteBucket",
        ),
        filter='protoPayload.serviceName="logging.googleapis.com" AND protoPayload.methodName:("UpdateSink" OR '
        '"DeleteSink" OR "UpdateBucket" OR "DeleteBucket" OR "CreateExclusion" OR "UpdateExclusion")',
        spellings=['protoPayload.methodName:"google.logging.v2.ConfigServiceV2."'],
        near_misses=['resource.type="logging_sink" AND protoPayload.methodName:"DeleteSink"'],
    ),
)

KEY_DESTRUCTION = watched(
    __name__,
    Watch(
        id="kms-key-destruction-unwatched",
        title="Nobody is told when a KMS key version is disabled or scheduled for destruction.",
        why="Data without its key is lost; there are some days to take the destruction back, if somebody knows of it.",
        source="https://cloud.google.com/kms/docs/audit-logging",
        concerns=(CryptoKey,),
        events=methods(
            "cloudkms.googleapis.com",
            ANYTHING,
            "DestroyCryptoKeyVersion",
            "UpdateCryptoKeyVersion",
        ),
        filter='protoPayload.serviceName="cloudkms.googleapis.com" AND '
        'protoPayload.methodName:("DestroyCryptoKeyVersion" OR "UpdateCryptoKeyVersion")',
        spellings=['resource.type="cloudkms_cryptokeyversion" AND protoPayload.methodName:CryptoKeyVersion'],
        near_misses=['protoPayload.methodName="DestroyCryptoKeyVersion"'],
    ),
)

FEDERATION = watched(
    __name__,
    Watch(
        id="workload-identity-change-unwatched",
        title="Nobody is told when a workload identity provider is added or changed.",
        why="A provider decides which outside tokens are believed; one more lets an intruder sign in as anybody.",
        source="https://cloud.google.com/iam/docs/audit-logging",
        default=False,
        events=methods(
            "iam.googleapis.com",
            ANYTHING,
            f"{_POOLS}.CreateWorkloadIdentityPoolProvider",
            f"{_POOLS}.UpdateWorkloadIdentityPoolProvider",
        ),
        filter='protoPayload.serviceName="iam.googleapis.com" AND '
        'protoPayload.methodName:"WorkloadIdentityPoolProvider"',
        spellings=['protoPayload.methodName:"google.iam.v1.WorkloadIdentityPools." AND severity=NOTICE'],
        near_misses=['protoPayload.methodName:"CreateWorkloadIdentityPool"'],
    ),
)

ORGANIZATION_POLICY = watched(
    __name__,
    Watch(
        id="org-policy-change-unwatched",
        title="Nobody is told when an organisation policy is overridden in a project.",
        why="Before what a constraint forbids can be done, the constraint is taken off, often just for one project.",
        source="https://cloud.google.com/resource-manager/docs/organization-policy/audit-logging",
        default=False,
        events=methods(
            "orgpolicy.googleapis.com",
            ANYTHING,
            f"{_POLICIES}.CreatePolicy",
            f"{_POLICIES}.UpdatePolicy",
            f"{_POLICIES}.DeletePolicy",
        ),
        filter='protoPayload.serviceName="orgpolicy.googleapis.com" AND protoPayload.methodName:("CreatePolicy" OR '
        '"UpdatePolicy" OR "DeletePolicy")',
        spellings=['LOG_ID("cloudaudit.googleapis.com/activity") protoPayload.serviceName:"orgpolicy"'],
        near_misses=['protoPayload.methodName:("SetOrgPolicy" OR "ClearOrgPolicy")'],
    ),
)

SECRET_DENIED = watched(
    __name__,
    Watch(
        id="secret-access-denied-unwatched",
        each=False,
        title="Nobody is told when somebody tries to read a secret without the permission.",
        why="A stolen identity is tried on every secret in reach; the refusals are the earliest sign of it.",
        source="https://cloud.google.com/secret-manager/docs/audit-logging",
        concerns=(Secret,),
        default=False,
        events={
            "a refused AccessSecretVersion": Entry(
                {
                    **audit_fields(
                        f"{_SECRETS}.AccessSecretVersion",
                        "secretmanager.googleapis.com",
                        status__code="7",
                        status__message="Permission denied",
                    ),
                    "logname": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access",
                    "severity": "ERROR",
                    "protopayload.authorizationinfo.granted": "false",
                }
            )
        },
        filter='protoPayload.serviceName="secretmanager.googleapis.com" AND '
        'protoPayload.methodName:"AccessSecretVersion" AND protoPayload.status.code=7',
        spellings=['protoPayload.methodName:"AccessSecretVersion" severity>=ERROR'],
        near_misses=[
            'protoPayload.methodName:"AccessSecretVersion" AND LOG_ID("cloudaudit.googleapis.com/activity")',
            'protoPayload.methodName:"AccessSecretVersion" AND severity<ERROR',
        ],
    ),
)

COMPUTE_CONFIGURATION = watched(
    __name__,
    Watch(
        id="compute-config-change-unwatched",
        title="Nobody is told when a virtual machine is created or its metadata is changed.",
        why="New machines are how stolen projects mine; metadata is how SSH keys and start scripts get onto old ones.",
        source="https://cloud.google.com/compute/docs/logging/audit-logging",
        default=False,
        events=compute_methods("instances", "gce_instance", "insert", "setMetadata"),
        filter='resource.type="gce_instance" AND protoPayload.methodName:("compute.instances.insert" OR '
        '"compute.instances.setMetadata")',
        concerns=(ComputeProject, Network),
        spellings=['protoPayload.serviceName="compute.googleapis.com"'],
        near_misses=['resource.type="gce_instance" AND protoPayload.methodName:"compute.instances.insert"'],
        same_as=["prowler:logging_log_metric_filter_and_alert_for_compute_configuration_changes_enabled"],
    ),
)
