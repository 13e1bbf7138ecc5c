"""What the buttons of the inbox do. Each form names one of these, and the conversations it is about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from campaigns.accounts.models import WhatsappTemplate
from campaigns.inbox import selectors
from campaigns.inbox.models import Conversation, Label
from campaigns.inbox.services import handling, linking
from campaigns.inbox.services.replying import Reply, reply
from campaigns.inbox.services.ways import account_name, account_of, channel_name
from campaigns.templates.models import CommunicationTemplate
from lad.db.identifiers import uuid_or_none
from lad.errors import Conflict, Invalid, NotAllowed, NotFound
from lad.tenancy.access import Access
from tenants.accounts.models import User

NOBODY: Final = "nobody"
ME: Final = "me"


class UnknownAction(Conflict):
    """This button does nothing. Load the page again."""

    code = "unknown_action"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form asks for: the conversations that the caller sees, and its fields."""

    ids: Sequence[UUID]
    values: QueryDict
    access: Access

    @property
    def user(self) -> User:
        user: User = self.access.user
        return user

    @property
    def conversation(self) -> Conversation:
        """Return the only conversation. Raises NotFound."""
        found: Conversation | None = Conversation.objects.filter(pk__in=self.ids).select_related("lead").first()
        if found is None:
            raise NotFound
        return found

    def value(self, name: str) -> str:
        return str(self.values.get(name, ""))


def perform(access: Access, values: QueryDict) -> str:
    """Do what a form asks for and return what to tell about it, which may be nothing. Raises a DomainError."""
    action = ACTIONS.get(values.get("do", ""))
    if action is None:
        raise UnknownAction
    if not access.allows(action.right):
        raise NotAllowed
    keys = [key for each in values.getlist("conversation") if (key := uuid_or_none(each)) is not None]
    seen = selectors.visible(access, Conversation.objects.filter(pk__in=keys[: handling.MAX_AT_ONCE]))
    ids = list(seen.values_list("pk", flat=True))
    if not ids:
        raise NotFound
    return action.perform(Asked(ids, values, access))


def _read(asked: Asked) -> str:
    handling.mark_read(ids=asked.ids, actor=asked.user)
    return ""


def _unread(asked: Asked) -> str:
    handling.mark_unread(ids=asked.ids, actor=asked.user)
    return "Marked as unread."


def _close(asked: Asked) -> str:
    handling.close(ids=asked.ids, actor=asked.user)
    return _counted(asked, "closed")


def _reopen(asked: Asked) -> str:
    handling.reopen(ids=asked.ids, actor=asked.user)
    return _counted(asked, "opened again")


def _assign(asked: Asked) -> str:
    chosen = asked.value("assigned_to")
    user: User | None = None
    if chosen == ME:
        user = asked.user
    elif chosen != NOBODY:
        members = {str(each.pk): each for each in selectors.members(asked.conversation.tenant_id)}
        user = members.get(chosen)
        if user is None:
            raise Invalid(errors={"assigned_to": ["Choose a member of this tenant."]})
    handling.assign(ids=asked.ids, user=user, actor=asked.user)
    return f"Assigned to {user.full_name or user.email}." if user is not None else "Assigned to nobody."


def _snooze(asked: Asked) -> str:
    until = _moment(asked.value("until"))
    if until is None:
        raise Invalid(errors={"until": ["Choose a time."]})
    handling.snooze(ids=asked.ids, until=until, actor=asked.user)
    return f"Snoozed until {timezone.localtime(until):%-d %B, %H:%M}."


def _end_snooze(asked: Asked) -> str:
    handling.end_snooze(ids=asked.ids, actor=asked.user)
    return "It is back in the inbox."


def _label(asked: Asked) -> str:
    label = asked.value("label")
    if label and label not in Label.values:
        raise Invalid(errors={"label": ["Choose one of the labels."]})
    handling.set_label(ids=asked.ids, label=label, actor=asked.user)
    if label == Label.UNSUBSCRIBE:
        return "Labelled, and put on the do-not-contact list."
    return f"Labelled “{Label(label).label}”." if label else "The label is gone."


def _accept(asked: Asked) -> str:
    row = handling.accept_suggestion(conversation=asked.conversation, actor=asked.user)
    return f"Labelled “{row.get_label_display()}”."


def _dismiss(asked: Asked) -> str:
    handling.dismiss_suggestion(conversation=asked.conversation, actor=asked.user)
    return ""


def _make_lead(asked: Asked) -> str:
    row = linking.make_lead(conversation=asked.conversation, actor=asked.user)
    return f"{row.lead} is a lead now."


def _reply(asked: Asked) -> str:
    template, approved = uuid_or_none(asked.value("template")), uuid_or_none(asked.value("whatsapp_template"))
    given = Reply(
        body=asked.value("body"),
        way=asked.value("way"),
        template=CommunicationTemplate.objects.filter(pk=template).first() if template else None,
        whatsapp_template=WhatsappTemplate.objects.filter(pk=approved).first() if approved else None,
        variables=[each for each in asked.values.getlist("variable") if each.strip()],
        close=bool(asked.value("and_close")),
    )
    message = reply(conversation=asked.conversation, given=given, actor=asked.user)
    account = account_of(message)
    where = f" from {account_name(account)}" if account is not None else ""
    return f"Your answer goes out by {channel_name(message.channel)}{where}."


@dataclass(frozen=True, slots=True)
class _Action:
    perform: Callable[[Asked], str]
    right: str = "inbox.update"


ACTIONS: Final[Mapping[str, _Action]] = {
    "read": _Action(_read),
    "unread": _Action(_unread),
    "close": _Action(_close),
    "reopen": _Action(_reopen),
    "assign": _Action(_assign),
    "snooze": _Action(_snooze),
    "end_snooze": _Action(_end_snooze),
    "label": _Action(_label),
    "accept": _Action(_accept),
    "dismiss": _Action(_dismiss),
    "make_lead": _Action(_make_lead, "leads.create"),
    "reply": _Action(_reply),
}


def _counted(asked: Asked, what: str) -> str:
    count = len(asked.ids)
    return f"The conversation was {what}." if count == 1 else f"{count} conversations were {what}."


def _moment(text: str) -> datetime | None:
    """Return the time that a form names; without an offset it is in the person's time zone."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None:
        return None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
