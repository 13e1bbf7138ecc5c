"""One attempt to connect an account: what it waits for, and until when. It is kept in the account's ``checkpoint``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from campaigns.accounts.models import ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.providers import UNIPILE
from campaigns.gateways.unipile.accounts import Checkpoint, GatewayAccount, Network, SignedIn
from lad.errors import Conflict
from leads.channels import Channel

LINK_HOLDS: Final = timedelta(hours=1)
# The gateway waits five minutes for an answer.
CHECKPOINT_HOLDS: Final = timedelta(minutes=5)
# WhatsApp shows a code for about that long.
QR_HOLDS: Final = timedelta(seconds=45)
# Codes that are shown one after another before somebody has to ask for more.
MAX_QR_CODES: Final = 6
NETWORKS: Final[Mapping[str, Network]] = {
    Channel.LINKEDIN: "LINKEDIN",
    Channel.WHATSAPP: "WHATSAPP",
    Channel.WEB: "INSTAGRAM",
}
NAMES: Final[Mapping[str, str]] = {"LINKEDIN": "LinkedIn", "WHATSAPP": "WhatsApp", "INSTAGRAM": "Instagram"}


class NotThroughTheGateway(Conflict):
    """This account is not connected through the gateway. Enter its keys on its page instead."""

    code = "not_through_the_gateway"


class NoAttempt(Conflict):
    """Nothing waits for an answer. Start connecting again."""

    code = "no_attempt"


class Waits(StrEnum):
    """What an attempt waits for."""

    LINK = "link"
    QR = "qr"
    CODE = "code"
    PHONE = "phone"
    APP = "app"
    # The gateway's own page can do it, LAD cannot.
    PAGE = "page"


# The gateway's words for checkpoints.
CHECKPOINTS: Final[Mapping[str, Waits]] = {
    "QRCODE": Waits.QR,
    "2FA": Waits.CODE,
    "OTP": Waits.CODE,
    "PHONE_REGISTER": Waits.PHONE,
    "IN_APP_VALIDATION": Waits.APP,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt. ``account_id`` is the gateway's, as soon as it is known; ``key`` tells attempts apart."""

    key: str
    waits: Waits
    expires_at: datetime
    account_id: str = ""
    kind: str = ""
    qr: str = ""
    shown: int = 1
    again: bool = False

    def is_over(self, now: datetime) -> bool:
        return now >= self.expires_at

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "waits": self.waits.value, "expires_at": self.expires_at.isoformat()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway said: an attempt that waits, or the connected account. ``key`` is that of the attempt.

    ``begins`` is set for the first answer of an attempt, which replaces an older one. ``ended`` says why the attempt
    is over without success. ``link`` is the gateway's page.
    """

    key: str
    begins: bool = False
    attempt: Attempt | None = None
    account: GatewayAccount | None = None
    ended: str = ""
    link: str = ""


def attempt_of(account: NetworkAccount) -> Attempt | None:
    """Return the attempt that is under way, which may be over by time."""
    kept = account.checkpoint
    if "expires_at" not in kept or kept.get("waits") not in set(Waits):
        return None
    expires_at = datetime.fromisoformat(kept["expires_at"])
    known = {name: kept[name] for name in Attempt.__dataclass_fields__ if name in kept}
    return Attempt(**{**known, "waits": Waits(kept["waits"]), "expires_at": expires_at})


def attempt_after(signed_in: SignedIn, checkpoint: Checkpoint, before: Attempt, now: datetime) -> Attempt:
    """Return the attempt that waits for a checkpoint."""
    waits = CHECKPOINTS.get(checkpoint.kind, Waits.PAGE)
    holds = QR_HOLDS if waits == Waits.QR else CHECKPOINT_HOLDS
    return replace(
        before,
        waits=waits,
        expires_at=now + holds,
        account_id=signed_in.account_id or before.account_id,
        kind=checkpoint.kind,
        qr=checkpoint.qr,
    )


def network_of(account: NetworkAccount) -> Network:
    """Return the account's network as the gateway calls it. Raises NotThroughTheGateway."""
    if isinstance(account, ChannelAccount):
        if account.provider != UNIPILE or account.channel not in NETWORKS:
            raise NotThroughTheGateway
        return NETWORKS[account.channel]
    return NETWORKS[Channel.LINKEDIN]


def gateway_id(account: NetworkAccount) -> str:
    """Return the account's id at its provider; empty until it is connected."""
    assert isinstance(account, LinkedinAccount | ChannelAccount)  # there are two kinds
    return account.unipile_account_id if isinstance(account, LinkedinAccount) else account.provider_account_id


def gateway_column(model: type[NetworkAccount]) -> str:
    """Return the column that holds the id at the provider."""
    return "unipile_account_id" if model is LinkedinAccount else "provider_account_id"
