"""Admin pages of ledger transactions: their balances, their cause and how to reverse them."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.decorators import display

from billing.formatting import DASH, Column, amount, signed, table
from billing.ledger.admin.causes import cause_of, page_of
from billing.ledger.admin.forms import ReasonOnceForm, ledger_key, posting_preview
from billing.ledger.extensions import PaidWork, paid_work_sources
from billing.ledger.models import HOLDING, LedgerTransaction
from billing.ledger.services import ledger
from lad.admin.actions import Preview, row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.lists import computed_once
from lad.tenancy.access import access_of
from lad.types import Actor, Values

LOTS = (Column("Credit lot", "lot"), Column("Amount", "amount", amount))


def _may_be_reversed(row: LedgerTransaction) -> bool:
    """Return whether the row can be reversed. Money spent since then shows up in the preview."""
    return (
        row.transaction_type not in HOLDING
        and row.reverses_id is None
        and row.reference_type != "credit_lot"
        and _reversal_of(row) is None
    )


def _reverse_preview(row: LedgerTransaction, values: Values) -> Preview | None:
    facts = [("Reverses", f"{row.get_transaction_type_display()} {signed(row.amount)}, number {row.wallet_version}")]
    paid = _paid_work(row)
    if paid is not None:
        facts.append(("Voids", paid.label))
    return posting_preview(row.wallet, values, lambda: _reverse(row, values, None), facts=facts)


def _reverse(row: LedgerTransaction, values: Values, actor: Actor) -> ledger.PostedTransaction | LedgerTransaction:
    """Reverse a transaction. If it paid for work, void that work, which reverses the charge too."""
    paid = _paid_work(row)
    if paid is None:
        return ledger.reverse(transaction=row, key=ledger_key(values), reason=values["reason"], actor=actor)
    paid.void(values["reason"], actor)
    return _rows_of(row).get(reverses=row)


def _paid_work(row: LedgerTransaction) -> PaidWork | None:
    return next((paid for find in paid_work_sources() if (paid := find(row)) is not None), None)


@register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    area = "billing"
    section, icon, rank = "Billing", "receipt_long", 20
    empty_hint = "Each movement of money in a wallet appears here."
    list_display = ["signed_amount", "transaction_type", "owner", "after", "cause", "description", "created_at"]
    list_filter = ["transaction_type", "wallet", "created_at"]
    list_select_related = ["wallet__user", "wallet__tenant"]
    search_fields = ["idempotency_key__exact"]
    actions_detail = ["reverse"]
    notes = ["billing/ledger/ledger_row.html"]
    fieldsets = [
        (None, {"fields": ["wallet", "transaction_type", "description", "created_by"]}),
        ("Amounts", {"fields": [("before", "signed_amount", "after"), ("reserved", "balance"), "lots"]}),
        ("Cause", {"fields": ["cause", ("reference_type", "reference_id"), "hold", "reversal", "idempotency_key"]}),
        ("Integrity", {"fields": ["wallet_version", "entry_hash"]}),
        ("Data", {"fields": ["terms", "metadata"], "classes": ["collapse"]}),
    ]
    readonly_fields = ["before", "signed_amount", "after", "reserved", "balance", "cause", "reversal", "lots"]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        around = {} if row is None else {"earlier": _neighbour(row, -1), "later": _neighbour(row, 1)}
        return super().render_change_form(request, {**context, **around}, *args, **kwargs)

    @display(description="Amount")
    def signed_amount(self, obj: LedgerTransaction) -> str:
        return signed(obj.amount, obj.wallet.currency)

    @display(description="Wallet")
    def owner(self, obj: LedgerTransaction) -> str:
        return obj.wallet.owner_label

    @display(description="Available before")
    def before(self, obj: LedgerTransaction) -> str:
        return amount(obj.balance_before, obj.wallet.currency)

    @display(description="Available after")
    def after(self, obj: LedgerTransaction) -> str:
        return amount(obj.balance_after, obj.wallet.currency)

    @display(description="Reserved after")
    def reserved(self, obj: LedgerTransaction) -> str:
        return amount(obj.reserved_after, obj.wallet.currency)

    @display(description="Balance after")
    def balance(self, obj: LedgerTransaction) -> str:
        return amount(obj.balance_after + obj.reserved_after, obj.wallet.currency)

    @display(description="Caused by")
    def cause(self, obj: LedgerTransaction) -> str:
        cause = cause_of(obj)
        if cause is None or not cause.url:
            return cause.title if cause else DASH
        return format_html('<a class="lad-link" href="{}">{}</a>', cause.url, cause.title)

    @display(description="Reversal")
    @computed_once
    def reversal(self, obj: LedgerTransaction) -> str:
        other, verb = (obj.reverses, "Reverses") if obj.reverses_id else (_reversal_of(obj), "Reversed by")
        if other is None:
            return DASH
        url = page_of("ledgertransaction", other.pk)
        return format_html('{} <a class="lad-link" href="{}">{}, number {}</a>', verb, url, other, other.wallet_version)

    @display(description="Credit lots")
    def lots(self, obj: LedgerTransaction) -> str:
        moved = [
            {"lot": format_html('<a class="lad-link" href="{}">{}</a>', page_of("creditlot", key), key), "amount": part}
            for key, part in obj.lot_movements.items()
        ]
        return table(LOTS, moved)

    @row_action(
        "Reverse",
        step_up=True,
        explanation="Post a new transaction that reverses this one, on the same credit lots. "
        "If this transaction paid for a use, the use is voided too.",
        form=ReasonOnceForm,
        permission="platform",
        when=_may_be_reversed,
        icon="undo",
        danger=True,
        preview=_reverse_preview,
    )
    def reverse(self, request: HttpRequest, row: LedgerTransaction, values: Values) -> str:
        posted = _reverse(row, values, access_of(request).user)
        return (
            f"{row} is reversed by transaction {posted.wallet_version}. "
            f"The available balance is now {amount(posted.balance_after)}."
        )


def _reversal_of(row: LedgerTransaction) -> LedgerTransaction | None:
    found: LedgerTransaction | None = _rows_of(row).filter(reverses=row).first()
    return found


def _neighbour(row: LedgerTransaction, step: int) -> LedgerTransaction | None:
    """Return the transaction before (-1) or after (1) this one in its wallet's ledger."""
    version = row.wallet_version + step
    found: LedgerTransaction | None = _rows_of(row).filter(wallet=row.wallet_id, wallet_version=version).first()
    return found


def _rows_of(row: LedgerTransaction) -> QuerySet[LedgerTransaction]:
    rows: QuerySet[LedgerTransaction] = LedgerTransaction.objects.filter(tenant=row.tenant_id)
    return rows
