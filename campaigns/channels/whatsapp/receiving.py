"""Take in what WhatsApp reports, and work on it."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from campaigns.accounts import network_status
from campaigns.accounts.checks import with_limits
from campaigns.accounts.models import AccountStatus, ChannelAccount, NetworkAccount
from campaigns.accounts.providers import WHATSAPP_CLOUD
from campaigns.accounts.whatsapp_templates import keep_status
from campaigns.channels import incoming as incomings
from campaigns.channels import opting_out
from campaigns.channels.incoming import Progress
from campaigns.channels.opt_out_words import Wish
from campaigns.channels.reported import ADDRESSES, account_of, adopt, bounced, own_id
from campaigns.channels.whatsapp import reports
from campaigns.channels.whatsapp.connecting import LOW_QUALITY, TIERS
from campaigns.channels.whatsapp.errors import STOPPED_MARKETING, Problem, problem_of
from campaigns.channels.whatsapp.incoming import incoming_of
from campaigns.channels.whatsapp.templates import reason_of, status_of
from campaigns.messages.models import Action, MessageEventKind
from campaigns.provider_reports.models import ProviderReport
from campaigns.provider_reports.services import processes, take_in
from lad.callback_addresses import CallbackRefused
from lad.tenancy.context import tenant_context
from leads.channels import Channel
from leads.contacts.models import Lead

PROGRESS: Final = {
    "delivered": MessageEventKind.DELIVERED,
    "read": MessageEventKind.OPENED,
    "played": MessageEventKind.OPENED,
    "failed": MessageEventKind.BOUNCED,
}
LOCKED: Final = "WhatsApp has locked the business account. See WhatsApp Manager for what to do, then test this account."
RESTRICTED: Final = (
    "WhatsApp restricts the business account: {restriction}. See WhatsApp Manager for what to do, then test this"
    " account."
)
LOCKING: Final = frozenset({"DISABLED_UPDATE", "ACCOUNT_DELETED", "PARTNER_REMOVED", "ACCOUNT_OFFBOARDED"})


def verify(token: str, *, mode: str, word: str) -> None:
    """Answer WhatsApp's question whether an address is the account's. Raises CallbackAddressUnknown, CallbackRefused.

    The word is right under any of LAD's keys, because WhatsApp may have been told it under an older one.
    """
    account = account_of(WHATSAPP_CLOUD, token)
    known = ADDRESSES[WHATSAPP_CLOUD].secrets_of(account.pk)
    if mode != "subscribe" or not any(hmac.compare_digest(word.encode(), each.encode()) for each in known):
        raise CallbackRefused


def receive(token: str, *, body: bytes, signature: str) -> int:
    """Take in a delivery, and return how many reports were new. Raises CallbackAddressUnknown, CallbackRefused.

    The app's secret proves that WhatsApp says it. What it says is heeded for numbers of the same business account,
    of the same tenant; the rest is ignored.
    """
    account = account_of(WHATSAPP_CLOUD, token)
    if not reports.is_genuine(body, signature, account.webhook_secret):
        raise CallbackRefused
    found = reports.read(body)
    new = 0
    for each in _numbers(account) if found else ():
        business = each.provider_parent_id
        about = [one.report for one in found if one.is_about(each.provider_account_id, business, each.address)]
        new += take_in(each, about)
    return new


def _numbers(account: ChannelAccount) -> Sequence[ChannelAccount]:
    """Return the account and the other numbers of its business account in its tenant."""
    if not account.provider_parent_id:
        return [account]
    with tenant_context(account.tenant_id):
        rows = ChannelAccount.objects.filter(provider=WHATSAPP_CLOUD, provider_parent_id=account.provider_parent_id)
        return [account, *rows.exclude(pk=account.pk)]


@processes(WHATSAPP_CLOUD)
def process(account: NetworkAccount, given: Sequence[ProviderReport]) -> None:
    """Work on reports of one account, oldest first, in its tenant's scope."""
    assert isinstance(account, ChannelAccount)  # no other accounts have this provider
    _messages(account, [each for each in given if each.kind in (reports.MESSAGE, reports.ECHO)])
    _statuses(account, [each for each in given if each.kind == reports.STATUS])
    for report in given:
        if report.kind in _ABOUT_THE_ACCOUNT:
            _ABOUT_THE_ACCOUNT[report.kind](account, report.content, _at(report))


def _messages(account: ChannelAccount, given: Sequence[ProviderReport]) -> None:
    translated = [incoming_of(each.content, at=_at(each), is_own=each.kind == reports.ECHO) for each in given]
    incomings.record_incoming(account, [each for each in translated if each is not None])


def _statuses(account: ChannelAccount, given: Sequence[ProviderReport]) -> None:
    adopt(account, dict(pair for each in given if (pair := _named(each.content)) is not None))
    progress = [
        Progress(str(each.content["id"]), kind, _at(each), _detail(each.content))
        for each in given
        if (kind := PROGRESS.get(str(each.content.get("status")))) is not None
    ]
    if progress:
        bounced(incomings.record_progress(account, progress), "WhatsApp")
    for each in given:
        if _problem(each.content).code == STOPPED_MARKETING:
            _heed_number(account, each.content.get("recipient_id"), Wish.STOP, _at(each), "stopped marketing")


def _named(content: Mapping[str, Any]) -> tuple[UUID, str] | None:
    """Return LAD's and WhatsApp's id of the message that a status is about, if it brings both."""
    key = own_id(content.get("biz_opaque_callback_data"))
    return None if key is None else (key, str(content["id"]))


def _detail(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a status says beside itself. A failure that says nothing about the number is no hard bounce."""
    if content.get("status") != "failed":
        return {}
    problem = _problem(content)
    return {
        "severity": "hard" if problem.bounce else "block",
        "sentence": problem.sentence,
        "code": problem.code,
    }


def _problem(content: Mapping[str, Any]) -> Problem:
    errors = content.get("errors")
    return problem_of(errors[0] if isinstance(errors, list) and errors else None)


def _preference(account: ChannelAccount, content: Mapping[str, Any], at: datetime) -> None:
    """Heed what somebody chose in WhatsApp about marketing messages of this account."""
    wish = {"stop": Wish.STOP, "resume": Wish.START}.get(str(content.get("value") or "").lower())
    if wish is not None:
        _heed_number(account, content.get("wa_id"), wish, at, f"{content.get('value')} in WhatsApp")


def _heed_number(account: ChannelAccount, person: object, wish: Wish, at: datetime, words: str) -> None:
    digits = str(person or "").lstrip("+")
    if not digits:
        return
    rows = Lead.objects.filter(network_contacts__channel_account=account.pk, network_contacts__provider_id=digits)
    opting_out.heed([opting_out.Request(Channel.WHATSAPP, wish, f"+{digits}", words, at, rows.first())])


def _template(account: ChannelAccount, content: Mapping[str, Any], at: datetime) -> None:
    status = status_of(content.get("event"))
    if status is None:
        return
    more = content.get("other_info")
    described = str(more.get("description") or "") if isinstance(more, dict) else ""
    keep_status(
        account,
        name=str(content.get("message_template_name") or ""),
        language=str(content.get("message_template_language") or ""),
        status=status,
        reason=described or reason_of(content.get("reason")),
        now=at,
    )


def _quality(account: ChannelAccount, content: Mapping[str, Any], at: datetime) -> None:
    """Keep the number's quality and its limit of new conversations, as far as the report is not an old one."""
    event, tier = str(content.get("event") or ""), str(content.get("current_limit") or "")
    low = {"FLAGGED": True, "DOWNGRADE": True, "UNFLAGGED": False, "UPGRADE": False}.get(event)
    facts: dict[str, object] = {"quality_event": event, "tier": tier}
    if low is not None:
        facts["warning"] = LOW_QUALITY if low else ""
    _keep_health(account, facts, TIERS.get(tier), at)


def _capability(account: ChannelAccount, content: Mapping[str, Any], at: datetime) -> None:
    limit = content.get("max_daily_conversation_per_phone")
    if isinstance(limit, int):
        _keep_health(account, {"max_daily_conversations": limit}, limit if limit > 0 else None, at)


def _keep_health(account: ChannelAccount, facts: Mapping[str, object], limit: int | None, at: datetime) -> None:
    row = ChannelAccount.objects.select_for_update(no_key=True).filter(pk=account.pk).first()
    if row is None or str(row.health.get("quality_at", "")) > at.isoformat():
        return
    values: dict[str, Any] = {"health": {**row.health, **facts, "quality_at": at.isoformat()}}
    if limit:
        values["learned_limits"] = with_limits(row.learned_limits, {Action.MESSAGE.value: limit}, at)
    ChannelAccount.objects.filter(pk=row.pk).update(**values)


def _account(account: ChannelAccount, content: Mapping[str, Any], at: datetime) -> None:
    """Keep that WhatsApp has locked or restricted the business account, or lets it go on."""
    event, decision = str(content.get("event") or ""), str(content.get("decision") or "")
    ban = content.get("ban_info")
    state = str(ban.get("waba_ban_state") or "") if isinstance(ban, dict) else ""
    known = account.last_verified_at
    if known is not None and known > at:
        return  # the account was tested since
    if state == "REINSTATE" or decision == "APPROVED":
        if account.status == AccountStatus.ERROR:
            network_status.record(account, AccountStatus.ACTIVE)
    elif state == "DISABLE" or event in LOCKING or decision == "REJECTED":
        network_status.record(account, AccountStatus.ERROR, LOCKED)
    elif event == "ACCOUNT_RESTRICTION":
        found = content.get("restriction_info")
        kinds = [str(each.get("restriction_type") or "") for each in found] if isinstance(found, list) else []
        words = ", ".join(each.replace("_", " ").lower() for each in kinds if each) or "see there"
        network_status.record(account, AccountStatus.ERROR, RESTRICTED.format(restriction=words))


def _at(report: ProviderReport) -> datetime:
    """Return when it happened, but never in the future: providers' clocks differ."""
    now = timezone.now()
    return min(report.happened_at or now, now)


_ABOUT_THE_ACCOUNT: Final[Mapping[str, Callable[[ChannelAccount, Mapping[str, Any], datetime], None]]] = {
    reports.PREFERENCE: _preference,
    reports.TEMPLATE: _template,
    reports.QUALITY: _quality,
    reports.CAPABILITY: _capability,
    reports.ACCOUNT: _account,
}
