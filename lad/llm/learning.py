"""Learn what an endpoint takes from what it refuses, and remember it on the connection."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django.db.models import F, Func, JSONField, Value

from lad.llm.errors import EndpointError, Fault
from lad.llm.messages import LADDER, Request, Rung
from lad.llm.models import ModelConnection
from lad.llm.providers import ANTHROPIC
from lad.tenancy.context import platform_context

RUNG: Final = "structured"
OUTPUT_LIMIT: Final = "output_limit"


def first_rung(connection: ModelConnection) -> Rung:
    """Return the strictest way of asking for structure that the endpoint is not known to refuse."""
    known = connection.abilities.get(RUNG)
    return Rung(known) if known in list(Rung) else Rung.JSON_SCHEMA


def adapted(provider: str, request: Request, error: EndpointError) -> Request | None:
    """Return the request without what the endpoint did not accept, or None if there is nothing to leave out."""
    if error.fault != Fault.NOT_ACCEPTED:
        return None
    said, known = error.complaint, request.abilities
    if "max_completion_tokens" in said and OUTPUT_LIMIT not in known:
        return _with(request, {OUTPUT_LIMIT: "max_completion_tokens"})
    if "stream_options" in said and request.stream and known.get("stream_options") is not False:
        return _with(request, {"stream_options": False})
    if "temperature" in said and request.temperature is not None and known.get("temperature") is not False:
        return _with(request, {"temperature": False})
    if request.schema is None or request.rung == Rung.PROMPT:
        return None
    lower = LADDER[LADDER.index(request.rung) + 1]
    # Anthropic has no way between a tool that must be used and words.
    return replace(request, rung=Rung.PROMPT if provider == ANTHROPIC else lower)


def is_new(connection: ModelConnection, request: Request) -> bool:
    """Return whether the request shows something of the endpoint that is not known yet."""
    return any(connection.abilities.get(name) != value for name, value in _shown(connection, request).items())


def learn(connection: ModelConnection, request: Request) -> None:
    """Remember how the endpoint took a request."""
    remember(connection, _shown(connection, request))


def remember(connection: ModelConnection, abilities: Mapping[str, Any]) -> None:
    """Add to what is known of the endpoint, unless the connection leads elsewhere by now."""
    connection.abilities = {**connection.abilities, **abilities}
    # Tenants may not write the platform's connections.
    with platform_context():
        ModelConnection.all_objects.filter(
            pk=connection.pk, provider=connection.provider, base_url=connection.base_url, model=connection.model
        ).update(
            abilities=Func(
                F("abilities"), Value(dict(abilities), JSONField()), template="%(expressions)s", arg_joiner=" || "
            )
        )


def _shown(connection: ModelConnection, request: Request) -> dict[str, Any]:
    found: dict[str, Any] = {name: value for name, value in request.abilities.items() if name != RUNG}
    if request.schema is not None and (request.rung != Rung.JSON_SCHEMA or RUNG in connection.abilities):
        found[RUNG] = request.rung.value
    return found


def _with(request: Request, ability: Mapping[str, Any]) -> Request:
    return replace(request, abilities={**request.abilities, **ability})
