"""Sign in to a network with what the account's owner enters, or with a code that their phone scans.

What is entered goes to the gateway and is kept nowhere.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from campaigns.accounts.models import NetworkAccount
from campaigns.accounts.network_connecting.attempts import (
    CHECKPOINT_HOLDS,
    MAX_QR_CODES,
    Answer,
    Attempt,
    NoAttempt,
    Waits,
    attempt_after,
    attempt_of,
    gateway_id,
    network_of,
)
from campaigns.gateways.unipile import accounts as gateway
from campaigns.gateways.unipile.accounts import AttemptEnded, EntriesRefused, SignedIn
from lad.errors import Invalid
from lad.tenancy.context import require_no_scope

MOBILE_APPROVAL = "LinkedIn asks for approval in the app on your phone. Approve it there, then answer YES."


@dataclass(frozen=True, slots=True)
class Credentials:
    """Name and password of an account's owner."""

    username: str
    password: str = field(repr=False)

    def entries(self) -> dict[str, str]:
        return {"username": self.username, "password": self.password}


@dataclass(frozen=True, slots=True)
class Cookies:
    """The cookies of a browser that is signed in, and the browser that they belong to."""

    li_at: str = field(repr=False)
    user_agent: str
    li_a: str = field(default="", repr=False)

    def entries(self) -> dict[str, str]:
        premium = {"premium_token": self.li_a} if self.li_a else {}
        return {"access_token": self.li_at, "user_agent": self.user_agent, **premium}


def sign_in(account: NetworkAccount, entered: Credentials | Cookies, *, now: datetime) -> Answer:
    """Connect the account with what its owner entered. Asks the gateway. Raises Invalid on the field to correct."""
    field_name = "password" if isinstance(entered, Credentials) else "li_at"
    try:
        return _begin(account, entered.entries(), now=now)
    except EntriesRefused as error:
        raise Invalid(error.detail, errors={field_name: [error.detail]}) from error


def show_qr(account: NetworkAccount, *, now: datetime) -> Answer:
    """Begin with a code that the owner's phone scans. Asks the gateway."""
    return _begin(account, {}, now=now)


def solve(account: NetworkAccount, code: str, *, now: datetime) -> Answer:
    """Answer the checkpoint of the account with the code that its owner received, or with YES or NO.

    YES says that the owner has approved the sign-in on their phone, NO gives the attempt up. Asks the gateway. Raises
    NoAttempt, and Invalid if the code is wrong or another answer is needed.
    """
    require_no_scope("The gateway is asked")
    attempt = _open_attempt(account, now)
    if code.strip().upper() == "NO":
        return Answer(attempt.key, ended="You gave it up. Nothing was connected.")
    if attempt.waits == Waits.APP:
        if code.strip().upper() != "YES":
            raise Invalid(MOBILE_APPROVAL, errors={"code": [MOBILE_APPROVAL]}, requires_mobile_approval=True)
        return look(account, now=now)
    if attempt.waits not in (Waits.CODE, Waits.PHONE):
        raise NoAttempt
    try:
        signed_in = gateway.solve(network_of(account), attempt.account_id, code.strip())
    except EntriesRefused as error:
        text = "The network did not take this code. Check it, or ask for a new one there."
        raise Invalid(text, errors={"code": [text]}) from error
    except AttemptEnded as error:
        return Answer(attempt.key, ended=error.detail)
    return _answer(signed_in, attempt, now)


def look(account: NetworkAccount, *, now: datetime) -> Answer:
    """Look whether the network has let the account in meanwhile. Asks the gateway. Raises NoAttempt.

    A code to scan that has expired is followed by a new one, a few times.
    """
    require_no_scope("The gateway is asked")
    attempt = attempt_of(account)
    if attempt is None:
        raise NoAttempt
    found = gateway.read(attempt.account_id) if attempt.account_id else None
    if found is not None and found.is_ready:
        return Answer(attempt.key, account=found)
    if not attempt.is_over(now):
        return Answer(attempt.key, attempt=attempt)
    if attempt.waits == Waits.QR and attempt.shown < MAX_QR_CODES:
        return _begin(account, {}, now=now, shown=attempt.shown + 1, key=attempt.key)
    return Answer(attempt.key, ended=_too_late(attempt))


def check(account: NetworkAccount) -> gateway.GatewayAccount | None:
    """Return the connected account as the gateway knows it now, or None if it has none. Asks the gateway."""
    require_no_scope("The gateway is asked")
    return gateway.read(gateway_id(account)) if gateway_id(account) else None


def _begin(
    account: NetworkAccount, entries: Mapping[str, Any], *, now: datetime, shown: int = 1, key: str = ""
) -> Answer:
    require_no_scope("The gateway is asked")
    before = gateway_id(account)
    attempt = Attempt(
        key=key or secrets.token_urlsafe(12),
        waits=Waits.CODE,
        expires_at=now + CHECKPOINT_HOLDS,
        account_id=before,
        again=bool(before),
        shown=shown,
    )
    signed_in = gateway.sign_in(network_of(account), entries, account_id=before)
    return replace(_answer(signed_in, attempt, now), begins=not key)


def _answer(signed_in: SignedIn, attempt: Attempt, now: datetime) -> Answer:
    if signed_in.checkpoint is not None:
        return Answer(attempt.key, attempt=attempt_after(signed_in, signed_in.checkpoint, attempt, now))
    account_id = signed_in.account_id or attempt.account_id
    found = gateway.read(account_id)
    if found is None or not found.is_ready:
        # It is let in and still loads; the next look finds it.
        return Answer(attempt.key, attempt=replace(attempt, waits=Waits.APP, account_id=account_id, kind="LOADING"))
    return Answer(attempt.key, account=found)


def _open_attempt(account: NetworkAccount, now: datetime) -> Attempt:
    attempt = attempt_of(account)
    if attempt is None or attempt.is_over(now):
        raise NoAttempt
    return attempt


def _too_late(attempt: Attempt) -> str:
    match attempt.waits:
        case Waits.LINK:
            return "The link has expired and nothing was connected. Start again."
        case Waits.QR:
            return "The code was not scanned. Open WhatsApp on the phone first, then show a new code."
        case Waits.APP:
            return "The sign-in was not approved in time. Start again with the phone at hand."
        case _:
            return "The network waited too long for the answer. Start again."
