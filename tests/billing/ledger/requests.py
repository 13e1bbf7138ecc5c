"""Predict how the ledger compares a request with a later one under the same key."""

from typing import Any

from billing.ledger.services.ledger import PostedTransaction, PostingOutcome
from tests.billing.ledger.invariants import Account

NO_DETAILS: dict[str, Any] = {"reference": None, "description": "", "metadata": None}
TERMS = {"priority", "expires_at", "ttl", "until", "hold"}
OUTCOMES = {
    "insufficient_balance": PostingOutcome.INSUFFICIENT,
    "wallet_suspended": PostingOutcome.SUSPENDED,
    "wallet_closed": PostingOutcome.CLOSED,
    "amount_too_large": PostingOutcome.TOO_LARGE,
}
# The ledger names the first of these fields that differs.
COMPARED = ("wallet", "transaction_type", "amount", "reference", "description", "metadata", "terms")


def compared(account: Account, operation: str, arguments: dict[str, Any], posted: PostedTransaction) -> dict[str, Any]:
    """Return the fields of the request that the ledger compares."""
    terms = {name: value for name, value in arguments.items() if name in TERMS and value is not None}
    return {
        **NO_DETAILS,
        "wallet": account.wallet_id,
        "transaction_type": posted.transaction_type,
        "amount": posted.amount,
        "description": arguments.get("reason", ""),
        "terms": terms | ({"reverses": arguments["transaction"]} if operation == "reverse" else {}),
    }


def difference(earlier: dict[str, Any], request: dict[str, Any]) -> str:
    """Return the name of the first field that differs, or an empty string."""
    different = next((name for name in COMPARED if earlier[name] != request[name]), "")
    if different != "terms":
        return different
    return min(term for term in earlier["terms"] | request["terms"] if _term(earlier, term) != _term(request, term))


def _term(request: dict[str, Any], name: str) -> object:
    return request["terms"].get(name)
