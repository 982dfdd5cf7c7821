"""Findings that stand although something is unknown by which there would be none, each with the reason.

There is no such table for passes: none stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Adjudication:
    """Of checks whose id matches `checks`: a finding stands where what is changed matches `where`."""

    checks: str
    where: str
    reason: str

    def covers(self, check: str, where: str) -> bool:
        """Whether it speaks of a contradiction."""
        return fnmatchcase(check, self.checks) and re.search(self.where, where) is not None


ADJUDICATIONS = (
    Adjudication(
        "bucket-public",
        r"orgpolicy|part of an estate|broken|resource\.data(\.iamConfiguration\S*)? of storage\S+/Bucket",
        "A grant to the public is told as what it is, and the finding says what it leaves open: unless public access "
        "prevention is enforced. To say nothing of an open bucket because a setting was not read would be worse.",
    ),
    Adjudication(
        "instance-*",
        r"resource\.data\.labels",
        "The labels by which GKE and Dataproc mark their machines are set when these make them, so that a machine "
        "whose labels are not known yet is one that somebody declares.",
    ),
    Adjudication(
        "gke-node-*",
        r"NodePool",
        "What a cluster says of its own pools is so; the pools' own records only move the finding to them.",
    ),
    Adjudication(
        "path-to-control-from-*",
        r"DenyPolicy",
        "A path that only a deny policy could cut is told as possible: no export holds deny policies.",
    ),
    Adjudication(
        "path-to-control-from-*",
        r"iam_policy",
        "The path is there; what is not known could only move the finding to the folder or organization above.",
    ),
    Adjudication(
        "subnet-flow-logs-off",
        r"VpcFlowLogsConfig",
        "Configurations of the Network Management API are in no export; where that API is known to be enabled and none "
        "was read, the check says nothing.",
    ),
    Adjudication(
        "service-account-impersonation-wide",
        r"DenyPolicy",
        "The grant stands, and no export holds the deny policies that could take it back: the finding is the grant.",
    ),
)
