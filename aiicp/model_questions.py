"""Ask a model one structured question and pay for it, where the embedded answer is not sure enough.

The cost is held before the model is asked. It is charged when something of the answer is used, and released when
nothing is: after a failure, and when the checks leave nothing of what the model said.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from django.utils import timezone

from aiicp import charging
from lad.db.identifiers import uuid7
from lad.llm.errors import Refused
from lad.llm.messages import Usage
from lad.llm.questions import Question
from lad.llm.selectors import connection_for
from lad.llm.services import complete, estimate
from lad.tenancy.context import tenant_context

T = TypeVar("T")

NO_CREDIT: Final = "There is no credit for the language model, so the embedded assistant answered."
LIMIT_REACHED: Final = "The limit of the language model is reached, so the embedded assistant answered."
NOTHING_KNOWN: Final = "The language model found nothing that LAD could check, so the embedded answer stands."


@dataclass(frozen=True, slots=True)
class Pending(Generic[T]):
    """A question that was asked. ``value`` is what the checks left of the answer, None for nothing.

    ``note`` says why the embedded answer stands where a model was wanted. ``usage`` is what is to be charged.
    Settle it in the transaction that uses the value.
    """

    value: T | None = None
    note: str = ""
    usage: Usage | None = None
    _use_id: UUID = field(default_factory=uuid7)
    _held: bool = False

    def unused(self) -> "Pending[T]":
        """Return the question as one whose answer nobody uses, to be settled without a charge."""
        return replace(self, value=None, usage=None)

    def settle(self) -> None:
        """Charge the tokens if the answer is used, else release them. Call it in the tenant's scope. Idempotent."""
        if self._held:
            charging.settle(use_id=self._use_id, usages=[self.usage] if self.usage else [])


def ask(question: Question, *, read: Callable[[Any], T | None]) -> Pending[T]:
    """Return what ``read`` takes of a model's answer, None where it takes nothing or no model answers.

    Opens its own scopes and takes as long as the model: call it outside of any transaction. A tenant without a model
    gets neither a value nor a note. Raises CallInTransaction.
    """
    use_id = uuid7()
    with tenant_context(question.tenant_id):
        connection = connection_for(question.tenant_id, question.purpose, question.connection_id)
        if connection is None:
            return Pending()
        estimates = [estimate(question)]
        held = charging.hold(use_id=use_id, connection=connection, estimates=estimates, now=timezone.now())
    if held.error is not None:
        return Pending(note=NO_CREDIT)
    try:
        found = complete(question, embedded=dict)
    except Refused:
        return Pending(note=LIMIT_REACHED, _use_id=use_id, _held=True)
    if found.embedded:
        return Pending(note=found.reason, _use_id=use_id, _held=True)
    value = read(found.data)
    if value is None:
        return Pending(note=NOTHING_KNOWN, _use_id=use_id, _held=True)
    return Pending(value, "", found.usage, use_id, True)


def answered(question: Question, *, read: Callable[[Any], T | None]) -> Pending[T]:
    """Ask and settle at once, for an answer that is not stored. Raises CallInTransaction."""
    pending = ask(question, read=read)
    with tenant_context(question.tenant_id):
        pending.settle()
    return pending
