"""The score of one lead on its page: why it is what it is."""

from django.http import HttpRequest
from django.urls import reverse
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

PANEL: str = (
    '<p class="lad-score"><span class="lad-score-points">{}</span> of 100 by <a class="lad-link" href="{}">“{}”</a>,'
    ' {} % of the criteria known. {}</p><ul class="lad-bars">{}</ul>'
)
REASON: str = (
    '<li><span class="lad-bars-name">{}</span><span class="lad-share-track"><span class="lad-share-bar"'
    ' style="width: {}%"></span></span></li>'
)


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
    shares = ((each.sentence, 100 * each.points // each.of if each.of else 0) for each in now.reasons)
    reasons = format_html_join("", REASON, shares)
    address = reverse("admin:aiicp_icpprofile_change", args=(profile.pk,))
    return format_html(PANEL, now.points, address, profile.name, now.known, _note(stored, now), reasons)


def _note(stored: LeadScore | None, now: Score) -> SafeString:
    text = ""
    if stored is None:
        text = "The list does not show it yet."
    elif stored.points != now.points:
        text = f"The list still shows {stored.points}, which is outdated."
    return format_html('<span class="lad-hint">{}</span>', text)


add_panel("ICP score", score_panel, rank=15, right="assistant.view", icon="target", feature=ICP_ASSISTANT)
