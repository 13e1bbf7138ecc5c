"""What asking for reveals raises."""

from decimal import Decimal

from lad.errors import Conflict, DomainError
from leads.companies.charging import money


class NotEnoughCredit(DomainError):
    """The credit is not enough. Top up the wallet, or choose fewer people."""

    code = "insufficient_credit"
    status = 402
    title = "Not enough credit"

    def __init__(self, required: Decimal, available: Decimal) -> None:
        super().__init__(
            f"This may cost up to {money(required)}, and {money(available)} are left."
            " Top up the wallet, or choose fewer people.",
            credits_required=str(required),
            credits_available=str(available),
        )


class RevealDecided(Conflict):
    """Nothing is to be decided about this any more. Load it again to see what became of it."""

    code = "reveal_decided"
