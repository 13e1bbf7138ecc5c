"""Rules of carrier accounts, and the test of one."""

from dataclasses import dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils import timezone

from lad import writes
from lad.errors import Conflict, Invalid
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
# What the test found holds for these only.
PLACE: Final = frozenset({"carrier", "base_url", "key_id", "secret"})


class UsedByNumbers(Conflict):
    """Numbers call through this account. Choose another account for them first."""

    code = "used_by_numbers"


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
