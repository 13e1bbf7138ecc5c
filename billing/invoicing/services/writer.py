"""Invoices as people write them: drafts only, with sums that follow from their lines."""

from collections.abc import Mapping
from typing import Any, Final

from billing.invoicing.errors import InvoiceIssued
from billing.invoicing.models import Invoice, InvoiceKind, InvoiceStatus, profile_of
from billing.invoicing.services.lines import require_amounts, total_up
from lad import writes
from lad.errors import Invalid
from lad.tenancy.context import default_tenant_id

# What the ledger says of a period is not for people to write.
OF_THE_LEDGER: Final = ("line_items", "currency", "period_start", "period_end")
SUMS: Final = ("subtotal", "tax", "tax_lines", "total", "prepaid_amount")


class InvoiceWriter(writes.Writer):
    """A draft's sums follow from its lines; what was finalised is not edited, nor what the ledger says."""

    def create(self, values: Mapping[str, Any], *, actor: Any = None) -> Invoice:
        row: Invoice = super().create(self._summed(Invoice(), values), actor=actor)
        return row

    def update(self, row: Invoice, values: Mapping[str, Any], *, actor: Any = None) -> Invoice:
        if row.status != InvoiceStatus.DRAFT:
            raise InvoiceIssued
        if row.kind == InvoiceKind.USAGE:
            touched = [name for name in OF_THE_LEDGER if name in values and values[name] != getattr(row, name)]
            if touched:
                raise Invalid(
                    errors={name: ["It follows from the ledger: draft the period again."] for name in touched}
                )
        else:
            values = self._summed(row, values)
        updated: Invoice = super().update(row, values, actor=actor)
        return updated

    def delete(self, row: Invoice, *, actor: Any = None) -> None:
        if row.status != InvoiceStatus.DRAFT:
            raise InvoiceIssued
        super().delete(row, actor=actor)

    def _summed(self, row: Invoice, values: Mapping[str, Any]) -> dict[str, Any]:
        lines = values.get("line_items", row.line_items)
        tenant_id = row.tenant_id or getattr(values.get("tenant"), "pk", None) or default_tenant_id()
        if tenant_id is None:
            # Refused for having no tenant when it is checked.
            return dict(values)
        try:
            sums = Invoice(kind=row.kind, line_items=lines)
            require_amounts(lines)
            total_up(sums, profile_of(tenant_id))
        except (TypeError, KeyError, ArithmeticError):
            # The shape of the lines is refused, with what is wrong, when the row is checked.
            return dict(values)
        return {**values, **{name: getattr(sums, name) for name in SUMS}}


writes.register(Invoice, InvoiceWriter)
