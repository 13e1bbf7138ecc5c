"""Ask Vapi's API, and tell its refusals apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lad.requests import Answer, Asked
from voice.carriers import transport
from voice.carriers.errors import AnswerLost, CarrierDown, CarrierError, CredentialsRefused, LimitReached, NumberRefused
from voice.carriers.protocol import Credentials

NOT_ACCEPTED: Final = "Vapi does not accept this number."
NO_NUMBER: Final = "Vapi does not know this number, or may not call from it."
BAD_AGENT: Final = "Vapi does not accept the assistant. Check its id in the carrier account."
NO_CREDIT: Final = "The carrier account has no credit left. Add some at the carrier."


class Missing(Exception):
    """There is no such call."""


@dataclass(frozen=True, slots=True)
class Api:
    """Vapi's API with the key of one account."""

    credentials: Credentials

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, places: bool = False) -> Any:
        """Return the answer's JSON. Raises Missing, CredentialsRefused, LimitReached and CarrierDown.

        One that ``places`` a call may also raise NumberRefused and AnswerLost.
        """
        if not self.credentials.secret:
            raise CredentialsRefused
        asked = Asked(
            method,
            self.credentials.base_url.rstrip("/") + path,
            {"authorization": f"Bearer {self.credentials.secret}"},
            None if body is None else dict(body),
            places,
        )
        answer = transport.ask(asked)
        if not answer.succeeded:
            raise _refusal(asked, answer)
        if answer.value is None:
            lost = AnswerLost() if places else CarrierDown(transport.NOT_A_CARRIER, passing=False)
            raise transport.failed(asked, lost, status=answer.status)
        return answer.value


def _refusal(asked: Asked, answer: Answer) -> Exception:
    if answer.status == 404 and not asked.once:
        # Only Vapi answers in JSON that a call does not exist.
        return Missing() if answer.json else CarrierDown(transport.NOT_A_CARRIER, passing=False)
    error: CarrierError | LimitReached
    if answer.status in (401, 403):
        error = CredentialsRefused()
    elif answer.status == 402:
        error = CarrierDown(NO_CREDIT, passing=False)
    elif answer.status == 429:
        error = transport.limit_reached(answer)
    elif asked.once and answer.status in (400, 404, 422):
        return _field_errors(asked, answer)
    elif asked.once:
        # A gateway that gave up says nothing of what Vapi did behind it.
        error = AnswerLost()
    else:
        error = CarrierDown()
    return transport.failed(asked, error, status=answer.status)


def _field_errors(asked: Asked, answer: Answer) -> Exception:
    """Return which of the things that Vapi was given it does not accept. Its own words are not repeated."""
    given = answer.json.get("message")
    told = " ".join(map(str, given)) if isinstance(given, list) else str(given or "")
    if "customer" in told:
        return NumberRefused({"to_number": [NOT_ACCEPTED]})
    if "phoneNumber" in told or "phone number" in told.lower():
        return NumberRefused({"from_number": [NO_NUMBER]})
    detail = BAD_AGENT if "assistant" in told.lower() else ""
    return transport.failed(asked, CarrierDown(detail, passing=False), status=answer.status)
