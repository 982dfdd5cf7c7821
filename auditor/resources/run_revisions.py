"""Cloud Run: worker pools, and the revisions that services leave behind.

Source: cloud.google.com/run/docs/reference/rest/v2/projects.locations.workerPools,
cloud.google.com/run/docs/reference/rest/v1/namespaces.revisions, …/rest/v2/projects.locations.services.revisions
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, shows
from auditor.resources.serverless import Container, ContainerTemplate, KnativeMetadata, ServiceSpecV1, Volume


@shows("run.googleapis.com/WorkerPool")
class RunWorkerPool(Resource):
    """A worker pool, in the v1 form (`spec`) or the v2 form (`template`)."""

    spec: ServiceSpecV1 | None = None
    template: ContainerTemplate = field(default_factory=ContainerTemplate)

    @property
    def _template(self) -> ContainerTemplate:
        return self.spec.template.spec if self.spec else self.template

    @property
    def containers(self) -> list[Container]:
        """The containers of the current template."""
        return self._template.containers

    @property
    def volumes(self) -> list[Volume]:
        """The volumes of the current template."""
        return self._template.volumes


@shows("run.googleapis.com/Revision")
class RunRevision(Resource):
    """A revision: what a service, job or function ran at some time, in the v1 form (`spec`) or the v2 form."""

    HAS_POLICY = False

    metadata: KnativeMetadata = field(default_factory=KnativeMetadata)
    spec: ContainerTemplate | None = None
    own_containers: list[Container] = field(default_factory=list, name="containers")

    @property
    def containers(self) -> list[Container]:
        """The containers of the revision."""
        return self.spec.containers if self.spec else self.own_containers
