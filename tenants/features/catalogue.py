"""The features that exist. A feature's app registers what belongs to it; rows of settings name features by key."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature that can be switched on and off."""

    key: str
    label: str


features: Final[Registry[Feature]] = Registry("feature")

for _key, _label in (
    ("ai-icp-assistant", "AI assistant"),
    ("apollo-leads", "Apollo leads"),
    ("campaigns", "Campaigns"),
    ("dashboard", "Dashboard"),
    ("deals-pipeline", "Deals pipeline"),
    ("education-counsellors", "Education: counsellors"),
    ("education-students", "Education: students"),
    ("lead-enrichment", "Lead enrichment"),
    ("social-integration", "Social integration"),
    ("voice-agent", "Voice agent"),
    ("voice-agent-batch-report-email-provider", "Voice agent: reports of batches by e-mail"),
    ("voice-agent-tool-email-templates", "Voice agent tool: e-mail templates"),
    ("voice-agent-tool-email-templates-microsoft", "Voice agent tool: e-mail templates (Microsoft)"),
    ("voice-agent-tool-gmail", "Voice agent tool: Gmail"),
    ("voice-agent-tool-google-calendar", "Voice agent tool: Google Calendar"),
    ("voice-agent-tool-google-workspace", "Voice agent tool: Google Workspace"),
    ("voice-agent-tool-human-support", "Voice agent tool: human support"),
    ("voice-agent-tool-knowledge-base", "Voice agent tool: knowledge base"),
    ("voice-agent-tool-microsoft-bookings-auto", "Voice agent tool: Microsoft Bookings, automatic"),
    ("voice-agent-tool-microsoft-bookings-manual", "Voice agent tool: Microsoft Bookings, manual"),
    ("voice-agent-tool-microsoft-outlook", "Voice agent tool: Microsoft Outlook"),
):
    features.register(Feature(_key, _label))
