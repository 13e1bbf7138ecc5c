"""What a request asked for, as it is compared with a later one under the same key."""

from typing import Any

from billing.ledger.services.ledger import Outcome, Posted
from tests.billing.ledger.invariants import Account

NOTHING_SAID: dict[str, Any] = {"reference": None, "description": "", "metadata": None}
TERMS = {"priority", "expires_at", "ttl", "until", "hold"}
OUTCOMES = {
    "insufficient_balance": Outcome.INSUFFICIENT,
    "wallet_suspended": Outcome.SUSPENDED,
    "wallet_closed": Outcome.CLOSED,
    "amount_too_large": Outcome.TOO_LARGE,
}
# The first of these in which a request differs from the one its key named before is the one to be told.
COMPARED = ("wallet", "transaction_type", "amount", "reference", "description", "metadata", "terms")


def said(account: Account, operation: str, arguments: dict[str, Any], posted: Posted) -> dict[str, Any]:
    """The request as it is compared with a later one of the same key."""
    terms = {name: value for name, value in arguments.items() if name in TERMS and value is not None}
    return {
        **NOTHING_SAID,
        "wallet": account.wallet_id,
        "transaction_type": posted.transaction_type,
        "amount": posted.amount,
        "description": arguments.get("reason", ""),
        "terms": terms | ({"reverses": arguments["transaction"]} if operation == "reverse" else {}),
    }


def difference(earlier: dict[str, Any], asked: dict[str, Any]) -> str:
    different = next((name for name in COMPARED if earlier[name] != asked[name]), "")
    if different != "terms":
        return different
    return min(term for term in earlier["terms"] | asked["terms"] if _term(earlier, term) != _term(asked, term))


def _term(said: dict[str, Any], name: str) -> Any:
    return said["terms"].get(name)
