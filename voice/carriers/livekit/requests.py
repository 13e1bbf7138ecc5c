"""Ask LiveKit's services, which speak Twirp: one POST a method, JSON both ways."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lad.requests import Answer, Asked
from voice.carriers import transport, values
from voice.carriers.errors import (
    AnswerLost,
    CarrierDown,
    CarrierError,
    CredentialsRefused,
    LimitReached,
    NumberRefused,
)
from voice.carriers.livekit.causes import cause_of_sip
from voice.carriers.livekit.tokens import access_token
from voice.carriers.outcomes import Cause
from voice.carriers.protocol import Credentials

NOT_ACCEPTED: Final = "LiveKit does not accept this number."
NO_TRUNK: Final = "LiveKit does not know the trunk of this number."
LOWEST_FINAL_CODE: Final = 300
# Twirp's codes for a request that a service did not take up.
NOT_TAKEN_UP: Final = frozenset({"unavailable", "bad_route", "unimplemented"})


class Missing(Exception):
    """There is no such room, participant or trunk."""


class CallOver(Exception):
    """The call was dialled and ended at once."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.raw)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Services:
    """LiveKit's services with the credentials of one account."""

    credentials: Credentials

    def ask(
        self, service: str, method: str, body: Mapping[str, Any], *, room: str = "", places: bool = False
    ) -> Mapping[str, Any]:
        """Return the answer. Raises Missing, CredentialsRefused, LimitReached and CarrierDown.

        One that ``places`` a call may also raise NumberRefused, AnswerLost and CallOver.
        """
        if not (self.credentials.key_id and self.credentials.secret):
            raise CredentialsRefused
        asked = Asked(
            "POST",
            f"{self.credentials.base_url.rstrip('/')}/twirp/livekit.{service}/{method}",
            {"authorization": f"Bearer {access_token(self.credentials, room=room)}"},
            dict(body),
            places,
        )
        answer = transport.ask(asked)
        if not answer.succeeded:
            raise _refusal(asked, answer)
        if not isinstance(answer.value, dict):
            lost = AnswerLost() if places else CarrierDown(transport.NOT_A_CARRIER, passing=False)
            raise transport.failed(asked, lost, status=answer.status)
        return answer.json


def _refusal(asked: Asked, answer: Answer) -> Exception:
    code = values.text(answer.json.get("code"))
    if code == "not_found" and not asked.once:
        return Missing()
    sip_code = values.number(values.mapping(answer.json.get("meta")).get("sip_status_code"))
    if asked.once and sip_code is not None and sip_code >= LOWEST_FINAL_CODE:
        return CallOver(cause_of_sip(int(sip_code)))
    return _refusal_of_call(asked, answer, code)


def _refusal_of_call(asked: Asked, answer: Answer, code: str) -> CarrierError | NumberRefused:
    error: CarrierError | LimitReached
    if answer.status in (401, 403) or code in ("unauthenticated", "permission_denied"):
        error = CredentialsRefused()
    elif answer.status == 429 or code == "resource_exhausted":
        error = transport.limit_reached(answer)
    elif asked.once and code in ("invalid_argument", "malformed", "out_of_range"):
        return NumberRefused({"to_number": [NOT_ACCEPTED]})
    elif asked.once and code == "not_found":
        return NumberRefused({"from_number": [NO_TRUNK]})
    elif code in NOT_TAKEN_UP:
        error = CarrierDown()
    elif not code and answer.status in (404, 405):
        error = CarrierDown(transport.NOT_A_CARRIER, passing=False)
    else:
        # A service that failed may have dialled before it did.
        error = AnswerLost() if asked.once else CarrierDown()
    return transport.failed(asked, error, status=answer.status)
