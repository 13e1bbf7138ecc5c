"""Let a user write to a lead."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.accounts.services import USABLE
from campaigns.messages.models import Message, MessageKind
from campaigns.messages.services import MAX_ATTACHMENTS, NO_ACCOUNT, Draft, queue
from lad.errors import Conflict, Invalid
from lad.types import Actor
from leads.channels import Channel
from leads.contactability.decisions import Decision, Verdict
from leads.contactability.models import ContactDirection, Purpose
from leads.contactability.services import decide
from leads.contacts.models import Lead
from leads.files.models import LeadAttachment

# A lead who wrote within this time is answered; a later message is outreach again.
ANSWERED_WITHIN: Final = timedelta(days=30)


class LeadNotToBeContacted(Conflict):
    """The lead may not be contacted."""

    code = "lead_not_to_be_contacted"


@transaction.atomic
def write(
    *,
    lead: Lead,
    body: str,
    actor: Actor,
    subject: str = "",
    html: str = "",
    account: EmailAccount | None = None,
    answers: Message | None = None,
    attachment_ids: Sequence[UUID] = (),
    due_at: datetime | None = None,
) -> Message:
    """Queue an e-mail from a user to a lead and return it.

    It is an answer if it answers a message, or if the lead wrote within the last thirty days: then the lead's last
    thread is continued and no hours apply. Otherwise it is outreach, which may have to wait. Without an account the
    user's own one is taken. Raises LeadNotToBeContacted with the reason, or Invalid.
    """
    answers = answers or _last_received(lead)
    purpose = Purpose.SERVICE if answers is not None else Purpose.OUTREACH
    account = account or _account_of(actor, answers)
    _check(lead, subject, body or html, answers, attachment_ids)
    decision = _decision(lead, purpose)
    [key] = queue(
        [
            Draft(
                lead_id=lead.pk,
                channel=Channel.EMAIL,
                subject=subject,
                body=body,
                html=html,
                email_account_id=account.pk,
                purpose=purpose,
                due_at=due_at or decision.until,
                answers_id=answers.pk if answers is not None else None,
                attachment_ids=attachment_ids,
                decision=decision.as_json(),
                created_by_user_id=actor.pk if actor is not None else None,
            )
        ]
    )
    message: Message = Message.objects.get(pk=key)
    return message


def _last_received(lead: Lead) -> Message | None:
    received = Message.objects.filter(lead=lead, channel=Channel.EMAIL, direction=ContactDirection.INBOUND)
    received = received.filter(kind=MessageKind.REPLY, created_at__gte=timezone.now() - ANSWERED_WITHIN)
    return received.order_by("-created_at").first()


def _account_of(actor: Actor, answers: Message | None) -> EmailAccount:
    """Return the account that the answered message came to, else the user's own, else the tenant's only one."""
    rows = EmailAccount.objects.filter(is_active=True, status__in=USABLE).exclude(smtp_host="")
    if answers is not None and answers.email_account_id is not None:
        same = rows.filter(pk=answers.email_account_id).first()
        if same is not None:
            return same
    own = rows.filter(user=actor.pk).order_by("created_at").first() if actor is not None else None
    if own is not None:
        return own
    some = list(rows[:2])
    if len(some) != 1:
        raise Invalid(errors={"email_account": [NO_ACCOUNT]})
    return some[0]


def _check(lead: Lead, subject: str, text: str, answers: Message | None, attachment_ids: Sequence[UUID]) -> None:
    errors: dict[str, list[str]] = {}
    if not text.strip():
        errors["body"] = ["Write a text."]
    if not subject.strip() and answers is None:
        errors["subject"] = ["Enter a subject."]
    if len(attachment_ids) > MAX_ATTACHMENTS:
        errors["attachments"] = [f"Attach at most {MAX_ATTACHMENTS} files."]
    known = LeadAttachment.objects.filter(lead=lead, pk__in=list(attachment_ids)).count() if attachment_ids else 0
    if known < len(set(attachment_ids)):
        errors.setdefault("attachments", ["Choose files of this lead."])
    if errors:
        raise Invalid(errors=errors)


def _decision(lead: Lead, purpose: Purpose) -> Decision:
    decision = decide(lead_ids=[lead.pk], channel=Channel.EMAIL, purpose=purpose, at=timezone.now())[lead.pk]
    if decision.verdict == Verdict.REFUSE:
        raise LeadNotToBeContacted(decision.sentence())
    return decision
