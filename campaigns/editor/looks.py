"""How a message of a step looks where it arrives: as a mail, a note on LinkedIn, an SMS in segments, a chat bubble."""

from dataclasses import dataclass
from math import ceil
from typing import Final, TypedDict

from campaigns.accounts.models import EmailAccount, LinkedinAccount
from campaigns.design.models import Campaign, CampaignStep
from campaigns.design.step_specs import channel_of, step_types
from campaigns.design.step_types.linkedin_connect import MAX_INVITATION_LENGTH
from campaigns.editor.drafts import DraftStep
from campaigns.templates.links import links_of
from campaigns.templates.previews import Preview, document_of, preview_step
from leads.channels import Channel
from leads.contacts.models import Lead

# The characters of GSM 03.38, and those that count twice.
GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE: Final = frozenset("^{}\\[~]|€\f")
LOOKS: Final = {
    Channel.EMAIL: "mail",
    Channel.LINKEDIN: "linkedin",
    Channel.SMS: "sms",
    Channel.WHATSAPP: "whatsapp",
    Channel.WEB: "instagram",
    Channel.VOICE: "call",
}


class Look(TypedDict):
    """A filled message. ``kind`` is how it is drawn, empty for a step without words."""

    kind: str
    subject: str
    body: str
    document: str
    sender: str
    recipient: str
    facts: list[str]
    too_long: bool
    problems: list[str]
    hints: list[str]
    variants: int
    variant: int


@dataclass(frozen=True, slots=True)
class Segments:
    """The messages of which an SMS is made, each of which is paid."""

    number: int
    characters: int
    per_segment: int
    unicode: bool


def segments_of(text: str) -> Segments:
    """Return the segments of a text: 160 characters of the GSM alphabet, 70 of others, less when there are several."""
    if all(char in GSM or char in GSM_TWICE for char in text):
        length, alone, each, unicode = sum(2 if char in GSM_TWICE else 1 for char in text), 160, 153, False
    else:
        length, alone, each, unicode = len(text.encode("utf-16-le")) // 2, 70, 67, True
    if length <= alone:
        return Segments(1 if length else 0, length, alone, unicode)
    return Segments(ceil(length / each), length, each, unicode)


def look_of(step: DraftStep, campaign: Campaign, *, lead: Lead | None = None, variant: int = 1) -> Look | None:
    """Return the step's message as the lead gets it, or with samples; None for a step without words."""
    channel = channel_of(step.type)
    if step.type not in step_types or channel is None or not step_types.get(step.type).delivers:
        return None
    account = _account(campaign, channel)
    shown = preview_of(step, campaign, lead=lead, account=account, variant=variant)
    return {
        "kind": LOOKS[channel],
        "subject": shown.subject,
        "body": shown.body,
        "document": document_of(shown),
        "sender": _sender(account),
        "recipient": _recipient(lead, channel),
        "facts": _facts(step, channel, shown.body),
        "too_long": step.type == "linkedin_connect" and len(shown.body) > MAX_INVITATION_LENGTH,
        "problems": [
            *(str(each) for each in shown.problems if not each.hint),
            *_missing(shown.missing),
        ],
        "hints": [each.message for each in shown.problems if each.hint],
        "variants": shown.variants,
        "variant": shown.variant,
    }


def preview_of(
    step: DraftStep,
    campaign: Campaign,
    *,
    lead: Lead | None = None,
    account: EmailAccount | LinkedinAccount | None = None,
    variant: int = 1,
) -> Preview:
    """Return the message of a step that may be unsaved."""
    row = CampaignStep(tenant_id=campaign.tenant_id, campaign=campaign, type=step.type, config=dict(step.config))
    return preview_step(row, lead=lead, account=account, variant=variant)


def links_by_step(campaign: Campaign) -> dict[str, list[str]]:
    """Return the web addresses in the messages of each step, by the titles of the steps."""
    found: dict[str, list[str]] = {}
    for row in campaign.steps.order_by("order"):
        if row.type in step_types and step_types.get(row.type).delivers:
            shown = preview_step(row)
            found[row.title] = links_of(shown.body, shown.html)
    return found


def _missing(names: tuple[str, ...]) -> list[str]:
    return [f"This lead has no value for {', '.join(names)}. Its message would wait or be skipped."] if names else []


def _facts(step: DraftStep, channel: Channel, text: str) -> list[str]:
    if channel == Channel.SMS:
        found = segments_of(text)
        alphabet = "Unicode" if found.unicode else "plain characters"
        plural = "segment" if found.number == 1 else "segments"
        return [f"{found.number} {plural}", f"{found.characters} characters", f"{found.per_segment} {alphabet} each"]
    if step.type == "linkedin_connect":
        return [f"{len(text)} of {MAX_INVITATION_LENGTH} characters"] if text else ["Without a note"]
    return [f"{len(text)} characters"] if channel in (Channel.LINKEDIN, Channel.WHATSAPP, Channel.WEB) else []


def _account(campaign: Campaign, channel: Channel) -> EmailAccount | LinkedinAccount | None:
    if channel == Channel.EMAIL:
        return EmailAccount.objects.filter(tenant=campaign.tenant_id, is_active=True).order_by("created_at").first()
    if channel == Channel.LINKEDIN:
        used = campaign.accounts.filter(deleted_at__isnull=True).order_by("-is_primary", "-priority").first()
        return used.linkedin_account if used else None
    return None


def _sender(account: EmailAccount | LinkedinAccount | None) -> str:
    if isinstance(account, EmailAccount):
        return f"{account.from_name} <{account.email}>" if account.from_name else account.email
    return str(account) if account is not None else ""


def _recipient(lead: Lead | None, channel: Channel) -> str:
    if lead is None:
        return "Maya Lindqvist"
    if channel == Channel.EMAIL:
        return lead.email
    return lead.phone if channel in (Channel.SMS, Channel.WHATSAPP, Channel.VOICE) else str(lead)
