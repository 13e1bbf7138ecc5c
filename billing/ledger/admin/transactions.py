"""The ledger, row by row: what each says, what caused it, what stands before and after it, and how to take it back."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display

from billing.formatting import DASH, Column, amount, holder_of, signed, table
from billing.ledger.admin.causes import cause_of, page_of
from billing.ledger.admin.forms import WhyForm, ledger_key, posting_look
from billing.ledger.models import HOLDING, LedgerTransaction
from billing.ledger.services import ledger
from billing.usage.models import UsageEvent, UsageStatus
from billing.usage.services import usage
from lad.admin.actions import Look, row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.lists import once_per_row
from lad.admin.permissions import access_of

LOTS = (Column("Credit lot", "lot"), Column("Amount", "amount", amount))


def _may_be_reversed(row: LedgerTransaction) -> bool:
    """Whether the ledger would take it back; money that was spent meanwhile shows on the second look."""
    return (
        row.transaction_type not in HOLDING
        and row.reverses_id is None
        and row.reference_type != "credit_lot"
        and _reversal_of(row) is None
    )


def _reverse_look(row: LedgerTransaction, values: dict[str, Any]) -> Look | None:
    facts = [("Takes back", f"{row.get_transaction_type_display()} {signed(row.amount)}, row {row.wallet_version}")]
    use = _paid_use(row)
    if use is not None:
        facts.append(("Voids", f"the use {use}, which this paid for"))
    return posting_look(row.wallet, values, lambda: _reverse(row, values, None), facts=facts)


def _reverse(row: LedgerTransaction, values: dict[str, Any], actor: Any) -> ledger.Posted | LedgerTransaction:
    """Take the row back; a charge together with the use it paid for, which would be charged by nothing."""
    use = _paid_use(row)
    if use is None:
        return ledger.reverse(transaction=row, key=ledger_key(values), reason=values["reason"], actor=actor)
    usage.void(event=use, reason=values["reason"], actor=actor)
    return _rows_of(row).get(reverses=row)


def _paid_use(row: LedgerTransaction) -> UsageEvent | None:
    uses = UsageEvent.objects.filter(tenant=row.tenant_id, ledger_transaction=row, status=UsageStatus.CHARGED)
    found: UsageEvent | None = uses.first()
    return found


@register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "receipt_long", 20
    list_display = ["movement", "transaction_type", "holder", "after", "cause", "description", "created_at"]
    list_filter = ["transaction_type", "wallet", "created_at"]
    list_select_related = ["wallet__user", "wallet__tenant"]
    search_fields = ["idempotency_key__exact"]
    actions_detail = ["reverse"]
    notes = ["billing/admin/ledger_row.html"]
    fieldsets = [
        (None, {"fields": ["wallet", "transaction_type", "description", "created_by"]}),
        ("Amounts", {"fields": [("before", "movement", "after"), ("reserved", "balance"), "lots"]}),
        ("Cause", {"fields": ["cause", ("reference_type", "reference_id"), "hold", "reversal", "idempotency_key"]}),
        ("Proof", {"fields": ["wallet_version", "entry_hash"]}),
        ("Data", {"fields": ["terms", "metadata"], "classes": ["collapse"]}),
    ]
    readonly_fields = ["before", "movement", "after", "reserved", "balance", "cause", "reversal", "lots"]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        around = {} if row is None else {"earlier": _place(row, -1), "later": _place(row, 1)}
        return super().render_change_form(request, {**context, **around}, *args, **kwargs)

    @display(description="Amount")
    def movement(self, obj: Any) -> str:
        return signed(obj.amount)

    @display(description="Wallet")
    def holder(self, obj: Any) -> str:
        return holder_of(obj.wallet)

    @display(description="Available before")
    def before(self, obj: Any) -> str:
        return amount(obj.balance_before, obj.wallet.currency)

    @display(description="Available after")
    def after(self, obj: Any) -> str:
        return amount(obj.balance_after, obj.wallet.currency)

    @display(description="Reserved after")
    def reserved(self, obj: Any) -> str:
        return amount(obj.reserved_after, obj.wallet.currency)

    @display(description="Balance after")
    def balance(self, obj: Any) -> str:
        return amount(obj.balance_after + obj.reserved_after, obj.wallet.currency)

    @display(description="Caused by")
    def cause(self, obj: Any) -> Any:
        cause = cause_of(obj)
        if cause is None or not cause.url:
            return cause.title if cause else DASH
        return format_html('<a class="lad-link" href="{}">{}</a>', cause.url, cause.title)

    @display(description="Reversal")
    @once_per_row
    def reversal(self, obj: Any) -> Any:
        other, says = (obj.reverses, "Takes back") if obj.reverses_id else (_reversal_of(obj), "Taken back by")
        if other is None:
            return DASH
        url = page_of("ledgertransaction", other.pk)
        return format_html('{} <a class="lad-link" href="{}">{}, row {}</a>', says, url, other, other.wallet_version)

    @display(description="Credit lots")
    def lots(self, obj: Any) -> Any:
        moved = [
            {"lot": format_html('<a class="lad-link" href="{}">{}</a>', page_of("creditlot", key), key), "amount": part}
            for key, part in obj.lot_movements.items()
        ]
        return table(LOTS, moved)

    @row_action(
        "Reverse",
        explanation="A new row takes this one back, from and to the very credit it moved. This one stays as it is. "
        "If it paid for a use, that use is voided with it.",
        form=WhyForm,
        permission="platform",
        when=_may_be_reversed,
        icon="undo",
        danger=True,
        look=_reverse_look,
    )
    def reverse(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:
        posted = _reverse(row, values, access_of(request).user)
        return f"{row} is taken back by row {posted.wallet_version}: {amount(posted.balance_after)} are available."


def _reversal_of(row: LedgerTransaction) -> LedgerTransaction | None:
    found: LedgerTransaction | None = _rows_of(row).filter(reverses=row).first()
    return found


def _place(row: LedgerTransaction, step: int) -> LedgerTransaction | None:
    """The row before (-1) or after (1) this one in the ledger of its wallet."""
    place = row.wallet_version + step
    found: LedgerTransaction | None = _rows_of(row).filter(wallet=row.wallet_id, wallet_version=place).first()
    return found


def _rows_of(row: LedgerTransaction) -> QuerySet[LedgerTransaction]:
    rows: QuerySet[LedgerTransaction] = LedgerTransaction.objects.filter(tenant=row.tenant_id)
    return rows
