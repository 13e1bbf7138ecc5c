"""Rules of directory accounts, the test of one, and what the directory counted."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils import timezone

from lad import writes
from lad.errors import Invalid
from lad.outgoing import refuse_transactions
from lad.types import Actor, Values
from leads.companies.accounts.models import AccountStatus, DirectoryAccount
from leads.companies.apollo.client import Apollo
from leads.companies.apollo.endpoints import endpoints
from leads.companies.apollo.errors import DirectoryDown, KeyRefused, PlanRefused
from leads.companies.apollo.queries import PeopleQuery
from leads.companies.apollo.refusals import STATUSES, keep

NO_USAGE: Final = "The key may not read usage and credits. A master key may."
# What the test found holds for these only.
PLACE: Final = frozenset({"provider", "base_url", "api_key"})


class DirectoryAccountWriter(writes.Writer[DirectoryAccount]):
    """Writes accounts. A key never goes to another address than the one it was entered for."""

    def prepare(self, row: DirectoryAccount | None, values: Values, *, actor: Actor) -> Values:
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
            filled.update(status=AccountStatus.UNTESTED, status_reason="", tested_at=None)
            filled.update(usage={}, credits={}, usage_at=None)
        return filled


writes.register(DirectoryAccount, DirectoryAccountWriter)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a test."""

    status: AccountStatus
    reason: str

    @property
    def succeeded(self) -> bool:
        return self.status == AccountStatus.CONNECTED


def test_account(*, account: DirectoryAccount, clock: Callable[[], float] | None = None) -> Outcome:
    """Search for one person, read usage and credits, and keep the result on the account. Costs no credit.

    Takes as long as the directory takes, so call it outside a transaction. Raises LimitReached, which says nothing
    about the account.
    """
    refuse_transactions()
    apollo = Apollo(account, clock=clock)
    status, reason = AccountStatus.CONNECTED, ""
    counted: dict[str, Any] = {}
    try:
        apollo.search_people(PeopleQuery(per_page=1))
        counted = _counted(apollo)
        reason = "" if counted else NO_USAGE
    except (KeyRefused, PlanRefused, DirectoryDown) as error:
        status, reason = STATUSES.get(type(error), AccountStatus.UNREACHABLE), error.detail
    keep(account, status=status, status_reason=reason, tested_at=timezone.now(), **counted)
    return Outcome(status, reason)


def _counted(apollo: Apollo) -> dict[str, Any]:
    """Return usage and credits as values of an account; nothing if the key may not read them."""
    try:
        usage, credits = apollo.usage(), apollo.credits()
    except PlanRefused:
        return {}
    return {
        "usage": {name: {window: asdict(use) for window, use in windows.items()} for name, windows in usage.items()},
        "credits": {kind: asdict(use) for kind, use in credits.items()},
        "usage_at": timezone.now(),
    }
