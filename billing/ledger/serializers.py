"""Movements of the ledger as the API answers them: the same bytes at the first call and at every later one."""

from typing import Any

from rest_framework import serializers

from billing.ledger.services.ledger import Posted


class MoneyField(serializers.DecimalField):
    """An amount of money, as text with six decimals."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=18, decimal_places=6, **kwargs)


class PostedAnswer(serializers.Serializer):
    """One row of the ledger. ``balance_before`` and ``balance_after`` are what could be spent around it."""

    id = serializers.UUIDField()
    wallet = serializers.UUIDField(source="wallet_id")
    wallet_version = serializers.IntegerField(help_text="Its place in the wallet's ledger.")
    transaction_type = serializers.CharField()
    amount = MoneyField(help_text="Negative when it takes from what can be spent.")
    balance_before = MoneyField()
    balance_after = MoneyField()
    reserved_after = MoneyField()
    idempotency_key = serializers.CharField()
    created_at = serializers.DateTimeField()


class HoldAnswer(serializers.Serializer):
    """What became of a hold, and the row of the ledger that says so."""

    hold = serializers.UUIDField()
    transaction = PostedAnswer()


class ReservedAnswer(HoldAnswer):
    """A new hold: it ends at ``expires_at`` unless it is captured, released or extended before."""

    expires_at = serializers.DateTimeField()


class ExtendedAnswer(serializers.Serializer):
    """A hold that lasts longer; ``transaction`` is what was set aside besides, if anything."""

    hold = serializers.UUIDField()
    lasts_until = serializers.DateTimeField(help_text="At least until then.")
    transaction = PostedAnswer(allow_null=True)


def hold_answer(posted: Posted, **more: Any) -> dict[str, Any]:
    """The body that tells of a movement of a hold."""
    return {"hold": posted.hold_id, "transaction": posted, **more}
