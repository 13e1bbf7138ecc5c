"""Take in what Twilio reports about SMS, and work on it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from campaigns.accounts.models import ChannelAccount, NetworkAccount
from campaigns.accounts.providers import TWILIO
from campaigns.channels import incoming as incomings
from campaigns.channels.incoming import Incoming
from campaigns.channels.reported import account_of, own_id
from campaigns.channels.sms import statuses
from campaigns.channels.sms.client import is_service
from campaigns.channels.sms.driver import OWN_ID
from campaigns.channels.sms.statuses import Status, code_of
from campaigns.provider_reports.models import ProviderReport
from campaigns.provider_reports.services import NewReport, processes, take_in
from lad.callback_addresses import CallbackRefused
from lad.twilio_signatures import is_genuine
from leads.channels import Channel

MESSAGE: Final = "message"
STATUS: Final = "status"
SAYS: Final = "opt_out_type"
MAX_MEDIA: Final = 10
# What LAD keeps of a report. The rest, such as where the phone is registered, is not needed.
KEPT: Final = (
    *("MessageSid", "From", "To", "Body", "OptOutType", "MessageStatus", "ErrorCode", "MessagingServiceSid"),
    *("NumMedia", "ProfileName"),
)
Form = Sequence[tuple[str, str]]


def receive(token: str, *, url: str, signature: str, form: Form, own: str, now: datetime) -> int:
    """Take in a report, and return how many were new. ``url`` is the public address that Twilio called.

    ``own`` is LAD's id of the message, as the address has it. Raises CallbackAddressUnknown, and CallbackRefused for
    a report that Twilio did not sign. A report about another account or number is ignored.
    """
    account = account_of(TWILIO, token)
    if not is_genuine(url=url, signature=signature, tokens=tokens_of(account), parameters=form):
        raise CallbackRefused
    values = dict(form)
    report = _report(values, own=own, now=now)
    return take_in(account, [report]) if report is not None and _is_about(account, values) else 0


def tokens_of(account: ChannelAccount) -> list[str]:
    """Return the auth tokens that Twilio may sign with: the account's, and older ones while it is replaced."""
    older = [each.strip() for each in account.webhook_secret.split(",")]
    return [each for each in (account.secret, *older) if each]


def _is_about(account: ChannelAccount, values: Mapping[str, str]) -> bool:
    """Return whether a report is about the account: its Twilio account, and its number or messaging service."""
    if values.get("AccountSid", "") != account.provider_parent_id:
        return False
    if is_service(account):
        service = values.get("MessagingServiceSid", "")
        # A number that was taken out of the service is reported without it.
        return service in ("", account.provider_account_id)
    own_side = values.get("From" if "MessageStatus" in values else "To", "")
    return own_side in (account.address, account.provider_account_id)


def _report(values: Mapping[str, str], *, own: str, now: datetime) -> NewReport | None:
    sid, status = values.get("MessageSid", ""), values.get("MessageStatus", "")
    if not sid:
        return None
    media = _media(values)
    content = {name: values[name] for name in KEPT if values.get(name)}
    if status:
        return NewReport(STATUS, f"{sid}:{status}", content | {OWN_ID: own}, now)
    return NewReport(MESSAGE, sid, content | ({"media": media} if media else {}), now)


def _media(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return references to the pictures and files of a message: addresses that need the account's credentials."""
    number = values.get("NumMedia", "")
    count = min(int(number), MAX_MEDIA) if number.isdecimal() and len(number) < 4 else 0
    return [
        {
            "kind": values.get(f"MediaContentType{place}", "").partition("/")[0] or "file",
            "address": values.get(f"MediaUrl{place}", ""),
            "content_type": values.get(f"MediaContentType{place}", ""),
        }
        for place in range(count)
    ]


@processes(TWILIO)
def process(account: NetworkAccount, given: Sequence[ProviderReport]) -> None:
    """Work on reports of one account, oldest first, in its tenant's scope."""
    _messages(account, [each for each in given if each.kind == MESSAGE])
    statuses.record(account, [_status(each) for each in given if each.kind == STATUS])


def _messages(account: NetworkAccount, given: Sequence[ProviderReport]) -> None:
    incomings.record_incoming(account, [_incoming(each) for each in given])


def _incoming(report: ProviderReport) -> Incoming:
    content = report.content
    metadata = {SAYS: str(content["OptOutType"])} if content.get("OptOutType") else {}
    return incoming(
        sid=str(content["MessageSid"]),
        number=str(content.get("From") or ""),
        body=str(content.get("Body") or ""),
        at=_at(report),
        media=content.get("media") or [],
        name=str(content.get("ProfileName") or ""),
        metadata=metadata,
    )


def incoming(
    *,
    sid: str,
    number: str,
    body: str,
    at: datetime,
    media: Sequence[Mapping[str, str]] = (),
    name: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Incoming:
    """Return a message of a person as all channels take it in."""
    return Incoming(
        channel=Channel.SMS,
        provider_id=sid,
        text=_text(body, media),
        at=at,
        person_id=number.removeprefix("+"),
        address=number,
        name=name,
        chat_id=number.removeprefix("+"),
        metadata={**(metadata or {}), **({"media": list(media)} if media else {})},
    )


def _text(body: str, media: Sequence[Mapping[str, str]]) -> str:
    """Return the text with a word for each picture or file."""
    words = {"image": "Picture", "video": "Video", "audio": "Audio"}
    labels = ", ".join(words.get(each.get("kind", ""), "File") for each in media)
    if not labels:
        return body
    return f"{labels}: {body}" if body.strip() else labels


def _status(report: ProviderReport) -> Status:
    content = report.content
    return Status(
        sid=str(content["MessageSid"]),
        status=str(content.get("MessageStatus") or ""),
        code=code_of(content.get("ErrorCode")),
        to=str(content.get("To") or ""),
        at=_at(report),
        own=own_id(content.get(OWN_ID)),
    )


def _at(report: ProviderReport) -> datetime:
    """Return when the report came: Twilio does not say when it happened."""
    return report.happened_at or timezone.now()
