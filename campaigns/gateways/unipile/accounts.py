"""Connect, read and delete accounts at the gateway.

Passwords, codes and cookies go through: nothing here keeps or logs them.
https://developer.unipile.com/docs/connect-accounts
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from django.conf import settings

from campaigns.gateways.endpoints import endpoints
from lad.errors import DomainError
from lad.requests import Answer, Asked, RequestFailed, ask

Network = Literal["LINKEDIN", "WHATSAPP", "INSTAGRAM"]
WRONG_PERSON: Final = "errors/wrong_account"
# How the gateway names that the network did not take what was entered.
WRONG_ENTRIES: Final = frozenset({"errors/invalid_credentials", "errors/invalid_checkpoint_solution"})


class GatewayNotSetUp(DomainError):
    """LAD's operator has not set up the gateway to LinkedIn, WhatsApp and Instagram yet. Ask them to do it."""

    code = "gateway_not_set_up"


class GatewayUnreachable(DomainError):
    """The gateway to the network does not answer. Nothing was changed; try again in a few minutes."""

    code = "gateway_unreachable"
    status = 502
    title = "The provider does not answer"


class EntriesRefused(DomainError):
    """The network did not take what was entered. Check it and try again."""

    code = "entries_refused"
    status = 400
    title = "Refused by the network"


class AttemptEnded(DomainError):
    """The network waited too long for the confirmation. Start again."""

    code = "attempt_ended"


class GatewayRefused(DomainError):
    """The gateway refused the request."""

    code = "gateway_refused"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the network asks for before it lets an account in. ``kind`` is the gateway's word, such as ``OTP``."""

    kind: str
    qr: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The id of an account that is connected, or that will be once its checkpoint is solved."""

    account_id: str
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class GatewayAccount:
    """An account as the gateway knows it. ``statuses`` are those of its sources, such as ``OK`` or ``CREDENTIALS``."""

    id: str
    network: str
    name: str
    statuses: tuple[str, ...]
    created_at: str
    person: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_ready(self) -> bool:
        return bool(self.statuses) and all(status == "OK" for status in self.statuses)


def is_set_up() -> bool:
    """Return whether LAD's operator has named the gateway and its key."""
    return bool(settings.UNIPILE_BASE_URL and settings.UNIPILE_API_KEY)


def hosted_link(
    *,
    network: Network,
    name: str,
    notify_url: str,
    return_url: str,
    expires_at: datetime,
    account_id: str = "",
) -> str:
    """Return the address of the gateway's own page, on which one account is connected once.

    The gateway reports the result to ``notify_url`` with ``name``, and sends the person to ``return_url``. With
    ``account_id`` that account is connected again.
    """
    body: dict[str, Any] = {
        "type": "reconnect" if account_id else "create",
        "providers": [network],
        "api_url": settings.UNIPILE_BASE_URL,
        "expiresOn": expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "name": name,
        "notify_url": notify_url,
        "success_redirect_url": return_url,
        "failure_redirect_url": return_url,
    }
    if account_id:
        body["reconnect_account"] = account_id
    return str(_call("POST", "hosted/accounts/link", body).json["url"])


def sign_in(network: Network, entries: Mapping[str, Any], *, account_id: str = "") -> SignedIn:
    """Connect an account with what its owner entered, or connect the account ``account_id`` again.

    ``entries`` are ``username`` and ``password``, or ``access_token``, ``premium_token`` and ``user_agent``; none for
    a code that the owner's phone scans. Raises EntriesRefused.
    """
    path = f"accounts/{account_id}" if account_id else "accounts"
    return _signed_in(_call("POST", path, {"provider": network, **entries}))


def solve(network: Network, account_id: str, code: str) -> SignedIn:
    """Answer the checkpoint of an account. Raises EntriesRefused and AttemptEnded."""
    body = {"provider": network, "account_id": account_id, "code": code}
    return _signed_in(_call("POST", "accounts/checkpoint", body))


def read(account_id: str) -> GatewayAccount | None:
    """Return the account, or None if the gateway has none of this id."""
    answer = _call("GET", f"accounts/{account_id}", missing_is_fine=True)
    if answer.status == 404:
        return None
    found = answer.json
    parameters = found.get("connection_params")
    person = parameters.get("im", {}) if isinstance(parameters, dict) else {}
    return GatewayAccount(
        id=str(found.get("id", "")),
        network=str(found.get("type", "")),
        name=str(found.get("name", "")),
        statuses=tuple(str(each.get("status", "")) for each in found.get("sources", [])),
        created_at=str(found.get("created_at", "")),
        person=person if isinstance(person, dict) else {},
    )


def delete(account_id: str) -> None:
    """End the connection of an account at the gateway. One that is gone already counts as deleted."""
    _call("DELETE", f"accounts/{account_id}", missing_is_fine=True)


def _signed_in(answer: Answer) -> SignedIn:
    found = answer.json
    checkpoint = found.get("checkpoint")
    asked = None
    if isinstance(checkpoint, dict):
        asked = Checkpoint(str(checkpoint.get("type", "")), str(checkpoint.get("qrcode", "")))
    return SignedIn(str(found.get("account_id", "")), asked)


def _call(method: str, path: str, body: Mapping[str, Any] | None = None, *, missing_is_fine: bool = False) -> Answer:
    """Ask the gateway. Raises one of the errors above. Connecting is asked once: it would happen twice."""
    if not is_set_up():
        raise GatewayNotSetUp
    asked = Asked(
        method,
        f"{settings.UNIPILE_BASE_URL.rstrip('/')}/api/v1/{path}",
        headers={"X-API-KEY": settings.UNIPILE_API_KEY},
        body=body,
        once=method == "POST",
    )
    try:
        answer = ask(endpoints, asked)
    except RequestFailed as error:
        raise GatewayUnreachable from error
    if answer.succeeded or (missing_is_fine and answer.status == 404):
        return answer
    raise _refusal(answer)


def _refusal(answer: Answer) -> DomainError:
    kind = str(answer.json.get("type", ""))
    if answer.status == 408:
        return AttemptEnded()
    if kind == WRONG_PERSON:
        return EntriesRefused("This is another person's account. Sign in to the one that was connected before.")
    if kind in WRONG_ENTRIES or (answer.status == 400 and "checkpoint" in kind):
        return EntriesRefused()
    if answer.status == 404:
        return AttemptEnded("The gateway no longer knows this attempt. Start again.")
    if answer.status == 429:
        return GatewayRefused("The network has had too many attempts. Wait a quarter of an hour, then start again.")
    if answer.status >= 500:
        return GatewayUnreachable()
    words = str(answer.json.get("detail") or answer.json.get("title") or "")[:300]
    return GatewayRefused(f"The gateway refused the request: {words}" if words else "")
