"""Keys of the single-page app that are no rights of LAD: names for several rights, and what its screens ask about."""

from collections.abc import Mapping
from typing import Final

# Keys that stand for rights: whoever is given one has these rights.
BUNDLES: Final[Mapping[str, frozenset[str]]] = {
    "billing.admin": frozenset({"billing.view", "billing.update", "billing.buy"}),
    "voice.call": frozenset({"calls.view", "calls.create"}),
}
# Keys that the app alone asks about, by the page that does. They give no right in LAD, even if they begin like one.
SCREENS: Final = (
    *("view_overview", "view_dashboard", "view_analytics", "view_pricing", "view_settings"),
    *("view_ai_assistant", "chat_with_ai", "define_icp", "trigger_apollo_search", "save_icp_profiles"),
    *("keyword_expansion", "conversation_history", "db_driven_icp_onboarding", "ai_assistant"),
    *("view_campaigns", "create_campaigns", "edit_campaigns", "delete_campaigns", "manage_campaigns"),
    *("manage_campaign_leads", "view_conversations", "view_pipeline", "manage_leads", "deals_pipeline_access"),
    *("view_make_call", "view_call_logs", "make_calls", "voice_agent_access", "view_scraper", "apollo_search"),
    *("apollo.search", "apollo.email_reveal", "apollo.phone_reveal", "lead_enrichment"),
    *("manage_team", "manage_integrations", "manage_billing", "admin_access"),
    *("social_media_integration", "education_features", "education.students.view", "leads.view_assigned"),
    *("canViewAll", "leads_view_all"),
)


def rights_of(key: str) -> frozenset[str]:
    """Return the rights that a key stands for: its own name, unless it is a bundle."""
    return BUNDLES.get(key, frozenset({key}))
