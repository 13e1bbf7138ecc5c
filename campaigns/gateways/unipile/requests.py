"""Ask the gateway's API, once where asking twice would act twice."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.conf import settings

from campaigns.gateways.endpoints import endpoints
from campaigns.gateways.unipile.errors import AnswerLost, GatewayDown, GatewayMissing
from campaigns.gateways.unipile.refusals import refusal
from lad import requests
from lad.requests import Asked

PAGE_SIZE: Final = 100


def is_set_up() -> bool:
    """Return whether LAD's operator has named the gateway and its key."""
    return bool(settings.UNIPILE_BASE_URL and settings.UNIPILE_API_KEY)


def path(*parts: str) -> str:
    """Return a path whose parts may hold anything."""
    return "/".join(quote(part, safe="") for part in parts)


def read(where: str, **query: object) -> Mapping[str, Any]:
    """Return what is at a path. Asks again after failures that pass. Raises a GatewayError."""
    return _ask("GET", where, query)


def act(
    method: str,
    where: str,
    body: Mapping[str, Any] | None = None,
    *,
    parts: Mapping[str, str] | None = None,
    query: Mapping[str, object] | None = None,
) -> Mapping[str, Any]:
    """Do something, which is asked for once. Raises a GatewayError: AnswerLost if it may have happened."""
    return _ask(method, where, query or {}, body=body, parts=parts, once=True)


def items(where: str, *, pages: int, **query: object) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a list, page after page as they are wanted. Raises a GatewayError."""
    cursor: object = None
    for _page in range(pages):
        page = read(where, limit=PAGE_SIZE, **({"cursor": cursor} if cursor else {}), **query)
        yield from (row for row in page.get("items") or () if isinstance(row, dict))
        cursor = page.get("cursor")
        if not cursor:
            return


def _ask(
    method: str,
    where: str,
    query: Mapping[str, object],
    *,
    body: Mapping[str, Any] | None = None,
    parts: Mapping[str, str] | None = None,
    once: bool = False,
) -> Mapping[str, Any]:
    if not is_set_up():
        raise GatewayMissing
    given = urlencode({name: value for name, value in query.items() if value not in (None, "")})
    url = f"{settings.UNIPILE_BASE_URL.rstrip('/')}/api/v1/{where}{'?' if given else ''}{given}"
    asked = Asked(method, url, {"X-API-KEY": settings.UNIPILE_API_KEY}, body=body, parts=parts, once=once)
    try:
        answer = requests.ask(endpoints, asked)
    except requests.AnswerLost as error:
        raise (AnswerLost() if once else GatewayDown()) from error
    except requests.RequestFailed as error:
        raise GatewayDown from error
    if not answer.succeeded:
        raise refusal(asked, answer)
    if not isinstance(answer.value, dict):
        raise AnswerLost if once else GatewayDown
    return answer.json
