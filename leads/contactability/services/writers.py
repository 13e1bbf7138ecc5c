"""How forms and the API write suppressions and consents."""

from typing import Any, Final

from django.utils import timezone

from lad import writes
from lad.errors import Invalid
from lad.outbox.emission import NewEvent
from lad.tenancy.context import current_tenant_id
from lad.types import Actor, Values
from lad.writes import Change
from leads.contactability.models import ConsentRecord, Suppression, SuppressionReason
from leads.contactability.services.suppressing import (
    NewSuppression,
    add_further_addresses,
    entries_of,
    hash_of,
)

# What an entry is about.
IDENTITY: Final = ("address", "scope", "lead", "channel")


class SuppressionWriter(writes.Writer[Suppression]):
    """Writes entries of the do-not-contact list: recognises the address, or takes the lead's own.

    A lead with several addresses on the channel gets an entry for each; the first is the one that is returned. Emits
    ``leads.lead.suppressed`` besides the plain changes.
    """

    def prepare(self, row: Suppression | None, values: Values, *, actor: Actor) -> Values:
        values = dict(values)
        if values.get("expires_at") and values["expires_at"] <= timezone.now():
            raise Invalid(errors={"expires_at": ["Choose a time in the future, or leave it empty."]})
        if row is None:
            values.setdefault("created_by_user", actor)
            return {**values, **_identity(values, values["tenant"].pk if values.get("tenant") else current_tenant_id())}
        changed = [name for name in writes.differing(row, values) if name in IDENTITY]
        # An entry whose address was erased has none that could be entered again.
        if "address" in changed or ("scope" in changed and row.address):
            present = {"channel": row.channel, "scope": row.scope, "address": row.address}
            values |= _identity({**present, **values, "lead": None}, row.tenant_id)
        return values

    def events(self, change: Change[Suppression]) -> list[NewEvent]:
        row = change.row
        if not change.created or row.lead_id is None:
            return []
        payload = {"channel": row.channel, "scope": row.scope, "reason": row.reason}
        return [NewEvent("leads.lead.suppressed", None, payload, change.actor, row.tenant_id, "lead", row.lead_id)]

    def after_save(self, change: Change[Suppression]) -> None:
        if change.created and change.row.lead is not None and not change.values.get("address"):
            add_further_addresses(change.row, actor=change.actor)


class ConsentWriter(writes.Writer[ConsentRecord]):
    """Writes consents, on behalf of the user who records them."""

    def prepare(self, row: ConsentRecord | None, values: Values, *, actor: Actor) -> Values:
        if values.get("given_at") and values["given_at"] > timezone.now():
            raise Invalid(errors={"given_at": ["The lead cannot have said so in the future."]})
        return {"created_by_user": actor, **values}


def _identity(values: Values, tenant_id: Any) -> dict[str, Any]:
    """Return address, scope and hash of an entry. Raises Invalid."""
    wish = NewSuppression(
        channel=values.get("channel") or Suppression._meta.get_field("channel").get_default(),
        reason=values.get("reason") or SuppressionReason.MANUAL,
        lead=values.get("lead"),
        address=values.get("address") or "",
        scope=values.get("scope") or Suppression._meta.get_field("scope").get_default(),
    )
    entry = entries_of(wish, tenant_id)[0]
    return {"address": entry.shown, "scope": entry.scope, "address_hash": hash_of(entry, tenant_id)}


writes.register(Suppression, SuppressionWriter)
writes.register(ConsentRecord, ConsentWriter)
