"""Settings of data services: Dataproc, Dataflow, Data Fusion, Composer, Bigtable, Pub/Sub, Dialogflow."""

from __future__ import annotations

import re

from auditor import Severity, Verdict, fail, not_applicable
from auditor.resources.data import BigtableTable, DataFusionInstance, DataprocCluster, Subscription
from auditor.resources.dialogs import DialogAgent
from auditor.resources.network import is_internet
from auditor.resources.orchestration import ComposerEnvironment, DataflowJob
from auditor.resources.unknown import told
from checks.setting import Setting, asked

_SAFE_FROM_LOG4J = {(1, 3): 95, (1, 4): 77, (1, 5): 53, (2, 0): 27}
"""The first image of each old release line whose Log4j is mended; later lines never had the fault."""
_IMAGE = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?(?:-|\Z)")
_DEFAULT_ACCOUNT = "-compute@developer.gserviceaccount.com"


def _outdated(cluster: DataprocCluster) -> Verdict | None:
    version = cluster.config.software_config.image_version
    match = _IMAGE.match(told(version or None, "imageVersion"))
    if match is None or match[3] is None:
        return None  # a preview, or a release line of which the newest image is taken
    line, patch = (int(match[1]), int(match[2])), int(match[3])
    first = _SAFE_FROM_LOG4J.get(line)
    if line < min(_SAFE_FROM_LOG4J) or (first is not None and patch < first):
        return fail(f"image {version} has a Log4j that runs what a log message tells it to")
    return None


image_outdated = asked(
    __name__,
    Setting(
        id="dataproc-image-outdated",
        view=DataprocCluster,
        severity=Severity.HIGH,
        problem=_outdated,
        title="A Dataproc cluster runs an image with the Log4j fault of 2021.",
        why="a text that gets into a log makes the machine load and run code (CVE-2021-44228): a field of a record is "
        "enough. Images of those days are also without every fix since.",
        breaks="jobs that need the old versions of Spark or Hadoop; the cluster must be made anew.",
        source="https://cloud.google.com/dataproc/docs/guides/log4j-guidance",
        good=[
            {"config": {"softwareConfig": {"imageVersion": "2.2.40-debian12"}}},
            {"config": {"softwareConfig": {"imageVersion": "2.0.27-debian10"}}},
            {"config": {"softwareConfig": {"imageVersion": "1.5.53-ubuntu18"}}},
            {"config": {"softwareConfig": {"imageVersion": "2.1-debian11"}}},
            {"config": {"softwareConfig": {"imageVersion": "preview"}}},
        ],
        bad=[
            {"config": {"softwareConfig": {"imageVersion": "2.0.26-debian10"}}},
            {"config": {"softwareConfig": {"imageVersion": "1.5.5-debian10"}}},
            {"config": {"softwareConfig": {"imageVersion": "1.2.100-debian9"}}},
        ],
        path="config.softwareConfig.imageVersion",
        same_as=["sha:DATAPROC_IMAGE_OUTDATED"],
        terraform='image_version = "2.2-debian12" in software_config on google_dataproc_cluster',
        manual="Make the cluster anew with a supported image, and delete the old one.",
    ),
)

kerberos_off = asked(
    __name__,
    Setting(
        id="dataproc-kerberos-off",
        view=DataprocCluster,
        severity=Severity.LOW,
        problem=lambda cluster: (
            None
            if cluster.config.security_config.kerberos_config.enable_kerberos
            else fail("Hadoop believes each client who it says it is")
        ),
        title="A Dataproc cluster does not ask its users who they are (Kerberos).",
        why="without Hadoop's secure mode whoever reaches the cluster's ports acts as whichever user he names. Where "
        "one team uses one cluster in a network of its own, that is the network's job, so this is not asked by "
        "default.",
        breaks="clients and jobs need tickets; the cluster must be made anew.",
        source="https://cloud.google.com/dataproc/docs/concepts/configuring-clusters/security",
        good=[{"config": {"securityConfig": {"kerberosConfig": {"enableKerberos": True}}}}],
        bad=[{"config": {}}, {"config": {"securityConfig": {"identityConfig": {}}}}],
        path="config.securityConfig",
        same_as=["cloudsploit:dataproc/hadoopSecureModeEnabled"],
        terraform="security_config { kerberos_config { enable_kerberos = true … } } on google_dataproc_cluster",
        manual="Make the cluster anew with --kerberos-root-principal-password-uri and --kerberos-kms-key.",
        default=False,
    ),
)


def _public_workers(job: DataflowJob) -> Verdict | None:
    if job.is_over:
        return not_applicable("the job is over, and its workers with it")
    for pool in told(job.environment.worker_pools, "environment.workerPools"):
        if pool.ip_configuration == "WORKER_IP_PRIVATE":
            continue
        if pool.ip_configuration == "WORKER_IP_PUBLIC":
            return fail("its workers have addresses on the internet")
        told(None, "environment.workerPools.ipConfiguration")
    return None


dataflow_public = asked(
    __name__,
    Setting(
        id="dataflow-public-ip",
        view=DataflowJob,
        severity=Severity.MEDIUM,
        problem=_public_workers,
        title="The workers of a Dataflow job have addresses on the internet.",
        why="they hold the data that they work on, and only the firewall stands between them and everybody; what they "
        "send out needs no NAT that would see it.",
        breaks="pipelines that fetch from the internet need Cloud NAT; the subnet needs Private Google Access.",
        source="https://cloud.google.com/dataflow/docs/guides/routes-firewall",
        good=[
            {"environment": {"workerPools": [{"kind": "harness", "ipConfiguration": "WORKER_IP_PRIVATE"}]}},
            {
                "currentState": "JOB_STATE_CANCELLED",
                "environment": {"workerPools": [{"ipConfiguration": "WORKER_IP_PUBLIC"}]},
            },
        ],
        bad=[{"environment": {"workerPools": [{"kind": "harness", "ipConfiguration": "WORKER_IP_PUBLIC"}]}}],
        path="environment.workerPools",
        evidence=["name", "currentState"],
        same_as=["checkov:CKV_GCP_94"],
        terraform='ip_configuration = "WORKER_IP_PRIVATE" on google_dataflow_job',
        manual="Start the job anew with --disable-public-ips.",
        guardrail="compute.vmExternalIpAccess",
    ),
)


def _untold(instance: DataFusionInstance) -> Verdict | None:
    missing = [
        name
        for name, is_on in (
            ("logging", instance.enable_stackdriver_logging),
            ("monitoring", instance.enable_stackdriver_monitoring),
        )
        if not is_on
    ]
    return fail(f"Cloud {' and Cloud '.join(name.title() for name in missing)} are off") if missing else None


fusion_untold = asked(
    __name__,
    Setting(
        id="datafusion-telemetry-off",
        view=DataFusionInstance,
        severity=Severity.LOW,
        problem=_untold,
        title="A Cloud Data Fusion instance sends its logs or metrics nowhere.",
        why="what its pipelines did is then kept on the clusters that ran them, and is gone with them: after an "
        "incident nobody can say which data was moved where.",
        breaks="nothing; logs and metrics are billed by volume.",
        source="https://cloud.google.com/data-fusion/docs/how-to/pipeline-logs",
        good=[{"enableStackdriverLogging": True, "enableStackdriverMonitoring": True}],
        bad=[{"type": "BASIC"}, {"enableStackdriverLogging": True}, {"enableStackdriverMonitoring": True}],
        path="enableStackdriverLogging",
        evidence=["enableStackdriverLogging", "enableStackdriverMonitoring"],
        same_as=["checkov:CKV_GCP_104", "checkov:CKV_GCP_105"],
        terraform="enable_stackdriver_logging = true and enable_stackdriver_monitoring = true on "
        "google_data_fusion_instance",
        manual="Turn both on in the instance's page of the console, or by instances.patch of the API.",
        default=False,
    ),
)


def _default_account(environment: ComposerEnvironment) -> Verdict | None:
    account = told(environment.config.node_config.service_account or None, "nodeConfig.serviceAccount")
    return fail(f"its machines run as {account}") if account.endswith(_DEFAULT_ACCOUNT) else None


composer_account = asked(
    __name__,
    Setting(
        id="composer-default-account",
        view=ComposerEnvironment,
        severity=Severity.MEDIUM,
        problem=_default_account,
        title="A Cloud Composer environment runs as the default service account.",
        why="every DAG acts as this account, and whoever may write to the environment's bucket writes DAGs. The "
        "default account is an Editor of the project unless someone took that away.",
        breaks="DAGs that use the account's rights; the environment must be made anew.",
        source="https://cloud.google.com/composer/docs/composer-3/access-control",
        good=[{"config": {"nodeConfig": {"serviceAccount": "dags@p.iam.gserviceaccount.com"}}}],
        bad=[{"config": {"nodeConfig": {"serviceAccount": "12345-compute@developer.gserviceaccount.com"}}}],
        path="config.nodeConfig.serviceAccount",
        same_as=["cloudsploit:composer/envDefaultServiceAccount"],
        terraform="config { node_config { service_account = … } } on google_composer_environment",
        manual="Make a new environment with --service-account of an account that has roles/composer.worker.",
    ),
)


def _open_web_server(environment: ComposerEnvironment) -> Verdict | None:
    access = environment.config.web_server_network_access_control
    if access is None or not access.allowed_ip_ranges:
        return fail("no range of addresses is named, so every one is let in")
    for allowed in access.allowed_ip_ranges:
        if is_internet(allowed.value):
            return fail(f"{allowed.value} is let in")
    return None


composer_web_server = asked(
    __name__,
    Setting(
        id="composer-web-server-open",
        view=ComposerEnvironment,
        severity=Severity.MEDIUM,
        problem=_open_web_server,
        title="The Airflow web server of a Composer environment answers the whole internet.",
        why="whoever has somebody's token, or finds a fault in Airflow, reads connections and variables and starts "
        "DAGs from anywhere. Requests still have to carry the sign-in of a user with a role in the project.",
        breaks="people and pipelines that come from other addresses.",
        source="https://cloud.google.com/composer/docs/composer-2/configure-private-ip#web-server-access",
        good=[{"config": {"webServerNetworkAccessControl": {"allowedIpRanges": [{"value": "203.0.113.0/24"}]}}}],
        bad=[
            {"config": {"softwareConfig": {}}},
            {"config": {"webServerNetworkAccessControl": {"allowedIpRanges": [{"value": "0.0.0.0/0"}]}}},
            {
                "config": {
                    "webServerNetworkAccessControl": {"allowedIpRanges": [{"value": "10.0.0.0/8"}, {"value": "::/0"}]}
                }
            },
        ],
        path="config.webServerNetworkAccessControl",
        same_as=["cloudsploit:composer/webserverPublicAccess"],
        terraform="config { web_server_network_access_control { allowed_ip_range { value = … } } } on "
        "google_composer_environment",
        gcloud="gcloud composer environments update {resource.id} --location={resource.location} "
        "--update-web-server-allow-ip=ip_range=RANGE",
    ),
)

table_deletable = asked(
    __name__,
    Setting(
        id="bigtable-deletion-protection-off",
        view=BigtableTable,
        severity=Severity.LOW,
        problem=lambda table: None if table.deletion_protection else fail("deletion protection is off"),
        title="One command deletes a Bigtable table.",
        why="the table is gone with everything in it; protection makes that two decisions, and keeps its instance too.",
        breaks="scripts that delete the table.",
        source="https://cloud.google.com/bigtable/docs/managing-tables#deletion-protection",
        name="//bigtable.googleapis.com/projects/p/instances/i/tables/t",
        good=[{"deletionProtection": True}],
        bad=[{"deletionProtection": False}, {"granularity": "MILLIS"}],
        path="deletionProtection",
        gcloud="gcloud bigtable instances tables update {resource.id} --instance={resource.instance} "
        "--deletion-protection",
        terraform='deletion_protection = "PROTECTED" on google_bigtable_table',
        default=False,
    ),
)

no_dead_letters = asked(
    __name__,
    Setting(
        id="pubsub-no-dead-letter-topic",
        view=Subscription,
        severity=Severity.INFO,
        problem=lambda subscription: (
            None
            if subscription.dead_letter_policy and subscription.dead_letter_policy.dead_letter_topic
            else fail("messages that cannot be handled are sent again and again, and lost in the end")
        ),
        title="A Pub/Sub subscription has no place for messages that cannot be handled.",
        why="a message that makes its receiver fail comes back until it is too old, and is then lost unseen; a "
        "dead-letter topic keeps it for people to look at.",
        breaks="nothing; Pub/Sub's service agent has to be allowed to publish to the topic.",
        source="https://cloud.google.com/pubsub/docs/dead-letter-topics",
        good=[{"deadLetterPolicy": {"deadLetterTopic": "projects/p/topics/dead", "maxDeliveryAttempts": 5}}],
        bad=[{"topic": "projects/p/topics/t"}],
        path="deadLetterPolicy",
        same_as=["cloudsploit:pubsub/deadLetteringEnabled"],
        gcloud="gcloud pubsub subscriptions update {resource.id} --dead-letter-topic=TOPIC",
        terraform="dead_letter_policy { dead_letter_topic = … } on google_pubsub_subscription",
        default=False,
    ),
)

agent_unlogged = asked(
    __name__,
    Setting(
        id="dialogflow-logging-off",
        view=DialogAgent,
        severity=Severity.LOW,
        problem=lambda agent: (
            None
            if agent.enable_stackdriver_logging or agent.advanced_settings.logging_settings.enable_stackdriver_logging
            else fail("Cloud Logging is off")
        ),
        title="A Dialogflow agent does not write its conversations to Cloud Logging.",
        why="what was asked and answered, and which webhooks were called, can then not be told afterwards. The log "
        "holds what customers say: whether it should be kept is a question of their privacy, so this is not asked by "
        "default.",
        breaks="nothing; redact what is personal before it is logged.",
        source="https://cloud.google.com/dialogflow/cx/docs/concept/agent-settings",
        good=[
            {"advancedSettings": {"loggingSettings": {"enableStackdriverLogging": True}}},
            {"enableStackdriverLogging": True},
        ],
        bad=[
            {"displayName": "a"},
            {"advancedSettings": {"loggingSettings": {"enableInteractionLogging": True}}},
        ],
        path="advancedSettings",
        same_as=["checkov:CKV2_GCP_29", "checkov:CKV2_GCP_30"],
        terraform="advanced_settings { logging_settings { enable_stackdriver_logging = true } } on "
        "google_dialogflow_cx_agent",
        manual="Turn it on in the agent's settings of the console, under General, Logging settings.",
        default=False,
    ),
)
