"""What goes wrong between LAD and the gateway. Only slugs of the gateway's errors are read, its words are not shown."""

from datetime import datetime
from typing import ClassVar

from campaigns.accounts.models import AccountStatus
from lad.errors import DomainError


class GatewayError(DomainError):
    """The gateway to the network did not do what it was asked. ``account_status`` is what the account becomes."""

    code = "gateway_error"
    status: ClassVar[int] = 502
    title = "The gateway did not answer as it should"
    # An active account is tried again later.
    account_status: AccountStatus = AccountStatus.ACTIVE


class GatewayMissing(GatewayError):
    """LAD's operator has not set up the gateway to LinkedIn, WhatsApp and Instagram yet. Ask them to do it."""

    code = "gateway_missing"
    status = 409


class KeyRefused(GatewayError):
    """The gateway does not accept LAD's key. Ask LAD's operator to check it. Nothing was sent."""

    code = "gateway_key_refused"


class GatewayDown(GatewayError):
    """The gateway to the network cannot be reached. Nothing was sent; LAD tries again."""

    code = "gateway_down"


class AnswerLost(GatewayError):
    """The gateway got the request, but its answer was lost. What it asked for may have happened."""

    code = "gateway_answer_lost"


class AccountTrouble(GatewayError):
    """The account cannot be used until a person acts."""

    code = "account_trouble"
    status = 422
    title = "The account cannot be used"

    def __init__(self, detail: str, account_status: AccountStatus) -> None:
        super().__init__(detail)
        self.account_status = account_status


class LimitMet(GatewayError):
    """The network takes no more of this from the account for now.

    ``period`` is ``day`` or ``week`` if the network counts what was asked, and empty if it asks to slow down.
    """

    code = "network_limit_met"
    status = 429
    title = "Limit of the network reached"

    def __init__(self, kind: str, *, period: str = "", until: datetime | None = None) -> None:
        super().__init__()
        self.kind = kind
        self.period = period
        self.until = until


class Refused(GatewayError):
    """The network does not do this. ``kind`` is the gateway's slug for the reason."""

    code = "network_refused"
    status = 422
    title = "Refused by the network"

    def __init__(self, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
