"""Test Twilio accounts, and let Twilio report to LAD."""

from collections.abc import Mapping
from typing import Any, Final

from campaigns.accounts.checks import Checked, Fact, register_check
from campaigns.accounts.models import AccountStatus, ChannelAccount
from campaigns.accounts.providers import TWILIO
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels.reported import CannotReport, report_address
from campaigns.channels.sms.client import Twilio
from campaigns.channels.sms.driver import INCOMPLETE, sender_of
from lad.tenancy.context import require_no_scope

NOT_ACTIVE: Final = "The Twilio account is {status}. See Twilio's console, then test the account."
NOT_ITS_NUMBER: Final = "The Twilio account has no number {number}. Correct it, then test the account."
NO_SMS: Final = "The number cannot send SMS. Choose one in Twilio's console that can."
TRIAL: Final = "It is a trial account: it sends only to numbers that are verified in Twilio's console."
NOT_HEARD: Final = "Answers to this number are not reported to LAD yet: let Twilio report them."
NOT_PUBLIC: Final = "Twilio cannot report to this installation: its public address must begin with https."
CAPABILITIES: Final = {"sms": "SMS", "mms": "MMS", "voice": "Calls"}


def check(account: ChannelAccount) -> Checked:
    """Ask Twilio about the account and its number. Sends nothing."""
    if not account.secret or not account.provider_parent_id or not sender_of(account):
        return Checked(AccountStatus.ERROR, INCOMPLETE)
    try:
        return _checked(account, Twilio(account))
    except AccountTrouble as error:
        # What passes by itself says nothing of the account.
        status = account.status if error.account_status == AccountStatus.ACTIVE else error.account_status
        return Checked(AccountStatus(status), error.detail)


def subscribe(account: ChannelAccount) -> str:
    """Let Twilio report answers to the account's number, and return where. Call it outside any scope.

    Raises CannotReport if LAD cannot be reached, and AccountTrouble.
    """
    require_no_scope("Twilio is asked to report")
    address = report_address(account)
    if not address:
        raise CannotReport(NOT_PUBLIC)
    twilio, sender = Twilio(account), sender_of(account)
    if "MessagingServiceSid" in sender:
        twilio.report_service(sender["MessagingServiceSid"], address)
        return address
    number = twilio.number(sender.get("From", ""))
    if number is None:
        raise CannotReport(NOT_ITS_NUMBER.format(number=sender.get("From", "")))
    twilio.report_number(str(number["sid"]), address)
    return address


def _checked(account: ChannelAccount, twilio: Twilio) -> Checked:
    owner = twilio.account()
    status = str(owner.get("status") or "")
    if status != "active":
        return Checked(AccountStatus.ERROR, NOT_ACTIVE.format(status=status))
    facts = [Fact("display_name", "Twilio account", str(owner.get("friendly_name") or ""))]
    notes = [TRIAL] if owner.get("type") == "Trial" else []
    sender = sender_of(account)
    if "MessagingServiceSid" in sender:
        service = twilio.service(sender["MessagingServiceSid"])
        facts.append(Fact("service", "Messaging service", str(service.get("friendly_name") or "")))
        return _with_reports(account, facts, notes, str(service.get("inbound_request_url") or ""), "")
    number = twilio.number(sender["From"])
    if number is None:
        return Checked(AccountStatus.ERROR, NOT_ITS_NUMBER.format(number=sender["From"]), tuple(facts))
    can = number.get("capabilities") if isinstance(number.get("capabilities"), dict) else {}
    facts.append(Fact("capabilities", "The number can", _shown(can or {})))
    if not (can or {}).get("sms"):
        return Checked(AccountStatus.ERROR, NO_SMS, tuple(facts))
    return _with_reports(account, facts, notes, str(number.get("sms_url") or ""), sender["From"])


def _with_reports(
    account: ChannelAccount, facts: list[Fact], notes: list[str], reported_at: str, number: str
) -> Checked:
    address = report_address(account)
    if not address:
        notes = [*notes, NOT_PUBLIC]
    elif reported_at != address:
        notes = [*notes, NOT_HEARD]
    shown = tuple(fact for fact in facts if fact.value)
    return Checked(AccountStatus.ACTIVE, "", shown, tuple(notes), address=number)


def _shown(capabilities: Mapping[str, Any]) -> str:
    return ", ".join(label for key, label in CAPABILITIES.items() if capabilities.get(key)) or "Nothing"


register_check(TWILIO, check)
