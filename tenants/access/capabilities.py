"""The capabilities that single members can have: LAD's rights, and what the single-page app asks about its screens."""

from dataclasses import dataclass
from typing import Final

from lad.registry import Registry
from tenants.access.rights import ALL_RIGHTS


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a member may do. LAD itself asks only for its rights."""

    key: str
    label: str


# The single-page app's own, by the page that asks for them.
SCREENS: Final = (
    *("view_overview", "view_dashboard", "view_analytics", "view_pricing", "view_settings"),
    *("view_ai_assistant", "chat_with_ai", "define_icp", "trigger_apollo_search", "save_icp_profiles"),
    *("keyword_expansion", "conversation_history", "db_driven_icp_onboarding", "ai_assistant"),
    *("view_campaigns", "create_campaigns", "edit_campaigns", "delete_campaigns", "manage_campaigns"),
    *("manage_campaign_leads", "view_conversations", "view_pipeline", "manage_leads", "deals_pipeline_access"),
    *("view_make_call", "view_call_logs", "make_calls", "voice_agent_access", "view_scraper", "apollo_search"),
    *("apollo.search", "apollo.email_reveal", "apollo.phone_reveal", "lead_enrichment", "voice.call"),
    *("manage_team", "manage_integrations", "manage_billing", "billing.admin", "admin_access"),
    *("social_media_integration", "education_features", "education.students.view", "leads.view_assigned"),
    *("canViewAll", "leads_view_all"),
)

capabilities: Final[Registry[Capability]] = Registry("capability")


def _register(key: str) -> None:
    area, _, verb = key.partition(".")
    words = f"{area}: {verb}" if verb else area
    capabilities.register(Capability(key, words.replace("-", " ").replace("_", " ").capitalize()))


for _key in sorted(ALL_RIGHTS):
    _register(_key)
for _key in SCREENS:
    _register(_key)
