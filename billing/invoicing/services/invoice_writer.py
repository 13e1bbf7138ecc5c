"""The writer of manual drafts, whose sums follow from their lines."""

from typing import Any, Final

from django.utils import timezone

from billing.invoicing.errors import InvoiceIssued
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.invoicing.services.lines import require_amounts, total_up
from lad import writes
from lad.tenancy.context import default_tenant_id
from lad.types import Actor, Values

# Fields of a usage draft that come from the ledger.
LEDGER_FIELDS: Final = ("line_items", "currency", "period_start", "period_end")
DUE_HAS_PASSED: Final = "This day has passed. Choose a later one, or leave it empty for the tenant's payment terms."
SUM_FIELDS: Final = ("subtotal", "tax", "tax_lines", "total", "prepaid_amount")


class InvoiceWriter(writes.Writer[Invoice]):
    """Derives a draft's sums from its lines. Refuses changes to finalised invoices and to values from the ledger."""

    def prepare(self, row: Invoice | None, values: Values, *, actor: Actor) -> Values:
        if row is not None and row.status != InvoiceStatus.DRAFT:
            raise InvoiceIssued
        writes.require_not_past(row, values, {"due_at": DUE_HAS_PASSED}, now=timezone.now())
        if row is None:
            return self._summed(Invoice(), values)
        if row.kind != InvoiceKind.USAGE:
            return self._summed(row, values)
        message = "This value comes from the ledger. Draft the period again to update it."
        writes.fixed_fields(row, values, LEDGER_FIELDS, message)
        return values

    def before_delete(self, row: Invoice, *, actor: Actor) -> None:
        if row.status != InvoiceStatus.DRAFT:
            raise InvoiceIssued

    def _summed(self, row: Invoice, values: Values) -> dict[str, Any]:
        lines = values.get("line_items", row.line_items)
        tenant_id = row.tenant_id or getattr(values.get("tenant"), "pk", None) or default_tenant_id()
        if tenant_id is None:
            # Validating the row reports the missing tenant.
            return dict(values)
        try:
            sums = Invoice(kind=row.kind, line_items=lines, currency=values.get("currency", row.currency))
            require_amounts(lines, sums.currency)
            total_up(sums, profile_of(tenant_id))
        except (TypeError, KeyError, ArithmeticError):
            # Validating the row reports malformed lines.
            return dict(values)
        return {**values, **{name: getattr(sums, name) for name in SUM_FIELDS}}


writes.register(Invoice, InvoiceWriter)
