"""Test WhatsApp numbers of the Cloud API, and let WhatsApp report to LAD."""

from typing import Final

from campaigns.accounts.checks import Checked, Fact, register_check
from campaigns.accounts.models import AccountStatus, ChannelAccount
from campaigns.accounts.providers import WHATSAPP_CLOUD
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels.reported import ADDRESSES, CannotReport, report_address
from campaigns.channels.whatsapp.client import WhatsApp
from campaigns.messages.models import Action
from lad.tenancy.context import require_no_scope

# New conversations in 24 hours. Those without a limit are counted as what one number can carry.
TIERS: Final = {
    "TIER_50": 50,
    "TIER_250": 250,
    "TIER_1K": 1_000,
    "TIER_2K": 2_000,
    "TIER_10K": 10_000,
    "TIER_100K": 100_000,
}
INCOMPLETE: Final = "Enter the access token, the number's id and the id of the WhatsApp business account, then test it."
UNSIGNED: Final = "Without the app secret LAD cannot trust WhatsApp's reports: it learns of no answer. Enter it."
LOW_QUALITY: Final = "People block or report this number. Write to fewer of them, and to those who asked for it."
NOT_VERIFIED: Final = "The number is not verified with WhatsApp. Verify it in WhatsApp Manager."
NOT_PUBLIC: Final = "WhatsApp cannot report to this installation: its public address must begin with https."
QUALITIES: Final = {"GREEN": "High", "YELLOW": "Medium", "RED": "Low", "UNKNOWN": "Not known yet"}


def check(account: ChannelAccount) -> Checked:
    """Ask WhatsApp about the number. Sends nothing."""
    if not account.secret or not account.provider_account_id or not account.provider_parent_id:
        return Checked(AccountStatus.ERROR, INCOMPLETE)
    try:
        number = WhatsApp(account).number()
    except AccountTrouble as error:
        # What passes by itself says nothing of the account.
        status = account.status if error.account_status == AccountStatus.ACTIVE else error.account_status
        return Checked(AccountStatus(status), error.detail)
    tier, quality = str(number.get("messaging_limit_tier") or ""), str(number.get("quality_rating") or "UNKNOWN")
    limit = TIERS.get(tier)
    facts = [
        Fact("number", "Number", str(number.get("display_phone_number") or "")),
        Fact("display_name", "Display name", str(number.get("verified_name") or "")),
        Fact("quality", "Quality", QUALITIES.get(quality, quality)),
        Fact("limit", "New conversations a day", _shown(tier, limit)),
    ]
    notes = []
    if quality == "RED":
        notes.append(LOW_QUALITY)
    if str(number.get("code_verification_status") or "") in ("NOT_VERIFIED", "EXPIRED"):
        notes.append(NOT_VERIFIED)
    if not account.webhook_secret:
        notes.append(UNSIGNED)
    shown = "".join(filter(str.isdigit, str(number.get("display_phone_number") or "")))
    return Checked(
        AccountStatus.ACTIVE,
        facts=tuple(fact for fact in facts if fact.value),
        notes=tuple(notes),
        limits={Action.MESSAGE.value: limit} if limit else {},
        address=f"+{shown}" if shown else "",
    )


def subscribe(account: ChannelAccount) -> str:
    """Let WhatsApp report about the account, and return where. Call it outside any scope.

    Raises CannotReport if LAD cannot be reached or could not trust the reports, and AccountTrouble.
    """
    require_no_scope("WhatsApp is asked to report")
    address = report_address(account)
    if not address:
        raise CannotReport(NOT_PUBLIC)
    if not account.webhook_secret:
        raise CannotReport(UNSIGNED)
    WhatsApp(account).subscribe(address, verify_token(account))
    return address


def verify_token(account: ChannelAccount) -> str:
    """Return the word that WhatsApp brings when it first asks the account's address."""
    return ADDRESSES[WHATSAPP_CLOUD].secrets_of(account.pk)[0]


def _shown(tier: str, limit: int | None) -> str:
    if limit:
        return f"{limit:,}"
    return "No limit" if tier == "TIER_UNLIMITED" else tier


register_check(WHATSAPP_CLOUD, check)
