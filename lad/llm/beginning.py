"""Begin a call: find the connection and reserve its tokens. Afterwards count what was used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from lad.llm.allowances import Reservation, reserve, settle
from lad.llm.breaker import Breaker
from lad.llm.calling import Call, ModelRefused, Unusable
from lad.llm.errors import EndpointError
from lad.llm.models import CallOutcome
from lad.llm.questions import Question
from lad.llm.transport import Deadline, Transport
from lad.outgoing import refuse_transactions, release_database
from lad.tenancy.context import tenant_context

log = structlog.get_logger("lad.llm")
MODEL_REFUSED = "The model declined to answer."


@dataclass(slots=True)
class Begun:
    """A call whose tokens are reserved. ``reason`` says why it gave no answer, once it has none.

    ``resting`` is set while the endpoint is left alone.
    """

    question: Question
    call: Call
    reservation: Reservation
    breaker: Breaker
    resting: EndpointError | None = None
    outcome: CallOutcome = CallOutcome.FAILED
    reason: str = ""
    worked: bool = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep how the block ended, and count what it used.

        A failure of the model or its endpoint ends the block and becomes ``reason``.
        """
        failure: EndpointError | None = None
        try:
            yield
        except EndpointError as error:
            failure, self.reason = error, error.detail
        except ModelRefused:
            self.outcome, self.reason = CallOutcome.REFUSED, MODEL_REFUSED
        except Unusable as error:
            self.outcome, self.reason = CallOutcome.INVALID, str(error)
        finally:
            await self.call.transport.run(partial(self._end, failure))

    def check(self) -> None:
        """Raise EndpointError while the endpoint rests. The time of the call begins now."""
        if self.resting is not None:
            raise self.resting
        self.call.deadline = Deadline(self.call.connection.seconds_per_call)

    def answered(self) -> None:
        """Keep that the model answered."""
        self.worked = True
        self.outcome = CallOutcome.REPAIRED if self.call.repaired else CallOutcome.ANSWERED

    def _end(self, failure: EndpointError | None) -> None:
        if failure is not None:
            self.breaker.failed(failure)
        elif self.worked:
            self.breaker.succeeded()
        self._settle(failure)

    def _settle(self, failure: EndpointError | None) -> None:
        usage = self.call.usage
        settle(
            self.reservation,
            usage,
            purpose=self.question.purpose,
            prompt=self.question.prompt_name,
            outcome=self.outcome,
        )
        log.info(
            "model call",
            connection=str(self.call.connection.pk),
            purpose=self.question.purpose,
            outcome=self.outcome.value,
            fault=failure.fault.value if failure else None,
            inputs=usage.input_tokens,
            outputs=usage.output_tokens,
            seconds=usage.seconds,
        )


def begin(question: Question, transport: Transport) -> Begun | None:
    """Reserve the tokens of a call, or return None if the tenant uses no model.

    Raises Refused if a limit is reached, and CallInTransaction inside a transaction.
    """
    refuse_transactions()
    with tenant_context(question.tenant_id):
        connection = question.connected()
        if connection is None:
            return None
        call = question.call(connection)
        call.transport = transport
        reservation = reserve(tenant_id=question.tenant_id, connection=connection, tokens=call.most_tokens)
    release_database()
    breaker = Breaker.of(connection)
    # Asked here, so that a call on an event loop waits for a thread once.
    return Begun(question, call, reservation, breaker, _resting(breaker))


def _resting(breaker: Breaker) -> EndpointError | None:
    try:
        breaker.check()
    except EndpointError as error:
        return error
    return None
