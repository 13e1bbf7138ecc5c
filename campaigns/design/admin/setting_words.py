"""The settings of steps as people read them: labels, help texts and the names of values."""

from collections.abc import Mapping
from typing import Any, Final

from lad.labels import in_words

LABELS: Final[Mapping[str, str]] = {
    "after_days": "Days since the lead began",
    "after_hours": "Hours since the lead began",
    "agent_id": "Voice agent",
    "company_url": "Address of the company’s page",
    "condition": "The lead",
    "context": "What the agent should know",
    "endpoint": "System to call",
    "field": "Field of the lead",
    "html": "Formatted text (HTML)",
    "if_failed": "If it cannot be sent",
    "if_missing": "While a detail is missing",
    "if_not_connected": "While they are not connected",
    "if_refused": "If the lead may not be contacted",
    "language": "Language of the template",
    "limit": "Leads to find a day",
    "max_leads": "Leads to find in all",
    "one_per_company": "One lead of each company",
    "operator": "Comparison",
    "template": "Approved template",
    "until_time": "Until the time of day",
    "until_weekday": "Until a weekday",
    "username": "Instagram name",
    "variables": "Variables of the template",
    "wait_until": "Wait as long as it takes",
    "weights": "Weights of the variants",
    "withdraw_after_days": "Withdraw it after days",
    "zone": "By the clock of",
}
HELP: Final[Mapping[str, str]] = {
    "after_days": "For the condition on time: it is met so long after the lead began the campaign.",
    "body": "Variables such as {{first_name}} are filled in for each lead.",
    "endpoint": "Those who manage sending accounts add webhooks under “All tables”.",
    "content": "Everybody reads it, so it takes no variables. It is published once.",
    "field": "For a condition on a field or the profile: its name, such as title, company_name or headline.",
    "fields": "One entry per line: what to read, such as headline, location or experience.",
    "goal": "Whoever reaches it finishes the campaign, from wherever it is.",
    "html": "Empty means that the text above is sent as it is.",
    "language": "Empty means the lead’s, if WhatsApp has approved the template in it.",
    "message": "Variables such as {{first_name}} are filled in for each lead.",
    "subject": "Variables such as {{first_name}} are filled in for each lead.",
    "template": "Its name at WhatsApp. It is sent to leads who have not written within 24 hours.",
    "until_time": "Such as 09:30.",
    "username": "Empty means the lead’s own name, as its profiles have it.",
    "values": "One entry per line: the stages, statuses, tags, values or levels (none, low, medium, high) that count.",
    "variables": "One entry per line, for {{1}}, {{2}} and so on. Variables such as {{first_name}} are filled in.",
    "weights": "One number per line, a line for each variant. 1 and 1 split leads in halves.",
    "within__days": "Wait up to this time for a yes. Empty means not to wait.",
    "withdraw_after_days": "An invitation that is not answered is withdrawn then. Empty means that it stays.",
    "working_days": "Count the campaign’s days only, without holidays.",
}
# What happens without a value, where that is not obvious.
DEFAULTS: Final[Mapping[str, str]] = {
    "if_failed": "As usual: go on",
    "if_missing": "As usual: wait until it is filled in",
    "if_not_connected": "As usual: wait until they are connected",
    "if_refused": "As usual: skip it, or stop if there is no other channel",
    "operator": "As usual: is, or is not empty",
    "source": "Any source",
    "zone": "As usual: the lead",
}
VALUES: Final[Mapping[str, str]] = {
    # What to do with a message
    "wait": "Wait",
    "skip": "Skip the step and go on",
    "stop": "Stop the campaign for the lead",
    "go_on": "Go on",
    # Clocks
    "lead": "The lead",
    "tenant": "Your company",
    # Conditions and goals
    "bounced": "has an address that bounced",
    "booked": "booked an appointment",
    "clicked": "clicked a link",
    "engagement_level": "has done as much as the level says",
    "profile_matches": "has a value in the profile",
    "time_elapsed": "began so long ago",
    "whatsapp_delivered": "got a message on WhatsApp",
    "whatsapp_read": "read a message on WhatsApp",
    "connected": "accepted the invitation on LinkedIn",
    "custom_field": "has a value in a custom field",
    "field": "has a value in a field",
    "linkedin_replied": "replied on LinkedIn",
    "opened": "opened a message",
    "replied": "replied",
    "response_received": "replied on any channel",
    "stage": "is in a stage",
    "status": "has a status",
    "tag": "has a tag",
    "whatsapp_replied": "replied on WhatsApp",
    "instagram_replied": "replied on Instagram",
}
# What a type of step is for. A type without a text is named by its label only.
EXPLANATIONS: Final[Mapping[str, str]] = {
    "ab_split": "Try several texts or ways, each with a share of the leads.",
    "branch": "Several ways, by the first rule that a lead meets.",
    "condition": "Two ways: for leads that meet it, and for the others.",
    "delay": "Wait some days or hours, or until a weekday or a time.",
    "instagram_comment_reply": "Comment on the lead’s newest post.",
    "instagram_dm": "Write to the lead’s own Instagram name.",
    "instagram_follow": "Follow the lead.",
    "instagram_like": "Like the lead’s newest post.",
    "instagram_story_view": "View the lead’s stories.",
    "linkedin_autopost": "Publish a post from your account, once for the campaign.",
    "linkedin_comment_reply": "Comment on the lead’s newest post.",
    "linkedin_connect": "Invite the lead, with a note or without.",
    "linkedin_follow": "Follow the lead.",
    "linkedin_like": "Like the lead’s newest post.",
    "linkedin_message": "Write to the lead once you are connected.",
    "linkedin_scrape_profile": "Read the lead’s profile, for conditions on it.",
    "linkedin_visit": "Look at the lead’s profile, as anybody would.",
    "sms_send": "Send a text message. Say how to opt out.",
    "voice_agent_call": "Have a voice agent call, and go on by how it went.",
    "whatsapp_send": "Free text to those who wrote within 24 hours, an approved template to the others.",
    "email_followup": "Write once more, in the same conversation.",
    "email_send": "Write from one of your mailboxes.",
    "end": "The lead has finished.",
    "goal": "Whoever reaches it finishes, from wherever it is.",
    "goto": "Lead to another step, by the step’s paths.",
    "lead_generation": "Describe the leads that the campaign is for.",
    "manual_task": "Give a person something to do, and wait for it.",
    "send_to_campaign": "Enrol the lead in another campaign.",
    "start": "A name for the beginning.",
    "webhook": "Send the lead’s data to a system of yours.",
}


def label_of(name: str) -> str:
    """Return the label of a setting. ``name`` may have its object before it, with two underscores."""
    last = name.rpartition("__")[2]
    return LABELS.get(last, in_words(last))


def help_of(name: str) -> str:
    """Return the help text of a setting; empty if its label says it all."""
    return HELP.get(name, HELP.get(name.rpartition("__")[2], ""))


def default_of(name: str) -> str:
    """Return what no value of the setting means, as a choice."""
    return DEFAULTS.get(name.rpartition("__")[2], "–")


def value_in_words(value: Any) -> str:
    """Return a value that is one of a list as people read it."""
    return VALUES.get(str(value), in_words(str(value)))


def outcome_in_words(key: str, outcome: str) -> str:
    """Return an outcome of a step of this type as people read it."""
    if key == "ab_split":
        return f"Variant {outcome.upper()}"
    return f"Rule {outcome}" if outcome.isdecimal() else in_words(outcome)
