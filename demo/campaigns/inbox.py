"""The inbox of a demo tenant: conversations over several channels, labelled by their words, some taken by people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from campaigns.accounts.models import ChannelAccount, EmailAccount, LinkedinAccount
from campaigns.inbox.models import Conversation, ConversationState, Label
from campaigns.inbox.services import keeping
from campaigns.inbox.services.following import label_received
from campaigns.messages.models import Action, Message, MessageKind, MessageState
from demo.demo_tenant import DemoTenant
from leads.channels import Channel
from leads.contactability.models import ContactDirection
from leads.contacts.models import Lead

E, L, W, S = Channel.EMAIL, Channel.LINKEDIN, Channel.WHATSAPP, Channel.SMS
WE, THEY = ContactDirection.OUTBOUND, ContactDirection.INBOUND
# Answers older than this have been dealt with.
DEALT_WITH_AFTER: Final = timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What two people wrote: channel, who, how many hours ago, and the words."""

    said: Sequence[tuple[Channel, ContactDirection, float, str]]
    subject: str = "Your reports on Monday mornings"
    owner: str = ""
    unread: bool = True
    snoozed_days: int = 0
    kinds: dict[int, MessageKind] = field(default_factory=dict)


DIALOGUES: Final = (
    Dialogue(
        [
            (E, WE, 74, "Hello {first},\n\nteams like yours at {company} spend Mondays on copying figures. We send them"
             " ready at eight. Shall I show you in twenty minutes?\n\nBest regards"),
            (L, WE, 50, "Hello {first}, I wrote you an e-mail about your Monday figures. Glad to be in touch here."),
            (L, THEY, 3.2, "Hi! Saw both. Sounds good, can you send me two times next week? Tuesday would be best."),
        ],
    ),
    Dialogue(
        [
            (E, WE, 30, "Hello {first},\n\nmay I show you how {company} could have its weekly figures on Monday at"
             " eight?\n\nBest regards"),
            (E, THEY, 1.4, "Hello,\n\nwhat does it cost for a team of twelve, and where is the data kept?\n\nRegards\n"
             "{first}"),
        ],
    ),
    Dialogue(
        [
            (E, WE, 28, "Hello {first},\n\nwho looks after reporting at {company}?\n\nBest regards"),
            (E, THEY, 22, "I am not the right person for this. Please contact my colleague in controlling."),
            (E, WE, 21, "Thank you, {first}. I will write to them."),
        ],
        subject="Who looks after reporting?",
        unread=False,
    ),
    Dialogue(
        [
            (L, WE, 52, "Hello {first}, may we compare notes on reporting at companies like {company}?"),
            (L, THEY, 26, "Not now, we are in the middle of the audit. Try again in a few months."),
        ],
        unread=False,
        snoozed_days=60,
    ),
    Dialogue(
        [
            (E, WE, 49, "Hello {first},\n\na short look at your weekly figures?\n\nBest regards"),
            (E, THEY, 47, "Please remove me from your list."),
        ],
        subject="A short look",
        kinds={1: MessageKind.UNSUBSCRIBE},
    ),
    Dialogue(
        [
            (E, WE, 98, "Bonjour {first},\n\npuis-je vous montrer vos chiffres du lundi ?\n\nCordialement"),
            (E, THEY, 6, "Bonjour,\n\navec plaisir. Jeudi à 10 h, ça vous irait ?\n\n{first}"),
        ],
        subject="Vos chiffres du lundi",
    ),
    Dialogue(
        [
            (W, WE, 29, "Hello {first}, thank you for your interest at the fair. May I send you the price list?"),
            (W, THEY, 0.3, "Yes please! And is there a version for two locations?"),
        ],
    ),
    Dialogue(
        [
            (S, WE, 52, "Hello {first}, shall we move tomorrow's call to 3 pm?"),
            (S, THEY, 51, "Works for me, thanks"),
        ],
        unread=False,
    ),
    Dialogue(
        [
            (E, WE, 20, "Hello {first},\n\na question about the month end at {company}.\n\nBest regards"),
            (E, THEY, 19.9, "Thank you for your message. I am out of office until Monday and read my e-mails then."),
        ],
        subject="Month end",
        kinds={1: MessageKind.OUT_OF_OFFICE},
    ),
    Dialogue(
        [
            (E, WE, 75, "Hello {first},\n\nhow does {company} share its figures today?\n\nBest regards"),
            (E, THEY, 9, "Put something in my calendar for Tuesday, I will bring our head of finance."),
        ],
        subject="How do you share figures?",
    ),
)  # fmt: skip
# The last dialogue is one that no rule understands: the demo shows what a model would suggest.
SUGGESTED: Final = (Label.INTERESTED, "The language model took “Put something in my calendar” for “Interested”.")


def load(demo: DemoTenant) -> None:
    """Write the dialogues, and make conversations of all messages of the tenant."""
    accounts = _accounts(demo)
    leads = list(Lead.objects.exclude(email="").exclude(linkedin_url="").order_by("-created_at")[: len(DIALOGUES)])
    written: list[tuple[Dialogue, list[Message]]] = []
    for dialogue, lead in zip(DIALOGUES, leads, strict=False):
        _give_profile(lead)
        messages = list(_messages(demo, dialogue, lead, accounts))
        if messages:
            Message.objects.bulk_create(messages)
            written.append((dialogue, messages))
    with_messages = set(Message.objects.filter(lead__isnull=False).values_list("lead", flat=True))
    keeping.repeat(tenant_id=demo.tenant.pk, lead_ids=sorted(with_messages))
    label_received(list(Message.objects.filter(direction=THEY, lead__isnull=False).order_by("created_at", "pk")))
    _deal_with_old(demo)
    for number, (dialogue, messages) in enumerate(written):
        _take(demo, dialogue, messages, number)


def _accounts(demo: DemoTenant) -> dict[Channel, Any]:
    """Return the account of each channel, the LinkedIn one of the first colleague whose sign-in works."""
    found: dict[Channel, Any] = {
        E: EmailAccount.objects.filter(is_active=True, email__endswith=f"@{demo.domain}")
        .order_by("created_at")
        .first(),
        L: LinkedinAccount.objects.filter(status="active").order_by("created_at").first(),
    }
    for channel in (W, S):
        found[channel] = ChannelAccount.objects.filter(channel=channel).order_by("created_at").first()
    return {channel: account for channel, account in found.items() if account is not None}


def _messages(demo: DemoTenant, dialogue: Dialogue, lead: Lead, accounts: dict[Channel, Any]) -> Iterator[Message]:
    if any(channel not in accounts for channel, *_rest in dialogue.said):
        return
    first: Message | None = None
    names = {"first": lead.first_name or "there", "company": lead.company_name or "your company"}
    for place, (channel, who, hours, text) in enumerate(dialogue.said):
        at, account = demo.ago(hours=hours), accounts[channel]
        ours, mail = who == WE, channel == E
        addresses = (getattr(account, "email", ""), _address(lead, channel))
        message = Message(
            **demo.created(at),
            tenant=demo.tenant,
            lead=lead,
            channel=channel,
            direction=who,
            action=Action.MESSAGE,
            kind=MessageKind.OUTREACH if ours else dialogue.kinds.get(place, MessageKind.REPLY),
            state=MessageState.SENT if ours else MessageState.RECEIVED,
            from_address=addresses[0] if ours else addresses[1],
            to_address=addresses[1] if ours else addresses[0],
            subject=("" if not mail else dialogue.subject if first is None else f"Re: {dialogue.subject}"),
            body=text.format(**names),
            message_id=f"<{demo.random.getrandbits(64):016x}@{demo.domain}>" if mail else "",
            thread=first if mail else None,
            occurred_at=at,
            opened_at=demo.ago(hours=hours - 0.2) if ours and mail else None,
            created_by_user=demo.owner if ours and place else None,
            metadata={} if ours else {"summary": "Out of office"},
            **{"email_account" if mail else account.message_column: account},
        )
        first = first or (message if mail else None)
        yield message


def _give_profile(lead: Lead) -> None:
    """Give the lead an address as LinkedIn has them: at any other one nobody can be answered there."""
    lead.linkedin_url = f"https://www.linkedin.com/in/lad-demo-{lead.email.partition('@')[0].replace('.', '-')}"
    Lead.objects.filter(pk=lead.pk).update(linkedin_url=lead.linkedin_url)


def _address(lead: Lead, channel: Channel) -> str:
    by_channel = {E: lead.email, L: lead.linkedin_url}
    return str(by_channel.get(channel, lead.phone))


def _deal_with_old(demo: DemoTenant) -> None:
    """Close what is old, and read what is not quite new."""
    old = Conversation.objects.filter(state=ConversationState.OPEN, last_message_at__lt=demo.now - DEALT_WITH_AFTER)
    old.update(state=ConversationState.CLOSED, closed_at=demo.now, unread_count=0)
    Conversation.objects.filter(last_inbound_at__lt=demo.ago(days=4)).update(unread_count=0)


def _take(demo: DemoTenant, dialogue: Dialogue, messages: Sequence[Message], number: int) -> None:
    """Do with a conversation what the team has done."""
    rows = Conversation.objects.filter(lead=messages[0].lead_id)
    owner = demo.team[number % len(demo.team)] if number % 3 else None
    newest: datetime = max(each.created_at for each in messages)
    rows.update(assigned_to=owner, moved_at=newest)
    if not dialogue.unread:
        rows.update(unread_count=0)
    if dialogue.snoozed_days:
        rows.update(snoozed_until=demo.now + timedelta(days=dialogue.snoozed_days))
    if dialogue is DIALOGUES[-1]:
        label, reason = SUGGESTED
        rows.update(suggested_label=label, suggested_reason=reason, suggestion_due_at=None)
