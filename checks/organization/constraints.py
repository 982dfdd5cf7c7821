"""The constraints that make up the organisation's guardrails, as the Organization Policy reference defines them.

Source: https://cloud.google.com/organization-policy/reference/org-policy-constraints
"""

from __future__ import annotations

from checks.organization.guardrails import Guardrail

SERVICE_ACCOUNT_KEYS = Guardrail(
    "iam.disableServiceAccountKeyCreation", "iam.managed.disableServiceAccountKeyCreation", from_birth=True
)
SERVICE_ACCOUNT_KEY_UPLOAD = Guardrail(
    "iam.disableServiceAccountKeyUpload", "iam.managed.disableServiceAccountKeyUpload", from_birth=True
)
SERVICE_ACCOUNT_KEY_EXPIRY = Guardrail("iam.serviceAccountKeyExpiryHours", is_list=True)
KEY_EXPOSURE_RESPONSE = Guardrail(
    "iam.serviceAccountKeyExposureResponse", is_list=True, holes=frozenset({"WAIT_FOR_ABUSE"}), by_default=True
)
POLICY_MEMBERS = Guardrail(
    "iam.allowedPolicyMemberDomains", "iam.managed.allowedPolicyMembers", is_list=True, from_birth=True
)
AUTOMATIC_GRANTS = Guardrail(
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.managed.preventPrivilegedBasicRolesForDefaultServiceAccounts",
    from_birth=True,
)
FEDERATION_ISSUERS = Guardrail(
    "iam.workloadIdentityPoolProviders", "iam.managed.workloadIdentityPoolProviders", is_list=True
)
FEDERATION_AWS_ACCOUNTS = Guardrail(
    "iam.workloadIdentityPoolAwsAccounts", "iam.managed.workloadIdentityPoolAwsAccounts", is_list=True
)
CROSS_PROJECT_ACCOUNTS = Guardrail("iam.disableCrossProjectServiceAccountUsage", by_default=True)
TOKEN_LIFETIME = Guardrail("iam.allowServiceAccountCredentialLifetimeExtension", is_list=True, by_default=True)
ACCOUNT_BOUND_API_KEYS = Guardrail("iam.managed.disableServiceAccountApiKeyCreation", by_default=True)
SERVICE_ACCOUNT_CREATION = Guardrail("iam.disableServiceAccountCreation", "iam.managed.disableServiceAccountCreation")
WORKLOAD_IDENTITY_CLUSTERS = Guardrail("iam.disableWorkloadIdentityClusterCreation")
BUILD_ACCOUNT = Guardrail("cloudbuild.disableCreateDefaultServiceAccount", by_default=True)
CONTACT_DOMAINS = Guardrail(
    "essentialcontacts.allowedContactDomains",
    "essentialcontacts.managed.allowedContactDomains",
    is_list=True,
    from_birth=True,
)

PUBLIC_ACCESS_PREVENTION = Guardrail("storage.publicAccessPrevention")
UNIFORM_BUCKET_ACCESS = Guardrail("storage.uniformBucketLevelAccess", from_birth=True)
STORAGE_TLS = Guardrail("storage.secureHttpTransport")
STORAGE_SIGNATURES = Guardrail(
    "storage.restrictAuthTypes",
    is_list=True,
    denies=True,
    holes=frozenset({"SERVICE_ACCOUNT_HMAC_SIGNED_REQUESTS", "USER_ACCOUNT_HMAC_SIGNED_REQUESTS"}),
    group="in:ALL_HMAC_SIGNED_REQUESTS",
)
STORAGE_SOFT_DELETE = Guardrail("storage.softDeletePolicySeconds", is_list=True, holes=frozenset({"0"}))
SQL_PUBLIC_ADDRESS = Guardrail("sql.restrictPublicIp", "sql.managed.restrictPublicIp")
SQL_AUTHORIZED_NETWORKS = Guardrail("sql.restrictAuthorizedNetworks", "sql.managed.restrictAuthorizedNetworks")
SQL_DEFAULT_ENCRYPTION = Guardrail("sql.disableDefaultEncryptionCreation")
CMEK_SERVICES = Guardrail("gcp.restrictNonCmekServices", is_list=True, denies=True)
CMEK_PROJECTS = Guardrail("gcp.restrictCmekCryptoKeyProjects", is_list=True, denies=True)
TLS_VERSIONS = Guardrail(
    "gcp.restrictTLSVersion", is_list=True, denies=True, holes=frozenset({"TLS_VERSION_1", "TLS_VERSION_1_1"})
)
TLS_CIPHERS = Guardrail("gcp.restrictTLSCipherSuites", is_list=True, denies=True)
LOCATIONS = Guardrail("gcp.resourceLocations", is_list=True, denies=True)

OS_LOGIN = Guardrail("compute.requireOsLogin", "compute.managed.requireOsLogin")
VM_EXTERNAL_ADDRESS = Guardrail("compute.vmExternalIpAccess", "compute.managed.vmExternalIpAccess", is_list=True)
VM_FORWARDING = Guardrail("compute.vmCanIpForward", "compute.managed.vmCanIpForward", is_list=True)
SERIAL_PORT = Guardrail("compute.disableSerialPortAccess", "compute.managed.disableSerialPortAccess")
SHIELDED_VM = Guardrail("compute.requireShieldedVm")
GUEST_ATTRIBUTES = Guardrail("compute.disableGuestAttributesAccess", "compute.managed.disableGuestAttributesAccess")
NESTED_VIRTUALIZATION = Guardrail("compute.disableNestedVirtualization", "compute.managed.disableNestedVirtualization")
TRUSTED_IMAGES = Guardrail("compute.trustedImageProjects", is_list=True)

DEFAULT_NETWORK = Guardrail("compute.skipDefaultNetworkCreation", for_new_projects=True)
PEERING = Guardrail("compute.restrictVpcPeering", is_list=True)
VPN_PEERS = Guardrail("compute.restrictVpnPeerIPs", is_list=True)
LOAD_BALANCER_TYPES = Guardrail("compute.restrictLoadBalancerCreationForTypes", is_list=True, denies=True)
PROTOCOL_FORWARDING = Guardrail(
    "compute.restrictProtocolForwardingCreationForTypes",
    "compute.managed.restrictProtocolForwardingCreationForTypes",
    is_list=True,
    denies=True,
    holes=frozenset({"EXTERNAL"}),
    from_birth=True,
)
SHARED_SUBNETS = Guardrail("compute.restrictSharedVpcSubnetworks", is_list=True)
INTERNET_ENDPOINTS = Guardrail("compute.disableInternetNetworkEndpointGroup")
RUN_INGRESS = Guardrail("run.allowedIngress", is_list=True, holes=frozenset({"all"}))
FUNCTION_INGRESS = Guardrail("cloudfunctions.allowedIngressSettings", is_list=True, holes=frozenset({"ALLOW_ALL"}))
RUN_EGRESS = Guardrail("run.allowedVPCEgress", is_list=True, holes=frozenset({"private-ranges-only"}))
RUN_IMAGES = Guardrail("run.allowedBinaryAuthorizationPolicies", is_list=True)

GUARDRAILS = (
    SERVICE_ACCOUNT_KEYS,
    SERVICE_ACCOUNT_KEY_UPLOAD,
    SERVICE_ACCOUNT_KEY_EXPIRY,
    KEY_EXPOSURE_RESPONSE,
    POLICY_MEMBERS,
    AUTOMATIC_GRANTS,
    FEDERATION_ISSUERS,
    FEDERATION_AWS_ACCOUNTS,
    CROSS_PROJECT_ACCOUNTS,
    TOKEN_LIFETIME,
    ACCOUNT_BOUND_API_KEYS,
    BUILD_ACCOUNT,
    CONTACT_DOMAINS,
    PUBLIC_ACCESS_PREVENTION,
    UNIFORM_BUCKET_ACCESS,
    STORAGE_SIGNATURES,
    SQL_PUBLIC_ADDRESS,
    SQL_AUTHORIZED_NETWORKS,
    TLS_VERSIONS,
    CMEK_SERVICES,
    CMEK_PROJECTS,
    LOCATIONS,
    OS_LOGIN,
    VM_EXTERNAL_ADDRESS,
    VM_FORWARDING,
    SERIAL_PORT,
    SHIELDED_VM,
    DEFAULT_NETWORK,
    PEERING,
    PROTOCOL_FORWARDING,
    RUN_INGRESS,
    FUNCTION_INGRESS,
    RUN_IMAGES,
)
"""The ones whose end in a folder or project somebody should hear of; the others are a matter of taste."""

BY_NAME = {name: guardrail for guardrail in GUARDRAILS for name in guardrail.names}
