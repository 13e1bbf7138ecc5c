"""Why a message was not sent, in words."""

from typing import Final

from campaigns.messages.models import Action, Message, MessageState
from leads.channels import Channel
from leads.contactability.decisions import Decision, Verdict

NO_REASON: Final = "no reason was recorded"
NETWORKS: Final = {
    Channel.LINKEDIN: "LinkedIn",
    Channel.WHATSAPP: "WhatsApp",
    Channel.WEB: "Instagram",
    Channel.SMS: "SMS",
    Channel.EMAIL: "e-mail",
    Channel.VOICE: "the telephone",
}
# What somebody did to {lead} on {network}, and what they will do. Messages have words of their own.
DEEDS: Final[dict[str, tuple[str, str]]] = {
    Action.INVITATION: ("invited {lead} to connect on {network}", "invite {lead} to connect on {network}"),
    Action.VISIT: ("visited the {network} profile of {lead}", "visit the {network} profile of {lead}"),
    Action.FOLLOW: ("followed {lead} on {network}", "follow {lead} on {network}"),
    Action.LIKE: ("liked a post of {lead} on {network}", "like a post of {lead} on {network}"),
    Action.COMMENT: ("commented on a post of {lead} on {network}", "comment on a post of {lead} on {network}"),
    Action.STORY_VIEW: ("viewed the stories of {lead} on {network}", "view the stories of {lead} on {network}"),
    Action.WITHDRAWAL: (
        "withdrew the invitation to {lead} on {network}",
        "withdraw the invitation to {lead} on {network}",
    ),
    Action.PROFILE: ("read the {network} profile of {lead}", "read the {network} profile of {lead}"),
    Action.POST: ("published a post on {network}", "publish a post on {network}"),
}
# What a sentence about a deed says, by the state of its message.
DEED_SENTENCES: Final[dict[str, str]] = {
    MessageState.DRAFT: "{who} will {do}",
    MessageState.QUEUED: "{who} will {do}",
    MessageState.SENDING: "{who} is about to {do}",
    MessageState.SENT: "{who} {did}",
    MessageState.UNKNOWN: "It is not known whether {who} {did}",
    MessageState.FAILED: "{who} could not {do}",
    MessageState.CANCELLED: "{who} did not {do}: {why}",
}


def network_of(message: Message) -> str:
    """Return the network of the message as people call it."""
    return NETWORKS[Channel(message.channel)]


def deed_in_words(message: Message, lead: str, who: str) -> str:
    """Return what is done to the lead, as a sentence: “Maya invited Hans to connect on LinkedIn”."""
    did, do = (text.format(lead=lead, network=network_of(message)) for text in DEEDS[message.action])
    why = why_not_sent(message, lead) if message.state == MessageState.CANCELLED else ""
    return DEED_SENTENCES[message.state].format(who=who, did=did, do=do, why=why)


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
