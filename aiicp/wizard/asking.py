"""Answer the wizard's questions with a model, where one is configured and the gazetteers are not sure.

The conversation is not locked while a model thinks. The answer is taken as it stands then: what the model read is used
if the same words are still to be classified, and costs nothing otherwise.
"""

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from aiicp.conversations.models import Conversation
from aiicp.extraction import extract
from aiicp.wizard import model_reading, services
from aiicp.wizard.classifiers import EMBEDDED, MODEL, Classification, classify
from aiicp.wizard.model_reading import Fitting
from aiicp.wizard.purposes import WIZARD
from aiicp.wizard.questions import Kind
from aiicp.wizard.replies import Reply
from aiicp.wizard.services import Answered
from aiicp.wizard.suggestions import LABELS, SLOTS, suggestions
from lad.llm.selectors import connection_for
from lad.tenancy.context import tenant_context

MOST_FITTING: Final = 10


def answer(*, conversation: Conversation, said: Reply, intent_key: str = "", actor: AbstractBaseUser) -> Answered:
    """Answer as ``services.answer`` does, with the tenant's model where the gazetteers are not sure.

    Opens its own scopes: call it outside of any transaction. Raises what ``services.answer`` raises.
    """
    tenant_id = conversation.tenant_id
    with tenant_context(tenant_id, user_id=actor.pk):
        found = services.classified_in(conversation=conversation, said=said, intent_key=intent_key, actor=actor)
        if found is None or not model_reading.unsure(found) or connection_for(tenant_id, WIZARD) is None:
            return services.answer(conversation=conversation, said=said, intent_key=intent_key, actor=actor)
    pending = model_reading.ask_about(found, tenant_id=tenant_id)
    used = False

    def by_model(kind: Kind, text: str) -> Classification:
        nonlocal used
        own = classify(kind, text)
        if (kind, own.text) != (found.kind, found.text):
            return own
        used = True
        return pending.value or replace(own, note=pending.note)

    try:
        with tenant_context(tenant_id, user_id=actor.pk):
            answered = services.answer(
                conversation=conversation, said=said, intent_key=intent_key, classify=by_model, actor=actor
            )
            (pending if used else pending.unused()).settle()
            return answered
    except Exception:
        with tenant_context(tenant_id):
            pending.unused().settle()
        raise


@dataclass(frozen=True, slots=True)
class Suggested:
    """Names that fit what is sold, the likeliest first, and who found them. ``note`` is as of a classification."""

    names: tuple[Fitting, ...]
    source: str = EMBEDDED
    note: str = ""


def fitting(kind: Kind, selling: str, *, tenant_id: UUID) -> Suggested:
    """Return who could buy what the text says is sold: by the tenant's model, else what the text itself names.

    The embedded answer goes on with common names, which have no words of the text. Opens its own scopes: call it
    outside of any transaction.
    """
    heard = model_reading.fitting(kind, selling, tenant_id=tenant_id)
    if heard.value is not None:
        return Suggested(heard.value[:MOST_FITTING], MODEL)
    found: dict[str, Fitting] = {}
    for value in extract(selling).values:
        if value.slot in SLOTS[kind] and value.polarity == "include" and value.operation != "remove":
            name = LABELS.get(str(value.value), str(value.value))
            found.setdefault(name, Fitting(name, " ".join(value.text.split())))
    for name in suggestions(kind, "", limit=MOST_FITTING):
        found.setdefault(name, Fitting(name, ""))
    return Suggested(tuple(found.values())[:MOST_FITTING], note=heard.note)
