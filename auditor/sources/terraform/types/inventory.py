"""What the inventory has and no check reads closely: right names, types and places, the plain attributes as they are.

Sources: cloud.google.com/asset-inventory/docs/asset-names, …/docs/asset-types,
registry.terraform.io/providers/hashicorp/google/latest/docs
"""

from __future__ import annotations

from auditor.sources.terraform.mapping import Mapping, dropped

_COMPUTE = {
    "google_compute_autoscaler": "Autoscaler zones/{zone}/autoscalers",
    "google_compute_external_vpn_gateway": "ExternalVpnGateway global/externalVpnGateways",
    "google_compute_global_network_endpoint_group": "NetworkEndpointGroup global/networkEndpointGroups",
    "google_compute_ha_vpn_gateway": "VpnGateway regions/{region}/vpnGateways",
    "google_compute_health_check": "HealthCheck global/healthChecks",
    "google_compute_http_health_check": "HttpHealthCheck global/httpHealthChecks",
    "google_compute_https_health_check": "HttpsHealthCheck global/httpsHealthChecks",
    "google_compute_instance_group": "InstanceGroup zones/{zone}/instanceGroups",
    "google_compute_interconnect_attachment": "InterconnectAttachment regions/{region}/interconnectAttachments",
    "google_compute_machine_image": "MachineImage global/machineImages",
    "google_compute_network_endpoint_group": "NetworkEndpointGroup zones/{zone}/networkEndpointGroups",
    "google_compute_node_group": "NodeGroup zones/{zone}/nodeGroups",
    "google_compute_node_template": "NodeTemplate regions/{region}/nodeTemplates",
    "google_compute_packet_mirroring": "PacketMirroring regions/{region}/packetMirrorings",
    "google_compute_region_autoscaler": "Autoscaler regions/{region}/autoscalers",
    "google_compute_region_commitment": "Commitment regions/{region}/commitments",
    "google_compute_region_health_check": "HealthCheck regions/{region}/healthChecks",
    "google_compute_region_network_endpoint_group": "NetworkEndpointGroup regions/{region}/networkEndpointGroups",
    "google_compute_region_target_tcp_proxy": "TargetTcpProxy regions/{region}/targetTcpProxies",
    "google_compute_reservation": "Reservation zones/{zone}/reservations",
    "google_compute_resource_policy": "ResourcePolicy regions/{region}/resourcePolicies",
    "google_compute_route": "Route global/routes",
    "google_compute_service_attachment": "ServiceAttachment regions/{region}/serviceAttachments",
    "google_compute_target_instance": "TargetInstance zones/{zone}/targetInstances",
    "google_compute_target_pool": "TargetPool regions/{region}/targetPools",
    "google_compute_target_tcp_proxy": "TargetTcpProxy global/targetTcpProxies",
    "google_compute_vpn_gateway": "TargetVpnGateway regions/{region}/targetVpnGateways",
}
"""Terraform type → asset type and place in the project."""

_IN_PROJECT = {
    "google_cloud_run_domain_mapping": "run.googleapis.com/DomainMapping locations/{location}/domainmappings/{name}",
    "google_cloud_tasks_queue": "cloudtasks.googleapis.com/Queue locations/{location}/queues/{name}",
    "google_dataproc_autoscaling_policy": (
        "dataproc.googleapis.com/AutoscalingPolicy locations/{location:global}/autoscalingPolicies/{policy_id}"
    ),
    "google_datastream_connection_profile": (
        "datastream.googleapis.com/ConnectionProfile locations/{location}/connectionProfiles/{connection_profile_id}"
    ),
    "google_datastream_private_connection": (
        "datastream.googleapis.com/PrivateConnection locations/{location}/privateConnections/{private_connection_id}"
    ),
    "google_datastream_stream": "datastream.googleapis.com/Stream locations/{location}/streams/{stream_id}",
    "google_gke_hub_feature": "gkehub.googleapis.com/Feature locations/{location}/features/{name}",
    "google_gke_hub_membership": (
        "gkehub.googleapis.com/Membership locations/{location:global}/memberships/{membership_id}"
    ),
    "google_pubsub_lite_reservation": "pubsublite.googleapis.com/Reservation locations/{region}/reservations/{name}",
    "google_pubsub_lite_topic": "pubsublite.googleapis.com/Topic locations/{zone}/topics/{name}",
    "google_sql_database": "sqladmin.googleapis.com/Database instances/{instance}/databases/{name}",
    "google_vmwareengine_network_peering": (
        "vmwareengine.googleapis.com/NetworkPeering locations/global/networkPeerings/{name}"
    ),
}
"""Terraform type → asset type and name below the project."""

_OTHERS = dropped(
    "connection_profile_id create_without_validation desired_state location membership_id policy_id "
    "private_connection_id project region stream_id vmware_engine_network_canonical zone"
)
"""Attributes that are parts of the name, or that tell the provider what to do."""
_COMPUTE_OTHERS = dropped(
    "backend_service commitment_id existing_reservations gateway_id generated_id health_check_id initial_size "
    "instances next_hop_instance_zone project proxy_id send_propagated_connection_limit_if_zero"
)


def _in_project(written: str) -> Mapping:
    kind, place = written.split()
    service = kind.partition("/")[0]
    rows = {**_OTHERS, "name": "metadata.name"} if service.startswith("run.") else _OTHERS
    name = f"//{service}/projects/{{project}}/{place}"
    return Mapping(kind, name, rows, plain=True, full_name=service not in _SHORT_NAMES)


_SHORT_NAMES = ("run.googleapis.com", "sqladmin.googleapis.com", "dataproc.googleapis.com")
"""Services that do not return the relative resource name as `name`."""


def _compute(written: str) -> Mapping:
    kind, place = written.split()
    name = f"//compute.googleapis.com/projects/{{project}}/{place}/{{name}}"
    return Mapping(f"compute.googleapis.com/{kind}", name, _COMPUTE_OTHERS, plain=True)


MAPPINGS: dict[str, Mapping] = {
    **{kind: _compute(written) for kind, written in _COMPUTE.items()},
    **{kind: _in_project(written) for kind, written in _IN_PROJECT.items()},
    "google_firebase_project": Mapping(
        "firebase.googleapis.com/FirebaseProject",
        "//firebase.googleapis.com/projects/{project}",
        {"project": "projectId"},
        full_name=True,
    ),
    "google_kms_key_ring_import_job": Mapping(
        "cloudkms.googleapis.com/ImportJob",
        "//cloudkms.googleapis.com/{key_ring:path}/importJobs/{import_job_id}",
        {"key_ring": None, "import_job_id": None},
        plain=True,
        full_name=True,
    ),
    "google_org_policy_custom_constraint": Mapping(
        "orgpolicy.googleapis.com/CustomConstraint",
        "//orgpolicy.googleapis.com/{parent:path}/customConstraints/{name}",
        {"parent": None},
        container="parent",
        full_name=True,
    ),
}
