"""Enrolments and what was done for them, in words."""

from typing import Final

from campaigns.design.step_specs import step_types
from campaigns.enrolment.models import ActivityStatus, CampaignLeadActivity
from campaigns.enrolment.reasons import SENTENCES
from campaigns.messages.wording import about, refusal_in_words
from lad.labels import in_words
from leads.contactability.decisions import SENTENCES as CONTACT_REASONS

# Reasons of contactability that are incomplete without a detail, for many leads at once.
WITHOUT_DETAIL: Final = {
    "quiet_hours": "it is outside the contact hours",
    "closed_day": "there is no outreach on this day",
    "holiday": "it is a holiday",
    "outside_window": "it is outside the campaign's hours",
    "no_address": "the lead has no address for the channel",
    "suppressed": "the lead is on the do-not-contact list",
    "company_suppressed": "the company is on the do-not-contact list",
    "suppressed_for_now": "the lead is on the do-not-contact list for now",
    "daily_limit": "the lead was contacted as often as allowed in a day",
    "weekly_limit": "the lead was contacted as often as allowed in seven days",
    "channel_daily_limit": "the lead was contacted as often as allowed in a day",
    "channel_weekly_limit": "the lead was contacted as often as allowed in seven days",
    "no_open_time": "no time is allowed by all hours and days that apply",
}
# What LAD did to the lead with a step of the type. Other types are named by their label.
DEEDS: Final = {
    "linkedin_visit": "visited the LinkedIn profile of {lead}",
    "linkedin_follow": "followed {lead} on LinkedIn",
    "linkedin_connect": "invited {lead} to connect on LinkedIn",
    "linkedin_message": "wrote to {lead} on LinkedIn",
    "linkedin_like": "liked a post of {lead} on LinkedIn",
    "linkedin_comment_reply": "commented on a post of {lead} on LinkedIn",
    "linkedin_scrape_profile": "read the LinkedIn profile of {lead}",
    "linkedin_autopost": "published a post on LinkedIn",
    "email_send": "wrote an e-mail to {lead}",
    "email_followup": "wrote once more to {lead}",
    "whatsapp_send": "wrote to {lead} on WhatsApp",
    "sms_send": "sent {lead} a text message",
    "voice_agent_call": "called {lead}",
    "instagram_dm": "wrote to {lead} on Instagram",
    "instagram_follow": "followed {lead} on Instagram",
    "instagram_like": "liked a post of {lead} on Instagram",
    "instagram_story_view": "viewed the stories of {lead} on Instagram",
    "webhook": "told another system of {lead}",
    "instagram_comment_reply": "commented on a post of {lead} on Instagram",
}
# Said of an activity that was not done: “LAD did not …”.
UNDONE: Final = (ActivityStatus.FAILED, ActivityStatus.SKIPPED, ActivityStatus.CANCELLED)


def reason_in_words(code: str, lead: str, *, detail: str = "") -> str:
    """Return why an enrolment waits or has ended, as it follows a colon: “Hans replied”."""
    text = SENTENCES.get(code, "")  # type: ignore[call-overload]  # keys are strings, too
    if not text and not detail:
        text = WITHOUT_DETAIL.get(code, "")
    if not text and code in CONTACT_REASONS:
        text = CONTACT_REASONS[code].format(detail=detail, channel="this channel")
    return about(text, lead) or in_words(code).lower()


def deed(activity: CampaignLeadActivity, lead: str) -> str:
    """Return what the activity did, as a sentence without its reason: “LAD wrote to Hans on LinkedIn”."""
    key = activity.step_type
    done = DEEDS.get(key, "").format(lead=lead)
    if activity.status == ActivityStatus.REPLIED:
        return f"{lead} answered: {_label(key)}"
    if activity.status == ActivityStatus.CONNECTED:
        if activity.metadata.get("already"):
            return f"{lead} is connected on LinkedIn already, so no invitation was sent"
        return f"{lead} accepted the invitation on LinkedIn"
    if activity.status in UNDONE:
        return f"LAD did not do “{_label(key)}” for {lead}"
    return f"LAD {done}" if done else f"LAD did “{_label(key)}” for {lead}"


def why_undone(activity: CampaignLeadActivity, lead: str) -> str:
    """Return why an activity was not done, in words; an empty text for one that was."""
    if activity.status not in UNDONE:
        return ""
    decision = activity.metadata.get("decision")
    return (refusal_in_words(decision, lead) if isinstance(decision, dict) else "") or activity.error_message


def _label(key: str) -> str:
    return step_types.get(key).label if key in step_types else in_words(key)
