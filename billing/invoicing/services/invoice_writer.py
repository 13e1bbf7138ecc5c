"""The writer of manual drafts, whose sums follow from their lines."""

from collections.abc import Mapping
from typing import Any, Final

from billing.invoicing.errors import InvoiceIssued
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.invoicing.services.lines import require_amounts, total_up
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import default_tenant_id
from lad.types import Actor

# Fields of a usage draft that come from the ledger.
LEDGER_FIELDS: Final = ("line_items", "currency", "period_start", "period_end")
SUM_FIELDS: Final = ("subtotal", "tax", "tax_lines", "total", "prepaid_amount")


class InvoiceWriter(writes.Writer[Invoice]):
    """Derives a draft's sums from its lines. Refuses changes to finalised invoices and to values from the ledger."""

    def create(self, values: Mapping[str, Any], *, actor: Actor = None) -> Invoice:
        row: Invoice = super().create(self._summed(Invoice(), values), actor=actor)
        return row

    def update(self, row: Invoice, values: Mapping[str, Any], *, actor: Actor = None) -> Invoice:
        if row.status != InvoiceStatus.DRAFT:
            raise InvoiceIssued
        if row.kind == InvoiceKind.USAGE:
            touched = [name for name in LEDGER_FIELDS if name in values and values[name] != getattr(row, name)]
            if touched:
                raise Invalid(
                    errors={
                        name: ["This value comes from the ledger. Draft the period again to update it."]
                        for name in touched
                    }
                )
        else:
            values = self._summed(row, values)
        updated: Invoice = super().update(row, values, actor=actor)
        return updated

    def delete(self, row: Invoice, *, actor: Actor = None) -> None:
        if row.status != InvoiceStatus.DRAFT:
            raise InvoiceIssued
        super().delete(row, actor=actor)

    def _summed(self, row: Invoice, values: Mapping[str, Any]) -> dict[str, Any]:
        lines = values.get("line_items", row.line_items)
        tenant_id = row.tenant_id or getattr(values.get("tenant"), "pk", None) or default_tenant_id()
        if tenant_id is None:
            # Validating the row reports the missing tenant.
            return dict(values)
        try:
            sums = Invoice(kind=row.kind, line_items=lines)
            require_amounts(lines)
            total_up(sums, profile_of(tenant_id))
        except (TypeError, KeyError, ArithmeticError):
            # Validating the row reports malformed lines.
            return dict(values)
        return {**values, **{name: getattr(sums, name) for name in SUM_FIELDS}}


writes.register(Invoice, InvoiceWriter)
