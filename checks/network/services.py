"""The services that do not belong on the internet: the table behind the checks of open ports."""

from __future__ import annotations

from dataclasses import dataclass

from auditor import Severity

_STEAMPIPE = "steampipe:compute_firewall_rule_ingress_access_restricted_to_"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that does not belong on the internet, and the ports that it listens on."""

    id: str
    name: str
    why: str
    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()
    severity: Severity = Severity.HIGH
    same_as: tuple[str, ...] = ()
    default: bool = True
    stands_alone: bool = False
    """Whether a rule that opens every port is a full finding here too, and not only of `firewall-all-ports-open`."""

    @property
    def ports(self) -> tuple[tuple[str, int], ...]:
        """(protocol, port) of each port."""
        return (*(("tcp", port) for port in self.tcp), *(("udp", port) for port in self.udp))

    @property
    def page(self) -> str:
        """The page of the service's check."""
        return f"""A firewall rule opens {self.name} to the internet.

        Why: {self.why}

        What a fix may break: people and systems that connect from outside lose access until their addresses are
        listed. Let people in through Identity-Aware Proxy TCP forwarding (35.235.240.0/20) or a VPN, and partners by
        their fixed ranges.

        Source: https://cloud.google.com/firewall/docs/firewalls
        """


SSH = Service(
    id="firewall-ssh-open",
    name="SSH (port 22)",
    why="machines that answer on port 22 are found within minutes and tried with stolen keys, weak passwords and "
    "each new flaw of the daemon. One metadata key or one reused password is enough.",
    tcp=(22,),
    severity=Severity.CRITICAL,
    stands_alone=True,
    same_as=(
        "sha:OPEN_SSH_PORT",
        "prowler:compute_firewall_ssh_access_from_the_internet_allowed",
        "steampipe:restrict_firewall_rule_ssh_world_open",
        "steampipe:compute_firewall_rule_ssh_access_restricted",
        "checkov:CKV_GCP_2",
        "trivy:AVD-GCP-0071",
        "cloudsploit:vpcnetwork/openSSH",
        "inspec:cis-gcp-3.6",
    ),
)
RDP = Service(
    id="firewall-rdp-open",
    name="Remote Desktop (port 3389)",
    why="Remote Desktop on the internet is the most common way in for ransomware: passwords are guessed around the "
    "clock and several flaws of the service needed none.",
    tcp=(3389,),
    udp=(3389,),
    severity=Severity.CRITICAL,
    stands_alone=True,
    same_as=(
        "sha:OPEN_RDP_PORT",
        "prowler:compute_firewall_rdp_access_from_the_internet_allowed",
        "steampipe:restrict_firewall_rule_rdp_world_open",
        "steampipe:compute_firewall_rule_rdp_access_restricted",
        "checkov:CKV_GCP_3",
        "trivy:AVD-GCP-0070",
        "cloudsploit:vpcnetwork/openRDP",
        "inspec:cis-gcp-3.7",
    ),
)
TELNET = Service(
    id="firewall-telnet-open",
    name="Telnet (port 23)",
    why="Telnet sends passwords and sessions in the clear, and worms that build botnets look for it first.",
    tcp=(23,),
    same_as=("sha:OPEN_TELNET_PORT", f"{_STEAMPIPE}telnet_port_23", "cloudsploit:vpcnetwork/openTelnet"),
)
FTP = Service(
    id="firewall-ftp-open",
    name="FTP (port 21)",
    why="FTP sends passwords and files in the clear, and servers left open collect foreign uploads.",
    tcp=(21,),
    same_as=(
        "sha:OPEN_FTP_PORT",
        f"{_STEAMPIPE}ftp_port_21",
        "checkov:CKV_GCP_75",
        "cloudsploit:vpcnetwork/openFTP",
    ),
)
FTP_DATA = Service(
    id="firewall-ftp-data-open",
    name="FTP data (port 20)",
    why="port 20 carries the files of an FTP server in the clear; nothing else should listen on it.",
    tcp=(20,),
    severity=Severity.MEDIUM,
    same_as=("checkov:CKV_GCP_77",),
)
SMTP = Service(
    id="firewall-smtp-open",
    name="SMTP (port 25)",
    why="a mail server that anyone reaches is tried as an open relay, and its reputation is yours. Only a mail "
    "exchanger that you run on purpose needs the port.",
    tcp=(25,),
    severity=Severity.MEDIUM,
    same_as=("sha:OPEN_SMTP_PORT", f"{_STEAMPIPE}smtp_port_25", "cloudsploit:vpcnetwork/openSMTP"),
)
POP3 = Service(
    id="firewall-pop3-open",
    name="POP3 (port 110)",
    why="POP3 without TLS sends mailbox passwords in the clear.",
    tcp=(110,),
    severity=Severity.MEDIUM,
    same_as=("sha:OPEN_POP3_PORT", f"{_STEAMPIPE}pop3_port_110"),
)
DNS = Service(
    id="firewall-dns-open",
    name="DNS (port 53)",
    why="a resolver that answers everyone amplifies attacks on others, and tells strangers your internal names.",
    tcp=(53,),
    udp=(53,),
    severity=Severity.MEDIUM,
    same_as=("sha:OPEN_DNS_PORT", f"{_STEAMPIPE}dns_port_53", "cloudsploit:vpcnetwork/openDNS"),
)
HTTP = Service(
    id="firewall-http-open",
    name="HTTP (port 80)",
    why="machines that serve plain HTTP to everyone bypass the load balancer with its TLS, Cloud Armor and logs. "
    "For a web server without a load balancer the rule is what it needs, so the check is off unless asked for.",
    tcp=(80,),
    severity=Severity.INFO,
    default=False,
    same_as=(
        "sha:OPEN_HTTP_PORT",
        f"{_STEAMPIPE}http_port_80",
        "checkov:CKV_GCP_106",
        "cloudsploit:vpcnetwork/openHTTP",
    ),
)
INTERNAL_WEB = Service(
    id="firewall-web-console-open",
    name="web consoles (ports 8080 and 9090)",
    why="on these ports listen consoles, build servers and metrics that were made for the inside: many ask for no "
    "password, or run what they are told.",
    tcp=(8080, 9090),
    severity=Severity.MEDIUM,
    same_as=(
        "sha:OPEN_CISCOSECURE_WEBSM_PORT",
        f"{_STEAMPIPE}tcp_port_9090",
        "cloudsploit:vpcnetwork/openInternalWeb",
    ),
)
WINDOWS = Service(
    id="firewall-windows-file-sharing-open",
    name="Windows file sharing (ports 135, 137-139 and 445)",
    why="RPC, NetBIOS and SMB carry file shares and remote administration; worms have spread through each of them.",
    tcp=(445, 135, 137, 138, 139),
    udp=(137, 138),
    same_as=(
        "sha:OPEN_DIRECTORY_SERVICES_PORT",
        "sha:OPEN_NETBIOS_PORT",
        f"{_STEAMPIPE}microsoft_ds_port_445",
        f"{_STEAMPIPE}tcp_port_137_to_139",
        f"{_STEAMPIPE}netbios_snn_port_139",
        "cloudsploit:vpcnetwork/openSMBoTCP",
        "cloudsploit:vpcnetwork/openCIFS",
        "cloudsploit:vpcnetwork/openNetBIOS",
        "cloudsploit:vpcnetwork/openRPC",
    ),
)
LDAP = Service(
    id="firewall-ldap-open",
    name="LDAP (ports 389 and 636)",
    why="a directory that anyone can ask gives away users and groups, and takes password guesses.",
    tcp=(389, 636),
    udp=(389,),
    same_as=(
        "sha:OPEN_LDAP_PORT",
        f"{_STEAMPIPE}tcp_udp_port_389",
        f"{_STEAMPIPE}tcp_port_636",
        "cloudsploit:vpcnetwork/openLDAP",
        "cloudsploit:vpcnetwork/openLDAPS",
    ),
)
SNMP = Service(
    id="firewall-snmp-open",
    name="SNMP (port 161)",
    why="SNMP with its usual community strings tells and changes the configuration of what it runs on, and "
    "amplifies attacks on others.",
    udp=(161,),
    tcp=(),
    same_as=("cloudsploit:vpcnetwork/openSNMP",),
)
MYSQL = Service(
    id="firewall-mysql-open",
    name="MySQL (port 3306)",
    why="a database that the internet reaches is one guessed password, or one flaw before the password, from "
    "being copied and held to ransom.",
    tcp=(3306,),
    same_as=(
        "sha:OPEN_MYSQL_PORT",
        f"{_STEAMPIPE}mysql_db_port_3306",
        "checkov:CKV_GCP_88",
        "cloudsploit:vpcnetwork/openMySQL",
    ),
)
POSTGRESQL = Service(
    id="firewall-postgresql-open",
    name="PostgreSQL (port 5432)",
    why="a database that the internet reaches is one guessed password from being copied, and its superuser can "
    "run programs on the machine.",
    tcp=(5432,),
    udp=(5432,),
    same_as=(
        "sha:OPEN_POSTGRESQL_PORT",
        f"{_STEAMPIPE}postgresql_port_5432",
        "cloudsploit:vpcnetwork/openPostgreSQL",
    ),
)
SQL_SERVER = Service(
    id="firewall-sql-server-open",
    name="SQL Server (ports 1433 and 1434)",
    why="the sa account is guessed around the clock, and one stored procedure runs commands on the machine.",
    tcp=(1433, 1434),
    udp=(1434,),
    same_as=("cloudsploit:vpcnetwork/openMsSQL", "cloudsploit:vpcnetwork/openSQLServer"),
)
ORACLE = Service(
    id="firewall-oracle-open",
    name="Oracle Database (ports 1521, 2483 and 2484)",
    why="the listener gives away service names, and default accounts are tried at once.",
    tcp=(1521, 2483, 2484),
    udp=(2483, 2484),
    same_as=(
        "sha:OPEN_ORACLEDB_PORT",
        f"{_STEAMPIPE}oracle_db_port_1521",
        f"{_STEAMPIPE}tcp_udp_port_2483_to_2484",
        "cloudsploit:vpcnetwork/openOracle",
        "cloudsploit:vpcnetwork/openOracleAutoDataWarehouse",
    ),
)
MONGODB = Service(
    id="firewall-mongodb-open",
    name="MongoDB (ports 27017 to 27019)",
    why="MongoDB without access control hands its data to whoever connects; robots empty such servers daily.",
    tcp=(27017, 27018, 27019),
    same_as=(
        "sha:OPEN_MONGODB_PORT",
        f"{_STEAMPIPE}mongo_db_port_27017",
        f"{_STEAMPIPE}tcp_port_27017_to_27019",
        "cloudsploit:vpcnetwork/openMongo",
    ),
)
REDIS = Service(
    id="firewall-redis-open",
    name="Redis (port 6379)",
    why="Redis mostly runs without a password, and whoever may send it commands may write files on its machine.",
    tcp=(6379,),
    same_as=("sha:OPEN_REDIS_PORT", f"{_STEAMPIPE}tcp_port_6379", "cloudsploit:vpcnetwork/openRedis"),
)
MEMCACHED = Service(
    id="firewall-memcached-open",
    name="Memcached (ports 11211, 11214 and 11215)",
    why="Memcached asks for no password: sessions can be read and planted, and over UDP it amplifies attacks on "
    "others more than any other service.",
    tcp=(11211, 11214, 11215),
    udp=(11211, 11214, 11215),
    same_as=(
        "sha:OPEN_MEMCACHED_PORT",
        f"{_STEAMPIPE}tcp_udp_port_11211",
        f"{_STEAMPIPE}tcp_udp_port_11214_to_11215",
        "cloudsploit:vpcnetwork/openMemcached",
    ),
)
ELASTICSEARCH = Service(
    id="firewall-elasticsearch-open",
    name="Elasticsearch and Kibana (ports 9200, 9300 and 5601)",
    why="clusters without security settings answer every query and every delete from whoever connects.",
    tcp=(9200, 9300, 5601),
    same_as=(
        "sha:OPEN_ELASTICSEARCH_PORT",
        f"{_STEAMPIPE}tcp_port_9200_9300",
        "cloudsploit:vpcnetwork/openElasticsearch",
        "cloudsploit:vpcnetwork/openKibana",
    ),
)
CASSANDRA = Service(
    id="firewall-cassandra-open",
    name="Cassandra (port 9042 and those between nodes)",
    why="between nodes and over JMX Cassandra trusts whoever connects; JMX runs code.",
    tcp=(9042, 7000, 7001, 7199, 9160, 61620, 61621),
    same_as=(
        "sha:OPEN_CASSANDRA_PORT",
        f"{_STEAMPIPE}tcp_port_7000_7001",
        f"{_STEAMPIPE}tcp_port_7199",
        f"{_STEAMPIPE}tcp_port_9042",
        f"{_STEAMPIPE}tcp_port_9160",
        f"{_STEAMPIPE}tcp_port_61620_61621",
        "cloudsploit:vpcnetwork/openCassandra",
        "cloudsploit:vpcnetwork/openCassandraClient",
        "cloudsploit:vpcnetwork/openCassandraInternode",
        "cloudsploit:vpcnetwork/openCassandraMonitoring",
        "cloudsploit:vpcnetwork/openCassandraThrift",
    ),
)
CONTAINERS = Service(
    id="firewall-container-control-open",
    name="Docker or kubelet (ports 2375, 2376, 10250 and 10255)",
    why="who reaches an unprotected Docker daemon or kubelet starts containers as root of the machine; miners do "
    "so within minutes.",
    tcp=(2375, 2376, 10250, 10255),
    severity=Severity.CRITICAL,
    same_as=(
        f"{_STEAMPIPE}postgresql_port_10250",
        f"{_STEAMPIPE}postgresql_port_10255",
        "cloudsploit:vpcnetwork/openDocker",
    ),
)
SALT = Service(
    id="firewall-salt-open",
    name="the Salt master (ports 4505 and 4506)",
    why="a flaw of the Salt master's request server gave strangers root on every machine that it manages.",
    tcp=(4505, 4506),
    same_as=("cloudsploit:vpcnetwork/openSalt",),
)
HADOOP = Service(
    id="firewall-hadoop-open",
    name="Hadoop (ports 8020, 8088, 9870 and 50070)",
    why="Hadoop without Kerberos believes each client's user name; the resource manager runs what it is sent.",
    tcp=(8020, 8088, 9870, 50070),
    same_as=("cloudsploit:vpcnetwork/openHadoopNameNode", "cloudsploit:vpcnetwork/openHadoopNameNodeWebUI"),
)
VNC = Service(
    id="firewall-vnc-open",
    name="VNC (ports 5500 and 5900)",
    why="VNC shows and steers a desktop behind a password of at most eight characters, or none.",
    tcp=(5900, 5500),
    same_as=("cloudsploit:vpcnetwork/openVNCClient", "cloudsploit:vpcnetwork/openVNCServer"),
)
POLICY_SSH = Service(
    id="firewall-policy-ssh-open",
    name="SSH (port 22)",
    why="a policy's rules hold in every network that it is attached to, and an allow ends the evaluation: no VPC "
    "firewall rule below it can close the port again.",
    tcp=(22,),
    severity=Severity.CRITICAL,
    stands_alone=True,
)
POLICY_RDP = Service(
    id="firewall-policy-rdp-open",
    name="Remote Desktop (port 3389)",
    why="a policy's rules hold in every network that it is attached to, and an allow ends the evaluation: no VPC "
    "firewall rule below it can close the port again.",
    tcp=(3389,),
    udp=(3389,),
    severity=Severity.CRITICAL,
    stands_alone=True,
)
POLICY_DATABASES = Service(
    id="firewall-policy-database-open",
    name="a database port",
    why="MySQL, PostgreSQL, SQL Server, Oracle, MongoDB, Redis, Memcached and Elasticsearch belong behind the "
    "application. A policy's rules hold in every network that it is attached to.",
    tcp=(3306, 5432, 1433, 1521, 27017, 6379, 11211, 9200),
)
