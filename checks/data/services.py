"""Caches, queues, databases and clusters: what they ask of their clients, and what keeps them."""

from __future__ import annotations

from auditor import PASS, Fix, Severity, Verdict, asset, check, fail, not_applicable
from auditor.resources.data import (
    DataFusionInstance,
    DataprocCluster,
    RedisCluster,
    RedisInstance,
    SpannerDatabase,
    Subscription,
)
from auditor.resources.unknown import told


@check(
    "redis-auth-off",
    severity=Severity.HIGH,
    evidence=["authEnabled", "authorizedNetwork"],
    same_as=["scoutsuite:memorystore-redis-instance-auth-not-enabled", "checkov:CKV_GCP_95"],
    fix=Fix(
        gcloud="gcloud redis instances update {redis.id} --region={redis.location} --enable-auth",
        terraform="auth_enabled = true on google_redis_instance",
        patch={"data": {"authEnabled": True}},
    ),
    passes=lambda: [
        asset(RedisInstance, {"authEnabled": True}),
        asset(RedisInstance, {"authEnabled": True, "tier": "BASIC"}),
    ],
    fails=lambda: [asset(RedisInstance, {"tier": "STANDARD_HA"}), asset(RedisInstance, {"authEnabled": False})],
    unknown=lambda: [asset(RedisInstance, {}, unknown=["resource.data.authEnabled"])],
)
def redis_auth_off(redis: RedisInstance) -> Verdict:
    """A Memorystore for Redis instance asks for no password.

    Why: every machine, container and connector in the authorised network reads sessions and tokens out of the cache
    and writes its own; one compromised workload is all of them.

    What a fix may break: clients that do not send the AUTH string are refused on their next connection.

    Source: https://cloud.google.com/memorystore/docs/redis/auth-overview
    """
    return PASS if redis.auth_enabled else fail("AUTH is off")


@check(
    "redis-tls-off",
    severity=Severity.MEDIUM,
    evidence=["transitEncryptionMode"],
    same_as=["scoutsuite:memorystore-redis-instance-ssl-not-required", "checkov:CKV_GCP_97"],
    fix=Fix(
        terraform='transit_encryption_mode = "SERVER_AUTHENTICATION" on google_redis_instance',
        manual="Encryption in transit is chosen when an instance is made: make a new one and move to it.",
        patch={"data": {"transitEncryptionMode": "SERVER_AUTHENTICATION"}},
    ),
    passes=lambda: [asset(RedisInstance, {"transitEncryptionMode": "SERVER_AUTHENTICATION"})],
    fails=lambda: [
        asset(RedisInstance, {"transitEncryptionMode": "DISABLED"}),
        asset(RedisInstance, {"transitEncryptionMode": "TRANSIT_ENCRYPTION_MODE_UNSPECIFIED"}),
        asset(RedisInstance, {"authEnabled": True}),
    ],
    unknown=lambda: [asset(RedisInstance, {}, unknown=["resource.data.transitEncryptionMode"])],
)
def redis_tls_off(redis: RedisInstance) -> Verdict:
    """Connections to a Memorystore for Redis instance are not encrypted.

    Why: what the cache holds, and the AUTH string itself, can be read by whoever mirrors or misroutes packets in the
    network.

    What a fix may break: clients need TLS and the instance's certificate authority; the instance must be made anew.

    Source: https://cloud.google.com/memorystore/docs/redis/about-in-transit-encryption
    """
    return PASS if redis.transit_encryption_mode == "SERVER_AUTHENTICATION" else fail("in-transit encryption is off")


@check(
    "redis-cluster-open",
    severity=Severity.HIGH,
    evidence=["authorizationMode", "transitEncryptionMode"],
    fix=Fix(
        terraform='authorization_mode = "AUTH_MODE_IAM_AUTH" and transit_encryption_mode = '
        '"TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION" on google_redis_cluster',
        manual="Both are chosen when a cluster is made: make a new one and move to it.",
        patch={
            "data": {
                "authorizationMode": "AUTH_MODE_IAM_AUTH",
                "transitEncryptionMode": "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION",
            }
        },
    ),
    passes=lambda: [
        asset(
            RedisCluster,
            {
                "authorizationMode": "AUTH_MODE_IAM_AUTH",
                "transitEncryptionMode": "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION",
            },
        ),
        asset(
            RedisCluster,
            {
                "authorizationMode": "AUTH_MODE_TOKEN_AUTH",
                "transitEncryptionMode": "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION",
            },
        ),
    ],
    fails=lambda: [
        asset(RedisCluster, {"authorizationMode": "AUTH_MODE_DISABLED"}),
        asset(RedisCluster, {"authorizationMode": "AUTH_MODE_IAM_AUTH"}),
    ],
    unknown=lambda: [asset(RedisCluster, {}, unknown=["resource.data.authorizationMode"])],
)
def redis_cluster_open(cluster: RedisCluster) -> Verdict:
    """A Redis Cluster asks for no identity, or its connections are not encrypted.

    Why: every workload that reaches the cluster's endpoint reads and writes everything in it.

    What a fix may break: clients need IAM tokens and TLS; the cluster must be made anew.

    Source: https://cloud.google.com/memorystore/docs/cluster/about-iam-auth
    """
    if cluster.authorization_mode not in ("AUTH_MODE_IAM_AUTH", "AUTH_MODE_TOKEN_AUTH"):
        return fail("authentication is off")
    if cluster.transit_encryption_mode != "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION":
        return fail("in-transit encryption is off", severity=Severity.MEDIUM)
    return PASS


@check(
    "pubsub-push-unauthenticated",
    severity=Severity.MEDIUM,
    evidence=["pushConfig.pushEndpoint"],
    fix=Fix(
        gcloud="gcloud pubsub subscriptions update {subscription.id} --push-auth-service-account=SERVICE_ACCOUNT",
        terraform="push_config { oidc_token { service_account_email = … } } on google_pubsub_subscription",
        patch={"data": {"pushConfig": {"oidcToken": {"serviceAccountEmail": "push@p.iam.gserviceaccount.com"}}}},
    ),
    passes=lambda: [
        asset(Subscription, {"topic": "projects/p/topics/t"}),
        asset(Subscription, {"pushConfig": {}}),
        asset(
            Subscription,
            {
                "pushConfig": {
                    "pushEndpoint": "https://shop.example.com/push",
                    "oidcToken": {"serviceAccountEmail": "push@p.iam.gserviceaccount.com"},
                }
            },
        ),
    ],
    fails=lambda: [
        asset(Subscription, {"pushConfig": {"pushEndpoint": "https://shop.example.com/push"}}),
        asset(Subscription, {"pushConfig": {"pushEndpoint": "https://p.appspot.com/push", "attributes": {}}}),
    ],
    unknown=lambda: [asset(Subscription, {}, unknown=["resource.data.pushConfig"])],
)
def push_unauthenticated(subscription: Subscription) -> Verdict:
    """A Pub/Sub push subscription sends messages without a token that proves where they come from.

    Why: the endpoint has to take requests from anyone, so whoever learns its address sends messages of his own: an
    order that nobody placed, a payment that nobody made.

    What a fix may break: nothing at once; then let the endpoint demand the token.

    Source: https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
    """
    if not subscription.push_config.push_endpoint:
        return not_applicable("the subscription does not push")
    token = subscription.push_config.oidc_token
    return PASS if token and token.service_account_email else fail("no OIDC token is sent to the endpoint")


@check(
    "dataproc-public-ip",
    severity=Severity.MEDIUM,
    evidence=["config.gceClusterConfig.internalIpOnly"],
    same_as=["checkov:CKV_GCP_103"],
    fix=Fix(
        terraform="gce_cluster_config { internal_ip_only = true } on google_dataproc_cluster",
        manual="Make the cluster anew with --no-address; a running cluster keeps its addresses.",
        guardrail="compute.vmExternalIpAccess",
        patch={"data": {"config": {"gceClusterConfig": {"internalIpOnly": True}}}},
    ),
    passes=lambda: [asset(DataprocCluster, {"config": {"gceClusterConfig": {"internalIpOnly": True}}})],
    fails=lambda: [
        asset(DataprocCluster, {"config": {"gceClusterConfig": {"internalIpOnly": False}}}),
    ],
    unknown=lambda: [
        asset(DataprocCluster, {}, unknown=["resource.data.config"]),
        asset(DataprocCluster, {"clusterName": "c", "config": {"gceClusterConfig": {}}}),
    ],
)
def dataproc_public_ip(cluster: DataprocCluster) -> Verdict:
    """The machines of a Dataproc cluster have addresses on the internet.

    Why: Hadoop's own ports trust whoever reaches them, and only the firewall stands between.

    What a fix may break: jobs that download from the internet need Cloud NAT; the subnet needs Private Google Access.

    Source: https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/network
    """
    internal = told(cluster.config.gce_cluster_config.internal_ip_only, "internalIpOnly")
    return PASS if internal else fail("internalIpOnly is off")


@check(
    "datafusion-public",
    severity=Severity.MEDIUM,
    evidence=["privateInstance"],
    same_as=["checkov:CKV_GCP_87"],
    fix=Fix(
        terraform="private_instance = true on google_data_fusion_instance",
        manual="Make the instance anew as a private one; a public instance cannot be changed.",
        patch={"data": {"privateInstance": True}},
    ),
    passes=lambda: [asset(DataFusionInstance, {"privateInstance": True})],
    fails=lambda: [asset(DataFusionInstance, {"privateInstance": False}), asset(DataFusionInstance, {"type": "BASIC"})],
    unknown=lambda: [asset(DataFusionInstance, {}, unknown=["resource.data.privateInstance"])],
)
def datafusion_public(instance: DataFusionInstance) -> Verdict:
    """A Cloud Data Fusion instance runs its pipelines with addresses on the internet.

    Why: pipelines carry credentials of the systems that they connect; in a private instance they stay in the VPC.

    What a fix may break: pipelines that reach sources on the internet need Cloud NAT.

    Source: https://cloud.google.com/data-fusion/docs/how-to/create-private-ip
    """
    return PASS if instance.private_instance else fail("the instance is not private")


@check(
    "spanner-drop-protection-off",
    severity=Severity.LOW,
    evidence=["enableDropProtection"],
    same_as=["checkov:CKV_GCP_120"],
    fix=Fix(
        gcloud="gcloud spanner databases update {database.id} --instance={database.instance} --enable-drop-protection",
        terraform="enable_drop_protection = true on google_spanner_database",
        patch={"data": {"enableDropProtection": True}},
    ),
    passes=lambda: [asset(SpannerDatabase, {"enableDropProtection": True})],
    fails=lambda: [asset(SpannerDatabase, {"enableDropProtection": False}), asset(SpannerDatabase, {"name": "d"})],
    unknown=lambda: [asset(SpannerDatabase, {}, unknown=["resource.data.enableDropProtection"])],
)
def spanner_drop_protection_off(database: SpannerDatabase) -> Verdict:
    """One command drops a Spanner database.

    Why: the database is gone with everything in it; protection makes dropping it two decisions, and keeps its instance.

    What a fix may break: scripts and pipelines that drop the database.

    Source: https://cloud.google.com/spanner/docs/prevent-database-deletion
    """
    return PASS if database.enable_drop_protection else fail("drop protection is off")
