"""Why a message was not sent, in words."""

from campaigns.messages.models import Message
from leads.contactability.decisions import Decision, Verdict

NO_REASON = "no reason was recorded"


def why_not_sent(message: Message, lead: str) -> str:
    """Return why the message was cancelled or failed, as it follows a colon."""
    refusal = refusal_in_words(message.decision, lead)
    return refusal or about(message.error, lead) or NO_REASON


def refusal_in_words(decision: dict[str, str], lead: str) -> str:
    """Return the reasons of a stored decision that refuses contact, as they follow a colon; empty for others."""
    if decision.get("verdict") != Verdict.REFUSE:
        return ""
    stored = Decision.from_json(decision)
    return about("; ".join(each.sentence(stored.channel) for each in stored.reasons), lead)


def about(sentence: str, lead: str) -> str:
    """Return a sentence about “the lead” as it follows a colon, with the lead's name in it."""
    named = sentence.replace("the lead", lead).replace("The lead", lead).strip().removesuffix(".")
    return named if named.startswith(lead) else named[:1].lower() + named[1:]
