"""Work on what the gateway reported: messages, reading, connections, and the state of accounts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from campaigns.accounts import network_status
from campaigns.accounts.models import NetworkAccount
from campaigns.accounts.providers import UNIPILE
from campaigns.channels.gateway.accounts import gateway_of
from campaigns.channels.gateway.states import UNKNOWN_ACCOUNT, Said, said_by, status_of
from campaigns.channels.incoming import Incoming, Progress, record_incoming, record_progress
from campaigns.gateways.unipile.errors import AccountTrouble, Refused
from campaigns.messages.models import MessageEventKind
from campaigns.network_contacts.services import channel_of, record_connected
from campaigns.provider_reports.models import ProviderReport
from campaigns.provider_reports.services import prepares, processes
from leads.channels import Channel

PROGRESS: Final = {
    "message_read": MessageEventKind.OPENED,
    "message_delivered": MessageEventKind.DELIVERED,
}
# Ends the ids of groups on WhatsApp.
GROUP: Final = "@g.us"


@prepares(UNIPILE)
def ask_for_states(account: NetworkAccount, reports: Sequence[ProviderReport]) -> Mapping[UUID, Mapping[str, Any]]:
    """Ask the gateway for the state of the account if a report is about it: reports may be late, and swapped."""
    about = [report for report in reports if report.kind == "account_status"]
    if not about:
        return {}
    try:
        states = gateway_of(account).states()
    except (AccountTrouble, Refused):
        states = [UNKNOWN_ACCOUNT]
    return {report.pk: {"states": states} for report in about}


@processes(UNIPILE)
def process(account: NetworkAccount, reports: Sequence[ProviderReport]) -> None:
    """Work on reports of one account, in the scope of its tenant."""
    _connect(account, [report for report in reports if report.kind == "new_relation"])
    incoming = [incoming_of(account, each) for each in reports if each.kind == "message_received"]
    record_incoming(account, [each for each in incoming if each is not None])
    # Reading by the owner on another device is reported, too; only messages that LAD sent have progress.
    progress = [
        Progress(str(each.content.get("message_id") or ""), PROGRESS[each.kind], _at(each))
        for each in reports
        if each.kind in PROGRESS and _is_own(each.content)
    ]
    if progress:
        record_progress(account, progress)
    if states := [report for report in reports if report.kind == "account_status"]:
        _keep_state(account, states[-1])


def incoming_of(account: NetworkAccount, report: ProviderReport) -> Incoming | None:
    """Return the message that a report tells of, or None for one in a group."""
    told = report.content
    owner_id = str(told.get("owner_id") or "")
    others = [each for each in told.get("attendees") or [] if each.get("id") and each["id"] != owner_id]
    if len({each["id"] for each in others}) > 1 or str(told.get("chat") or "").endswith(GROUP):
        return None
    own = _is_own(told)
    person = (others[0] if others else {}) if own else (told.get("sender") or {})
    channel = channel_of(account)
    return Incoming(
        channel=channel,
        provider_id=str(told.get("message_id") or ""),
        text=str(told.get("text") or ""),
        at=_at(report),
        person_id=str(person.get("id") or ""),
        address=address_of(channel, person),
        name=str(person.get("name") or ""),
        chat_id=str(told.get("chat_id") or ""),
        is_own=own,
    )


def address_of(channel: Channel, person: Mapping[str, Any]) -> str:
    """Return somebody's number or profile address from what the gateway says of them."""
    if channel == Channel.WHATSAPP:
        number = str(person.get("phone") or str(person.get("id") or "").partition("@")[0])
        return f"+{number.lstrip('+')}" if number.lstrip("+").isdecimal() else ""
    return str(person.get("url") or "")


def _connect(account: NetworkAccount, reports: Sequence[ProviderReport]) -> None:
    people = {str(each.content["person_id"]): _at(each) for each in reports if each.content.get("person_id")}
    if people:
        record_connected(account, people)


def _keep_state(account: NetworkAccount, report: ProviderReport) -> None:
    """Keep the account's state as the gateway says it is now."""
    said: Said = status_of(report.content.get("states") or [], said_by(str(report.content.get("status") or "")))
    if said.status is not None:
        network_status.record(account, said.status, said.reason)


def _is_own(told: Mapping[str, Any]) -> bool:
    """Return whether the account's owner wrote the message. The two ids say it; the flag is not always right."""
    owner_id = str(told.get("owner_id") or "")
    sender_id = str((told.get("sender") or {}).get("id") or "")
    return owner_id == sender_id if owner_id and sender_id else bool(told.get("is_sender"))


def _at(report: ProviderReport) -> datetime:
    return report.happened_at or report.created_at
