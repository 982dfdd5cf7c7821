"""Dialogflow and Document AI.

Source: cloud.google.com/dialogflow/cx/docs/reference/rest/v3/projects.locations.agents,
cloud.google.com/document-ai/docs/reference/rest/v1/projects.locations.processors
"""

from __future__ import annotations

from msgspec import field

from auditor.resources.base import Resource, View, shows


class AgentLogging(View):
    """`advancedSettings.loggingSettings`."""

    enable_stackdriver_logging: bool = False
    enable_interaction_logging: bool = False


class AgentSettings(View):
    """`advancedSettings`."""

    logging_settings: AgentLogging = field(default_factory=AgentLogging)


@shows("dialogflow.googleapis.com/Agent")
class DialogAgent(Resource):
    """An agent of Dialogflow CX. `enableStackdriverLogging` is the older form of the setting."""

    HAS_POLICY = False

    enable_stackdriver_logging: bool = False
    advanced_settings: AgentSettings = field(default_factory=AgentSettings)


@shows("documentai.googleapis.com/Processor")
class DocumentProcessor(Resource):
    """A processor of Document AI."""

    HAS_POLICY = False

    kms_key_name: str = ""
