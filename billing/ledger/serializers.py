"""Ledger transactions and holds as the API returns them. A replayed request gets the same bytes again."""

from typing import Any

from rest_framework import serializers

from billing.ledger.services.ledger import PostedTransaction


class MoneyField(serializers.DecimalField):
    """An amount of money, as text with six decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=18, decimal_places=6, **kwargs)


class PostedTransactionResponse(serializers.Serializer):
    """A transaction of the ledger. ``balance_before`` and ``balance_after`` are available balances."""

    id = serializers.UUIDField()
    wallet = serializers.UUIDField(source="wallet_id")
    wallet_version = serializers.IntegerField(help_text="The transaction's number in the wallet's ledger.")
    transaction_type = serializers.CharField()
    amount = MoneyField(help_text="Negative if it reduces the available balance.")
    balance_before = MoneyField()
    balance_after = MoneyField()
    reserved_after = MoneyField()
    idempotency_key = serializers.CharField()
    created_at = serializers.DateTimeField()


class HoldResponse(serializers.Serializer):
    """A hold and the transaction that changed it."""

    hold = serializers.UUIDField()
    transaction = PostedTransactionResponse()


class HoldCreatedResponse(HoldResponse):
    """A new hold. It expires at ``expires_at`` unless it is captured, released or extended before."""

    expires_at = serializers.DateTimeField()


class HoldExtendedResponse(serializers.Serializer):
    """An extended hold. ``transaction`` is the further reservation, or null without one."""

    hold = serializers.UUIDField()
    lasts_until = serializers.DateTimeField(help_text="The hold lasts at least until this time.")
    transaction = PostedTransactionResponse(allow_null=True)


def hold_data(posted: PostedTransaction) -> dict[str, object]:
    """Return the data of a HoldResponse for a posted transaction of a hold."""
    return {"hold": posted.hold_id, "transaction": posted}
