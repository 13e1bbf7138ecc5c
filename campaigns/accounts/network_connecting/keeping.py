"""Keep on an account what the gateway said: that an attempt waits, that it ended, or that the account is connected."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from campaigns.accounts import network_status
from campaigns.accounts.models import AccountStatus, ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.network_connecting.attempts import (
    NAMES,
    Answer,
    Waits,
    attempt_of,
    gateway_column,
    gateway_id,
    network_of,
)
from campaigns.accounts.network_hooks import connected
from campaigns.gateways.unipile.accounts import GatewayAccount
from lad.db.queries import execute
from lad.errors import Conflict
from lad.outbox.emission import emit
from lad.tenancy.context import platform_context
from lad.types import Actor

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
CONFIRM: Final = "The network asks you to confirm the sign-in. Open “Connect” and follow what it says."


class ConnectedElsewhere(Conflict):
    """This account is connected in another place already. Disconnect it there first."""

    code = "connected_elsewhere"


class OtherNetwork(Conflict):
    """The account that signed in is one of another network."""

    code = "other_network"


class OtherAttempt(Conflict):
    """Meanwhile somebody else began to connect this account. Look at its page."""

    code = "other_attempt"


@transaction.atomic
def keep(account: NetworkAccount, answer: Answer, *, actor: Actor, now: datetime) -> NetworkAccount:
    """Write what the gateway said and return the account. Emits an event once it is connected.

    Raises OtherAttempt if another attempt has begun since, OtherNetwork, and ConnectedElsewhere if the account is
    connected under another row, of this tenant or of another one.
    """
    row = _locked(account)
    current = attempt_of(row)
    if not answer.begins and (current is None or current.key != answer.key):
        raise OtherAttempt
    if answer.account is not None:
        _connect(row, answer.account, actor=actor, now=now)
    elif answer.ended:
        _write(row, checkpoint={"ended": answer.ended}, **_unless_active(row, status_reason=answer.ended))
    else:
        assert answer.attempt is not None  # an answer says one of three things
        values: dict[str, Any] = {"checkpoint": answer.attempt.as_json()}
        if answer.attempt.waits != Waits.LINK:
            values |= _unless_active(row, status=AccountStatus.CHECKPOINT, status_reason=CONFIRM)
        _write(row, **values)
    vars(account).update(vars(row))
    return row


def _connect(row: NetworkAccount, found: GatewayAccount, *, actor: Actor, now: datetime) -> None:
    network = network_of(row)
    if found.network and found.network != network:
        wrong = NAMES.get(found.network, found.network)
        raise OtherNetwork(f"You signed in to {wrong}, and this is an account for {NAMES[network]}. Start again.")
    _refuse_doubles(row, found.id)
    was = row.status
    network_status.record(row, AccountStatus.ACTIVE)
    again = bool(gateway_id(row)) or row.caught_up_at is not None
    values: dict[str, Any] = {
        gateway_column(type(row)): found.id,
        "checkpoint": {},
        "last_verified_at": now,
        "failures": 0,
        "next_send_at": None,
        "metadata": {**row.metadata, "owner": _owner(found)},
    }
    if not again:
        # Nothing before is news, and a new connection begins with little.
        values |= {"caught_up_at": now, "ramp_up_from": row.ramp_up_from or now.date()}
    if was == AccountStatus.DISCONNECTED:
        values["is_active"] = True
    if isinstance(row, ChannelAccount) and not row.address:
        values["address"] = _address(found)
    _write(row, **values)
    emit(f"{row.event_name}.connected", aggregate=row, payload={"again": again}, actor=actor)
    connected(row, again=again)


def _refuse_doubles(row: NetworkAccount, account_id: str) -> None:
    """Raise ConnectedElsewhere if another row of any tenant holds the account. Two at once wait for each other."""
    execute(LOCK, [f"campaigns.gateway_account:{account_id}"])
    with platform_context():
        for model in (LinkedinAccount, ChannelAccount):
            others = model.objects.filter(**{gateway_column(model): account_id}).exclude(pk=row.pk)
            if others.exists():
                raise ConnectedElsewhere


def _owner(found: GatewayAccount) -> dict[str, str]:
    """Return how the network knows the account's owner: by this, own messages are told from answers."""
    named = {
        "name": found.name,
        "id": found.person.get("id"),
        "public_id": found.person.get("publicIdentifier") or found.person.get("username"),
        "phone": found.person.get("phone_number"),
    }
    return {key: str(value) for key, value in named.items() if value}


def _address(found: GatewayAccount) -> str:
    owner = _owner(found)
    return owner.get("phone") or owner.get("public_id") or ""


def _unless_active(row: NetworkAccount, **values: Any) -> dict[str, Any]:
    """Return the values for an account that does not work now. One that works goes on while it is connected anew."""
    return {} if row.status == AccountStatus.ACTIVE and gateway_id(row) else values


def _locked(account: NetworkAccount) -> NetworkAccount:
    row: NetworkAccount = type(account).objects.select_for_update(no_key=True).get(pk=account.pk)
    return row


def _write(row: NetworkAccount, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=[*values])
