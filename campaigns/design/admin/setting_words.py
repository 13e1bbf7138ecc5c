"""The settings of steps as people read them: labels, help texts and the names of values."""

from collections.abc import Mapping
from typing import Any, Final

from lad.labels import in_words

LABELS: Final[Mapping[str, str]] = {
    "agent_id": "Voice agent",
    "company_url": "Address of the company’s page",
    "condition": "The lead",
    "context": "What the agent should know",
    "endpoint": "System to call",
    "field": "Field of the lead",
    "html": "Formatted text (HTML)",
    "if_failed": "If it cannot be sent",
    "if_missing": "While a detail is missing",
    "if_refused": "If the lead may not be written to",
    "limit": "Leads to find a day",
    "max_leads": "Leads to find in all",
    "one_per_company": "One lead of each company",
    "operator": "Comparison",
    "until_time": "Until the time of day",
    "until_weekday": "Until a weekday",
    "wait_until": "Wait as long as it takes",
    "weights": "Weights of the variants",
    "zone": "By the clock of",
}
HELP: Final[Mapping[str, str]] = {
    "body": "Variables such as {{first_name}} are filled in for each lead.",
    "endpoint": "Those who manage sending accounts add webhooks under “All tables”.",
    "field": "For a condition on a field: its name, such as title or company_name.",
    "goal": "Whoever reaches it finishes the campaign, from wherever it is.",
    "html": "Empty means that the text above is sent as it is.",
    "message": "Variables such as {{first_name}} are filled in for each lead.",
    "subject": "Variables such as {{first_name}} are filled in for each lead.",
    "until_time": "Such as 09:30.",
    "values": "One entry per line: the stages, statuses, tags or values that count.",
    "weights": "One number per line, a line for each variant. 1 and 1 split leads in halves.",
    "within__days": "Wait up to this time for a yes. Empty means not to wait.",
    "working_days": "Count the campaign’s days only, without holidays.",
}
# What happens without a value, where that is not obvious.
DEFAULTS: Final[Mapping[str, str]] = {
    "if_failed": "As usual: go on",
    "if_missing": "As usual: wait until it is filled in",
    "if_refused": "As usual: skip it, or stop if e-mail is the only channel",
    "operator": "As usual: is, or is not empty",
    "source": "Any source",
    "zone": "As usual: the lead",
}
VALUES: Final[Mapping[str, str]] = {
    # What to do with a message
    "wait": "Wait until it is filled in",
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
