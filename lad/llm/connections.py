"""Rules of model connections, and the test of one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone

from lad import writes
from lad.errors import Invalid
from lad.llm.allowances import reserve, settle
from lad.llm.breaker import Breaker
from lad.llm.calling import Call, ModelRefused
from lad.llm.endpoints import endpoints
from lad.llm.errors import EndpointError, Fault
from lad.llm.learning import RUNG
from lad.llm.messages import LADDER, Message, Rung
from lad.llm.models import CallOutcome, ConnectionStatus, ModelConnection
from lad.llm.protocols import protocol_of
from lad.llm.purposes import CONNECTION_TEST
from lad.llm.schemas import AnswerSchema
from lad.llm.transport import Deadline, ask
from lad.outgoing import refuse_transactions
from lad.tenancy.context import platform_context, tenant_context
from lad.types import Actor, Values

NO_STRUCTURE: Final = (
    "The model answers, but not in the form it is asked for. Structured answers will often be the embedded ones."
)
MAX_TEST_TOKENS: Final = 200
TEST_MESSAGES: Final = (Message("user", "Name a colour of the rainbow and say whether grass is green."),)
TEST_SCHEMA: Final = {
    "type": "object",
    "properties": {"colour": {"type": "string", "minLength": 3}, "grass_is_green": {"type": "boolean"}},
    "required": ["colour", "grass_is_green"],
    "additionalProperties": False,
}
STATUSES: Final = {
    Fault.KEY_REFUSED: ConnectionStatus.REFUSED,
    Fault.UNREACHABLE: ConnectionStatus.UNREACHABLE,
    Fault.INTERNAL: ConnectionStatus.UNREACHABLE,
    Fault.TIMEOUT: ConnectionStatus.UNREACHABLE,
}
# What was learned of an endpoint holds for these only.
PLACE: Final = frozenset({"provider", "base_url", "model", "api_key"})


class ConnectionWriter(writes.Writer[ModelConnection]):
    """Writes connections. What was learned of an endpoint ends with a change of it."""

    def prepare(self, row: ModelConnection | None, values: Values, *, actor: Actor) -> Values:
        filled = dict(values)
        if "base_url" in filled:
            filled["base_url"] = str(filled["base_url"]).strip().rstrip("/")
            try:
                endpoints.validate(filled["base_url"])
            except ValidationError as error:
                raise Invalid(errors={"base_url": error.messages}) from None
        if row is None:
            return filled
        changed = set(writes.differing(row, filled))
        if changed & PLACE:
            filled.update(status=ConnectionStatus.UNTESTED, status_reason="", tested_at=None, abilities={})
        if "base_url" in changed:
            filled["offered_models"] = []
        return filled


writes.register(ModelConnection, ConnectionWriter)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a test. ``models`` are those that the endpoint lists."""

    status: ConnectionStatus
    reason: str
    models: list[str]

    @property
    def succeeded(self) -> bool:
        return self.status == ConnectionStatus.CONNECTED


def test_connection(*, connection: ModelConnection) -> Outcome:
    """Ask the endpoint for its models and for a short structured answer, and keep the result on the connection.

    What the test takes counts for the tenant whose connection it is. Takes as long as the connection allows,
    so call it outside a transaction. Raises Refused if a limit is reached.
    """
    refuse_transactions()
    models: list[str] = []
    rung = Rung.PROMPT
    status, reason = ConnectionStatus.CONNECTED, ""
    try:
        models = list_models(connection)
        found = _strictest_rung(connection, connection.tenant_id)
        rung, reason = found or Rung.PROMPT, "" if found else NO_STRUCTURE
    except EndpointError as error:
        status, reason = STATUSES.get(error.fault, ConnectionStatus.FAILED), error.detail
    _keep(connection, status=status, reason=reason, models=models, rung=rung)
    if status == ConnectionStatus.CONNECTED:
        # A person has looked after it, so nobody needs to wait.
        Breaker.of(connection).succeeded()
    return Outcome(status, reason, models)


def list_models(connection: ModelConnection) -> list[str]:
    """Return the models that the endpoint offers; none if it cannot list them. Raises EndpointError."""
    protocol = protocol_of(connection.provider)
    try:
        answer = ask(connection, protocol.list_models(connection.api_key), Deadline(connection.seconds_per_call))
        return protocol.read_models(answer)
    except EndpointError as error:
        # Servers of one's own may have no list.
        if error.fault in (Fault.NO_SUCH_MODEL, Fault.NOT_ACCEPTED, Fault.UNREADABLE):
            return []
        raise


def _strictest_rung(connection: ModelConnection, tenant_id: UUID | None) -> Rung | None:
    """Return the strictest way that leads to a structured answer, tried out, or None if none does."""
    tried: set[Rung] = set()
    connection.abilities = {}
    for rung in LADDER:
        if rung in tried:
            continue
        call = Call.make(
            connection,
            TEST_MESSAGES,
            schema=AnswerSchema(TEST_SCHEMA),
            tools=(),
            max_tokens=MAX_TEST_TOKENS,
            temperature=None,
        )
        call.request = replace(call.request, rung=rung)
        fits = _counted(call, tenant_id)
        # The endpoint may have refused this rung, so that a lower one was tried.
        tried |= {rung, call.request.rung}
        if fits:
            return call.request.rung
    return None


def _counted(call: Call, tenant_id: UUID | None) -> bool:
    """Return whether the answer fits without a repair. Counts it for the tenant."""
    reserved = None
    if tenant_id is not None:
        with tenant_context(tenant_id):
            reserved = reserve(tenant_id=tenant_id, connection=call.connection, tokens=call.most_tokens)
    outcome = CallOutcome.FAILED
    try:
        fits = call.fits()
        outcome = CallOutcome.ANSWERED if fits else CallOutcome.INVALID
    except ModelRefused:
        fits, outcome = False, CallOutcome.REFUSED
    finally:
        if reserved is not None:
            settle(reserved, call.usage, purpose=CONNECTION_TEST, prompt="", outcome=outcome)
    return fits


def _keep(connection: ModelConnection, *, status: ConnectionStatus, reason: str, models: list[str], rung: Rung) -> None:
    values: Mapping[str, Any] = {
        "status": status,
        "status_reason": reason,
        "tested_at": timezone.now(),
        "abilities": {**connection.abilities, RUNG: rung.value} if status == ConnectionStatus.CONNECTED else {},
        "offered_models": models or connection.offered_models,
    }
    for name, value in values.items():
        setattr(connection, name, value)
    # A tenant may test the platform's connection, but not write it.
    with platform_context():
        ModelConnection.all_objects.filter(
            pk=connection.pk, base_url=connection.base_url, provider=connection.provider, model=connection.model
        ).update(**values)
