"""The score of one lead on its page: why it is what it is."""

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from aiicp.features import ICP_ASSISTANT
from aiicp.scoring.lead_list import profile_once
from aiicp.scoring.models import LeadScore
from aiicp.scoring.scorer import NothingToScore, Score
from aiicp.scoring.selectors import scoring_profile
from aiicp.scoring.services import score
from lad.tenancy.access import access_of
from leads.contacts.extensions import add_panel
from leads.contacts.models import Lead

PANEL: str = '<p><span class="lad-strong">{} of 100</span> by “{}”, {} % of the criteria known. {}</p><ul>{}</ul>'


def score_panel(request: HttpRequest, lead: Lead) -> str:
    """Return the lead's score by the profile that scores leads, computed now, with its reasons."""
    own = access_of(request).tenant_id == lead.tenant_id
    profile = profile_once(request) if own else scoring_profile(lead.tenant_id)
    if profile is None:
        return ""
    try:
        now = score(profile, [lead]).get(lead.pk)
    except NothingToScore:
        return ""
    if now is None:
        return ""
    stored = LeadScore.objects.filter(tenant=lead.tenant_id, lead=lead.pk, profile=profile.pk).first()
    reasons = format_html_join("", "<li>{}</li>", ((each.sentence,) for each in now.reasons))
    return format_html(PANEL, now.points, profile.name, now.known, _note(stored, now), reasons)


def _note(stored: LeadScore | None, now: Score) -> SafeString:
    text = ""
    if stored is None:
        text = "The list does not show it yet."
    elif stored.points != now.points:
        text = f"The list still shows {stored.points}, which is outdated."
    return format_html('<span class="lad-hint">{}</span>', text)


add_panel("ICP score", score_panel, rank=15, right="assistant.view", icon="target", feature=ICP_ASSISTANT)
