"""Who can reach and command a cluster's control plane."""

from __future__ import annotations

from typing import Any

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.gke import Cluster
from auditor.resources.network import is_internet

_UPDATE = "gcloud container clusters update {cluster.id} --location={cluster.location} "


def _authorized(*blocks: str) -> dict[str, Any]:
    return {
        "masterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"cidrBlock": block} for block in blocks]}
    }


def _google_cloud(enabled: bool) -> dict[str, Any]:
    """Authorised networks with, or without, all addresses of Google Cloud."""
    listed = _authorized("203.0.113.0/24")["masterAuthorizedNetworksConfig"]
    return {"masterAuthorizedNetworksConfig": {**listed, "gcpPublicCidrsAccessEnabled": enabled}}


_PRIVATE = {"privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": True}}
_BY_NAME_ONLY = {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enabled": False}}}
_BY_PUBLIC_NAME = {
    "controlPlaneEndpointsConfig": {
        "ipEndpointsConfig": {"enabled": False},
        "dnsEndpointConfig": {"endpoint": "gke-1.europe-west1.gke.goog", "allowExternalTraffic": True},
    }
}


@check(
    "gke-authorized-networks-off",
    severity=Severity.HIGH,
    evidence=["masterAuthorizedNetworksConfig", "privateClusterConfig"],
    same_as=[
        "sha:MASTER_AUTHORIZED_NETWORKS_DISABLED",
        "steampipe:enable_gke_master_authorized_networks",
        "scoutsuite:kubernetesengine-cluster-master-authorized-networks-disabled",
        "checkov:CKV_GCP_20",
        "trivy:AVD-GCP-0061",
        "cloudsploit:kubernetes/masterAuthorizedNetwork",
        "policy_library:gcp_gke_master_authorized_networks_enabled_v1",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--enable-master-authorized-networks --master-authorized-networks=ALL_RANGES_TO_KEEP",
        manual="--master-authorized-networks replaces the whole list: name every range that is to stay.",
        terraform="master_authorized_networks_config { cidr_blocks { cidr_block = … } } on google_container_cluster",
        guardrail="container.managed.enableControlPlaneDNSOnlyAccess",
        patch={"data": _authorized("203.0.113.0/24")},
    ),
    passes=lambda: [
        asset(Cluster, _authorized("203.0.113.0/24")),
        asset(Cluster, _PRIVATE),
        asset(Cluster, _BY_NAME_ONLY),
        asset(Cluster, {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enablePublicEndpoint": False}}}),
        asset(
            Cluster,
            {
                "controlPlaneEndpointsConfig": {
                    "ipEndpointsConfig": {"authorizedNetworksConfig": {"enabled": True}, "enablePublicEndpoint": True}
                }
            },
        ),
    ],
    fails=lambda: [
        asset(Cluster, {"masterAuthorizedNetworksConfig": {"gcpPublicCidrsAccessEnabled": True}}),
        asset(Cluster, {"masterAuthorizedNetworksConfig": {}, "autopilot": {"enabled": True}}),
        asset(Cluster, {"privateClusterConfig": {"enablePrivateNodes": True}}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.masterAuthorizedNetworksConfig.enabled"])],
)
def authorized_networks_off(cluster: Cluster) -> Verdict:
    """A cluster's control plane answers on the internet to everyone.

    Why: who steals a kubeconfig or a token uses it from anywhere, and a flaw of the API server is reachable by all.
    With authorised networks only your own addresses get as far as the login.

    What a fix may break: pipelines and people whose addresses are not listed. The DNS-based endpoint checks IAM
    instead of addresses, and lets the address be turned off.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks
    """
    if cluster.authorized_networks.enabled:
        return PASS
    if not cluster.has_public_endpoint:
        return not_applicable("the control plane has no public address")
    return fail("the public endpoint is open, and authorized networks are off")


@check(
    "gke-authorized-networks-internet",
    severity=Severity.HIGH,
    evidence=["masterAuthorizedNetworksConfig", "controlPlaneEndpointsConfig.ipEndpointsConfig"],
    same_as=[
        "steampipe:kubernetes_cluster_incoming_traffic_open_to_all",
        "checkov:CKV_GCP_18",
        "trivy:AVD-GCP-0053",
        "cloudsploit:kubernetes/clusterNetworkExposure",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--enable-master-authorized-networks {found[_change]}",
        manual="--master-authorized-networks replaces the whole list: name every range that is to stay.",
        terraform="cidr_blocks { cidr_block = … } naming your own ranges, gcp_public_cidrs_access_enabled = false",
        guardrail="container.managed.enableControlPlaneDNSOnlyAccess",
        patch={"data": {**_google_cloud(False), "controlPlaneEndpointsConfig": None}},
    ),
    passes=lambda: [
        asset(Cluster, _authorized("203.0.113.0/24", "10.0.0.0/8")),
        asset(Cluster, {"masterAuthorizedNetworksConfig": {"cidrBlocks": []}}),
        asset(Cluster, {**_authorized("0.0.0.0/0"), **_PRIVATE}),
        asset(Cluster, {**_google_cloud(True), **_PRIVATE}),
        asset(Cluster, _google_cloud(False)),
        asset(Cluster, {"masterAuthorizedNetworksConfig": {"gcpPublicCidrsAccessEnabled": True}}),  # all are let in
    ],
    fails=lambda: [
        asset(Cluster, _authorized("203.0.113.0/24", "0.0.0.0/0")),
        asset(Cluster, _authorized("0.0.0.0/1", "128.0.0.0/1")),
        asset(Cluster, {"masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "0.0.0.0/0"}]}}),
        asset(Cluster, _google_cloud(True)),
        asset(
            Cluster,
            {
                "controlPlaneEndpointsConfig": {
                    "ipEndpointsConfig": {
                        "enablePublicEndpoint": True,
                        "authorizedNetworksConfig": _google_cloud(True)["masterAuthorizedNetworksConfig"],
                    }
                }
            },
        ),
    ],
    unknown=lambda: [
        asset(Cluster, _authorized(), unknown=["resource.data.masterAuthorizedNetworksConfig.cidrBlocks.*"])
    ],
)
def authorized_networks_internet(cluster: Cluster) -> Verdict:
    """A cluster's authorised networks hold the whole internet, or all of Google Cloud.

    Why: the list looks like protection and protects nothing. With access from Google Cloud's addresses every customer
    of Google gets as far as the login, from a machine that is rented by the minute; that is of medium severity.

    What a fix may break: pipelines and people whose addresses are not listed.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/authorized-networks
    """
    networks = cluster.authorized_networks
    for block in networks.cidr_blocks:
        if is_internet(block.cidr_block):
            if not cluster.has_public_endpoint:
                return not_applicable("the control plane has no public address")
            change = "--master-authorized-networks=ALL_RANGES_TO_KEEP"
            return fail(f"{block.cidr_block} may reach the control plane", evidence={"_change": change})
    if not (networks.enabled and networks.gcp_public_cidrs_access_enabled and cluster.has_public_endpoint):
        return PASS
    return fail(
        "every public address of Google Cloud may reach the control plane, whoever rents it",
        evidence={"_change": "--no-enable-google-cloud-access"},
        severity=Severity.MEDIUM,
    )


@check(
    "gke-public-endpoint",
    severity=Severity.LOW,
    evidence=["privateClusterConfig", "controlPlaneEndpointsConfig"],
    same_as=[
        "scoutsuite:kubernetesengine-cluster-private-endpoint-disabled",
        "cloudsploit:kubernetes/privateEndpoint",
        "policy_library:gcp_gke_enable_private_endpoint",
    ],
    default=False,
    fix=Fix(
        gcloud=_UPDATE + "{found[_change]}",
        terraform="private_cluster_config { enable_private_endpoint = true }, and "
        "control_plane_endpoints_config { dns_endpoint_config { allow_external_traffic = false } }",
        guardrail="container.managed.enableControlPlaneDNSOnlyAccess",
        patch={
            "data": {
                "privateClusterConfig": {"enablePrivateEndpoint": True},
                "controlPlaneEndpointsConfig": None,
            }
        },
    ),
    passes=lambda: [
        asset(Cluster, _PRIVATE),
        asset(Cluster, _BY_NAME_ONLY),
        asset(Cluster, {**_PRIVATE, "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"endpoint": "e.gke.goog"}}}),
    ],
    fails=lambda: [
        asset(Cluster, _authorized("203.0.113.0/24")),
        asset(Cluster, {"controlPlaneEndpointsConfig": {"ipEndpointsConfig": {"enablePublicEndpoint": True}}}),
        asset(Cluster, _BY_PUBLIC_NAME),
        asset(Cluster, {**_PRIVATE, **_BY_PUBLIC_NAME}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.privateClusterConfig.enablePrivateEndpoint"])],
)
def public_endpoint(cluster: Cluster) -> Verdict:
    """A cluster's control plane has an endpoint on the internet.

    Why: without an address there is nothing to reach; the VPC is the way in. The DNS-based endpoint asks IAM before
    anything gets to the cluster, but with external traffic allowed it takes a stolen credential from anywhere.

    What a fix may break: access from outside the VPC.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/network-isolation
    """
    if cluster.has_public_name:
        told = "the DNS-based endpoint takes traffic from outside"
        return fail(told, evidence={"_change": "--no-enable-dns-access"})
    if cluster.has_public_endpoint:
        return fail("the public endpoint is on", evidence={"_change": "--enable-private-endpoint"})
    return PASS


@check(
    "gke-legacy-abac-on",
    severity=Severity.HIGH,
    evidence=["legacyAbac.enabled"],
    same_as=[
        "sha:LEGACY_AUTHORIZATION_ENABLED",
        "steampipe:disable_gke_legacy_abac",
        "scoutsuite:kubernetesengine-legacy-abac-enabled",
        "checkov:CKV_GCP_7",
        "trivy:AVD-GCP-0062",
        "cloudsploit:kubernetes/legacyAuthorizationDisabled",
        "policy_library:gcp_gke_legacy_abac_v1",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--no-enable-legacy-authorization",
        terraform="enable_legacy_abac = false on google_container_cluster",
        guardrail="container.managed.disableABAC",
        patch={"data": {"legacyAbac": {"enabled": False}}},
    ),
    passes=lambda: [asset(Cluster, {"legacyAbac": {}}), asset(Cluster, {"legacyAbac": {"enabled": False}})],
    fails=lambda: [asset(Cluster, {"legacyAbac": {"enabled": True}})],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.legacyAbac.enabled"])],
)
def legacy_abac_on(cluster: Cluster) -> Verdict:
    """A cluster uses the old authorization that gives every identity in it nearly all rights.

    Why: with attribute-based access control each pod's service account reads all secrets and starts what it likes, so
    one compromised pod is the cluster.

    What a fix may break: workloads that call the Kubernetes API without a role; give them RBAC roles first.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/role-based-access-control
    """
    return fail("legacy authorization is on") if cluster.legacy_abac.enabled else PASS


@check(
    "gke-basic-authentication-on",
    severity=Severity.HIGH,
    same_as=[
        "sha:BASIC_AUTHENTICATION_ENABLED",
        "scoutsuite:kubernetesengine-basic-authentication-enabled",
        "trivy:AVD-GCP-0064",
        "cloudsploit:kubernetes/basicAuthenticationDisabled",
        "policy_library:gcp_gke_restrict_client_auth_methods_v1",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--no-enable-basic-auth",
        terraform="remove username and password from master_auth",
        patch={"data": {"masterAuth": {"username": ""}}},
    ),
    passes=lambda: [
        asset(Cluster, {"masterAuth": {"username": "", "clusterCaCertificate": "x"}}),
        asset(Cluster, {"masterAuth": {}}),
    ],
    fails=lambda: [asset(Cluster, {"masterAuth": {"username": "admin", "password": "x"}})],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.masterAuth"])],
)
def basic_authentication_on(cluster: Cluster) -> Verdict:
    """A cluster's control plane takes a fixed user name and password.

    Why: the password is in every kubeconfig and Terraform state that ever held it, it cannot be limited or traced to a
    person, and it makes its holder cluster administrator.

    What a fix may break: tools that log in with it; let them use gcloud credentials.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/api-server-authentication
    """
    return fail("a static user name is set") if cluster.master_auth.username else PASS


@check(
    "gke-client-certificate-issued",
    severity=Severity.MEDIUM,
    evidence=["masterAuth.clientCertificateConfig.issueClientCertificate"],
    same_as=[
        "sha:CLIENT_CERT_AUTHENTICATION_DISABLED",
        "steampipe:kubernetes_cluster_client_certificate_authentication_enabled",
        "scoutsuite:kubernetesengine-certificate-authentication-enabled",
        "checkov:CKV_GCP_13",
        "cloudsploit:kubernetes/clientCertificateDisabled",
        "policy_library:gcp_gke_restrict_client_auth_methods_v1",
    ],
    fix=Fix(
        terraform="master_auth { client_certificate_config { issue_client_certificate = false } }",
        manual="A certificate stays valid until the cluster's credentials are rotated: gcloud container clusters "
        "update CLUSTER --start-credential-rotation, and make new clusters without one.",
        guardrail="container.managed.disableLegacyClientCertificateIssuance",
        patch={"data": {"masterAuth": {"clientCertificateConfig": None, "clientCertificate": None}}},
    ),
    passes=lambda: [
        asset(Cluster, {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": False}}}),
        asset(Cluster, {"masterAuth": {"clusterCaCertificate": "x", "clientCertificateConfig": {}}}),
    ],
    fails=lambda: [
        asset(Cluster, {"masterAuth": {"clientCertificateConfig": {"issueClientCertificate": True}}}),
        asset(Cluster, {"masterAuth": {"clientCertificate": "LS0t", "clientCertificateConfig": {}}}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.masterAuth"])],
)
def client_certificate_issued(cluster: Cluster) -> Verdict:
    """A client certificate was issued that logs in to a cluster.

    Why: the certificate cannot be revoked, lives for years and lies in files; IAM identities do none of that.

    What a fix may break: tools that log in with the certificate.

    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/api-server-authentication#disabling_authentication_with_a_client_certificate
    """
    auth = cluster.master_auth
    issued = auth.client_certificate_config.issue_client_certificate or auth.client_certificate
    return fail("a client certificate was issued") if issued else PASS


@check(
    "gke-dashboard-on",
    severity=Severity.HIGH,
    evidence=["addonsConfig.kubernetesDashboard"],
    same_as=[
        "sha:WEB_UI_ENABLED",
        "steampipe:disable_gke_dashboard",
        "scoutsuite:kubernetesengine-dashboard-enabled",
        "cloudsploit:kubernetes/webDashboardDisabled",
        "policy_library:gcp_gke_dashboard_v1",
    ],
    fix=Fix(
        gcloud=_UPDATE + "--update-addons=KubernetesDashboard=DISABLED",
        terraform="leave kubernetes_dashboard out of addons_config; newer providers have no such block",
        patch={"data": {"addonsConfig": {"kubernetesDashboard": {"disabled": True}}}},
    ),
    passes=lambda: [
        asset(Cluster, {"addonsConfig": {"kubernetesDashboard": {"disabled": True}}}),
        asset(Cluster, {"addonsConfig": {"httpLoadBalancing": {}}}),
    ],
    fails=lambda: [
        asset(Cluster, {"addonsConfig": {"kubernetesDashboard": {"disabled": False}}}),
        asset(Cluster, {"addonsConfig": {"kubernetesDashboard": {}}}),
    ],
    unknown=lambda: [asset(Cluster, {}, unknown=["resource.data.addonsConfig"])],
)
def dashboard_on(cluster: Cluster) -> Verdict:
    """The old Kubernetes dashboard runs in a cluster.

    Why: it acts with wide rights of its own for whoever reaches it; clusters have been taken over through it. The
    Google Cloud console shows the same with your own rights.

    What a fix may break: people who use the dashboard.

    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/dashboards
    """
    dashboard = cluster.addons_config.kubernetes_dashboard
    return PASS if dashboard is None or dashboard.disabled else fail("the kubernetesDashboard add-on is on")
