"""Rules of carrier accounts, and the test of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from django.core.exceptions import ValidationError
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, Invalid
from lad.outbox.emission import emit
from lad.outgoing import refuse_transactions
from lad.tenancy.context import platform_context
from lad.types import Actor, Values
from voice.carriers.connecting import check_complete, connect
from voice.carriers.endpoints import endpoints
from voice.carriers.errors import CarrierDown, CredentialsRefused, NoCarrier
from voice.carriers.models import AccountStatus, CarrierAccount
from voice.carriers.protocol import CarrierNumber
from voice.carriers.providers import carriers

NEEDED: Final = "{carrier} needs this."
NO_NUMBERS: Final = "It has no number to call from yet."
MAX_NUMBERS: Final = 5_000
log = structlog.get_logger("voice.carriers")
# What the test found holds for these only.
PLACE: Final = frozenset({"carrier", "base_url", "key_id", "secret"})


class UsedByNumbers(Conflict):
    """Numbers call through this account. Choose another account for them first."""

    code = "used_by_numbers"


class NotPaused(Conflict):
    """This account is not paused, so there is nothing to resume."""

    code = "not_paused"


class CarrierAccountWriter(writes.Writer[CarrierAccount]):
    """Writes accounts. What a test found holds for one address and its credentials."""

    def prepare(self, row: CarrierAccount | None, values: Values, *, actor: Actor) -> Values:
        filled = dict(values)
        kind = carriers.get(key) if (key := _value(row, filled, "carrier")) in carriers else None
        if "base_url" in filled or (row is None and kind is not None):
            filled["base_url"] = _address(str(filled.get("base_url") or (kind.address if kind else "")))
        if kind is not None and not _value(row, filled, "base_url"):
            raise Invalid(errors={"base_url": [NEEDED.format(carrier=kind.label)]})
        if row is not None and set(writes.differing(row, filled)) & PLACE:
            filled.update(status=AccountStatus.UNTESTED, status_reason="", tested_at=None, numbers={})
        return filled

    def before_delete(self, row: CarrierAccount, *, actor: Actor) -> None:
        """Raise UsedByNumbers if a number of any tenant calls through the account."""
        with platform_context():
            if row.voice_numbers.filter(deleted_at__isnull=True).exists():
                raise UsedByNumbers


writes.register(CarrierAccount, CarrierAccountWriter)


@dataclass(frozen=True, slots=True)
class Tested:
    """The result of a test."""

    status: AccountStatus
    reason: str

    @property
    def succeeded(self) -> bool:
        return self.status == AccountStatus.CONNECTED


def test_account(*, account: CarrierAccount) -> Tested:
    """Ask the carrier for the account's numbers, and keep the result on the account. Places no call.

    Takes as long as the carrier takes, so call it outside a transaction. Raises LimitReached, which says nothing about
    the account.
    """
    refuse_transactions()
    found: dict[str, Any] = {}
    try:
        check_complete(account)
        numbers = connect(account).numbers()
        status, reason = AccountStatus.CONNECTED, "" if numbers else NO_NUMBERS
        found = {"numbers": _by_number(numbers)}
    except (CredentialsRefused, NoCarrier) as error:
        status, reason = AccountStatus.REFUSED, error.detail
    except CarrierDown as error:
        status, reason = AccountStatus.UNREACHABLE, error.detail
    _keep(account, status=status, status_reason=reason, tested_at=timezone.now(), **found)
    return Tested(status, reason)


def pause_account(*, account: CarrierAccount, until: datetime, reason: str, now: datetime) -> bool:
    """Place no call through an account until then, and return whether that is new. A longer pause stays.

    ``reason`` is a sentence for people of every tenant that calls through it. Emits
    ``voice.carrier_account.paused`` for a tenant's own account.
    """
    with platform_context(tenant_id=account.tenant_id):
        rows = CarrierAccount.all_objects.select_for_update(no_key=True).filter(pk=account.pk)
        stored = rows.first()
        if stored is None or (stored.paused_until is not None and stored.paused_until > max(until, now)):
            return False
        rows.update(paused_until=until, pause_reason=reason)
        account.paused_until, account.pause_reason = until, reason
        if account.tenant_id is not None:
            emit("voice.carrier_account.paused", aggregate=account, payload={"until": until, "reason": reason})
    log.warning("carrier account paused", account=str(account.pk), until=until.isoformat())
    return True


@writes.in_transaction
def resume_account(*, account: CarrierAccount, actor: Actor, now: datetime | None = None) -> CarrierAccount:
    """Let calls be placed through a paused account again, and return it. Failures before count no more.

    Emits ``voice.carrier_account.resumed`` for a tenant's own account. Raises NotPaused.
    """
    now = now or timezone.now()
    row: CarrierAccount = CarrierAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    if row.paused_until is None or row.paused_until <= now:
        raise NotPaused
    CarrierAccount.objects.filter(pk=row.pk).update(paused_until=now, pause_reason="")
    row.paused_until, row.pause_reason = now, ""
    if row.tenant_id is not None:
        emit("voice.carrier_account.resumed", aggregate=row, payload={}, actor=actor)
    return row


def _keep(account: CarrierAccount, **values: Any) -> None:
    """Write what a test found, unless the account was changed in the meantime."""
    # A tenant may use the platform's account, but not write it.
    with platform_context():
        rows = CarrierAccount.all_objects.filter(pk=account.pk)
        stored = rows.first()
        if stored is None or any(getattr(stored, name) != getattr(account, name) for name in PLACE):
            return
        rows.update(**values)
    for name, value in values.items():
        setattr(account, name, value)


def _by_number(numbers: Any) -> dict[str, str]:
    pairs = [(each.number, each.reference) for each in numbers if isinstance(each, CarrierNumber)]
    return dict(pairs[:MAX_NUMBERS])


def _value(row: CarrierAccount | None, values: dict[str, Any], name: str) -> Any:
    if name in values:
        return values[name]
    return getattr(row if row is not None else CarrierAccount(), name)


def _address(entered: str) -> str:
    """Return the address to call. Raises Invalid."""
    address = entered.strip().rstrip("/")
    if address:
        try:
            endpoints.validate(address)
        except ValidationError as error:
            raise Invalid(errors={"base_url": error.messages}) from None
    return address
