"""Which resource types and services provide which resource attributes, and in which form.

Sources: cloud.google.com/iam/docs/conditions-resource-attributes,
cloud.google.com/iam/docs/conditions-attribute-reference#resource
"""

from __future__ import annotations

_HOST = ".googleapis.com"

_NAMED_AND_TYPED = {
    "apigee": "ApiProduct ApiProductAttribute Cache Developer DeveloperApp DeveloperAppAttribute DeveloperAttribute"
    " Export FlowHook KeyStore KeyStoreAlias KeyValueEntry KeyValueMap Proxy ProxyRevision Query RatePlan Reference"
    " SharedFlow SharedFlowRevision TargetServer TraceSession",
    "apihub": "Api ApiOperation Definition Deployment Spec Version",
    "backupdr": "BackupVaults",
    "bigquery": "Dataset Model Routine Table",
    "bigqueryreservation": "Assignment BiReservation CapacityCommitment Location Reservation",
    "bigtableadmin": "AppProfile Backup Cluster Instance Table",
    "binaryauthorization": "Attestor ContinuousValidationConfig Policy",
    "ces": "App Operation",
    "cloudkms": "CryptoKey CryptoKeyVersion KeyRing",
    "compute": "BackendService Disk Firewall ForwardingRule GlobalForwardingRule Image Instance InstanceTemplate"
    " Snapshot TargetHttpProxy TargetHttpsProxy TargetSslProxy TargetTcpProxy",
    "connectors": "Connection ConnectionSchemaMetadata EndpointAttachment EventSubscription ManagedZone",
    "container": "Cluster",
    "dataform": "CompilationResult Location ReleaseConfig Repository WorkflowConfig WorkflowInvocation Workspace",
    "firestore": "Database",
    "integrations": "AuthConfig Execution Integration IntegrationVersion Location Suspension",
    "logging": "LogBucket LogView",
    "managedkafka": "Cluster ConsumerGroup Operation Topic",
    "networksecurity": "AddressGroup InterceptDeployment InterceptDeploymentGroup InterceptEndpointGroup"
    " InterceptEndpointGroupAssociation MirroringDeployment MirroringDeploymentGroup MirroringEndpointGroup"
    " MirroringEndpointGroupAssociation",
    "parametermanager": "Parameter ParameterVersion",
    "pubsublite": "Location Subscription Topic",
    "secretmanager": "Secret SecretVersion",
    "spanner": "Backup Database Instance",
    "sqladmin": "BackupRun Instance",
    "storage": "Bucket ManagedFolder Object",
}
_TYPED = {
    "cloud": "Location",
    "cloudresourcemanager": "Project",
    "iap": "Tunnel TunnelInstance TunnelZone Web WebService WebServiceVersion WebType",
}
_NAMED = {
    "clouddeploy": "Automation AutomationRun CustomTargetType DeliveryPipeline JobRun Release Rollout Target",
}


def _types(*tables: dict[str, str]) -> frozenset[str]:
    return frozenset(
        f"{service}{_HOST}/{kind}" for table in tables for service, kinds in table.items() for kind in kinds.split()
    )


NAME_TYPES = _types(_NAMED_AND_TYPED, _NAMED)
"""Resource types that provide `resource.name`."""

TYPE_TYPES = _types(_NAMED_AND_TYPED, _TYPED)
"""Resource types that provide `resource.type`."""

CLUSTER_SPELLINGS = frozenset({f"container{_HOST}/Cluster", f"container{_HOST}/Clusters"})
"""The `resource.type` of clusters, which the reference has spelled in both ways."""

UNLISTED_TYPES = frozenset({f"agentregistry{_HOST}"})
"""Services of the reference of whose types we have no list."""

SERVICES = UNLISTED_TYPES | frozenset(
    f"{service}{_HOST}" for service in (*_NAMED_AND_TYPED, "clouddeploy", "cloudresourcemanager", "dns", "iap")
)
"""Services that provide `resource.service`."""

_CONDITION_TYPES = {
    f"backupdr{_HOST}/BackupVault": f"backupdr{_HOST}/BackupVaults",
    f"compute{_HOST}/RegionBackendService": f"compute{_HOST}/BackendService",
    f"compute{_HOST}/RegionDisk": f"compute{_HOST}/Disk",
}


def condition_type(asset_type: str) -> str:
    """The type as conditions see it: some differ from those of Cloud Asset Inventory."""
    return _CONDITION_TYPES.get(asset_type, asset_type)


def condition_name(full_name: str, asset_type: str) -> str:
    """The name as conditions see it: relative, and of buckets with an underscore for the project.

    `//compute.googleapis.com/projects/p/zones/z/instances/i` → `projects/p/zones/z/instances/i`,
    `//storage.googleapis.com/b` → `projects/_/buckets/b`.
    """
    if not full_name.startswith("//"):
        return full_name
    name = full_name[2:].partition("/")[2]
    if asset_type.startswith(f"storage{_HOST}/") and not name.startswith("projects/_/"):
        return f"projects/_/buckets/{name}"
    return name
