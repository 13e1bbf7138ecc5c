"""Suggest labels for conversations whose last words no rule knows, where the tenant has a language model."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from campaigns.inbox.changes import tell_pages
from campaigns.inbox.labelling import model_reading
from campaigns.inbox.models import Conversation
from campaigns.inbox.services.keeping import BY_A_PERSON
from campaigns.messages.models import Message
from lad.errors import DomainError
from lad.llm.selectors import connection_for
from lad.llm.services import complete
from lad.tenancy.context import platform_context, tenant_context
from leads.contactability.models import ContactDirection

# A worker that died leaves its conversations to others after so long.
LEASE: Final = timedelta(minutes=10)
ASKED_AT_ONCE: Final = 20

log = structlog.get_logger("lad.campaigns.inbox")


@dataclass(frozen=True, slots=True)
class _Due:
    conversation_id: UUID
    tenant_id: UUID


@dataclass(frozen=True, slots=True)
class _Said:
    message_id: UUID
    text: str


def has_due() -> bool:
    """Return whether a model is to be asked about a conversation. Needs a platform scope."""
    return Conversation.all_objects.filter(suggestion_due_at__lte=Now()).exists()


def suggest_due() -> int:
    """Ask models about conversations that wait. Return how many suggestions there are. Opens its own scopes."""
    return sum(suggest(each.conversation_id, each.tenant_id) for each in _claim())


def suggest(conversation_id: UUID, tenant_id: UUID) -> bool:
    """Ask the tenant's model about a conversation. Return whether it suggests a label.

    No transaction is open while the model is asked.
    """
    with tenant_context(tenant_id):
        said = _last_said(conversation_id)
        if said is None or connection_for(tenant_id, model_reading.PURPOSE) is None:
            _finish(conversation_id)
            return False
    try:
        answer = complete(model_reading.question(said.text, tenant_id=tenant_id), embedded=dict)
    except DomainError as error:
        # A limit of the connection is reached, for example. The rules have spoken already.
        log.info("no label is suggested", conversation=str(conversation_id), reason=error.detail)
        return _keep(conversation_id, tenant_id, said, None)
    found = None if answer.embedded else model_reading.read(answer.data, said.text)
    return _keep(conversation_id, tenant_id, said, found)


def _keep(conversation_id: UUID, tenant_id: UUID, said: _Said, found: model_reading.Labelled | None) -> bool:
    """Keep the suggestion, unless something else was written in the meantime."""
    with tenant_context(tenant_id):
        latest = _last_said(conversation_id)
        if latest is not None and latest.message_id != said.message_id:
            return False  # the newer message is asked about next
        if found is None or latest is None:
            _finish(conversation_id)
            return False
        rows = Conversation.objects.filter(pk=conversation_id).exclude(label=found.label)
        kept = rows.update(suggested_label=found.label, suggested_reason=found.reason, suggestion_due_at=None)
        _finish(conversation_id)
        tell_pages(tenant_id, [conversation_id] if kept else [])
    return bool(kept)


def _claim() -> list[_Due]:
    with transaction.atomic(durable=True), platform_context():
        due = Conversation.all_objects.filter(suggestion_due_at__lte=Now()).order_by("suggestion_due_at")
        rows = list(due.select_for_update(no_key=True, skip_locked=True)[:ASKED_AT_ONCE].values_list("pk", "tenant_id"))
        Conversation.all_objects.filter(pk__in=[key for key, _tenant in rows]).update(suggestion_due_at=Now() + LEASE)
    return [_Due(key, tenant_id) for key, tenant_id in rows]


def _last_said(conversation_id: UUID) -> _Said | None:
    row = Conversation.objects.filter(pk=conversation_id).first()
    if row is None or row.suggestion_due_at is None:
        return None
    whose = Q(lead=row.lead_id) if row.lead_id else Q(lead=None, channel=row.channel, from_address=row.address)
    rows = Message.objects.filter(whose, direction=ContactDirection.INBOUND, kind__in=BY_A_PERSON)
    newest = rows.order_by("-created_at").only("body").first()
    return _Said(newest.pk, newest.body) if newest is not None and newest.body.strip() else None


def _finish(conversation_id: UUID) -> None:
    Conversation.objects.filter(pk=conversation_id).update(suggestion_due_at=None)
