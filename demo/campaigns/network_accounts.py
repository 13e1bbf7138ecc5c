"""Accounts on WhatsApp, Instagram and SMS in the demo, and what all accounts on networks have done of late."""

from datetime import timedelta
from typing import Any, Final

import httpx2
from django.conf import settings

from campaigns.accounts.models import AccountStatus, ActionCount, ChannelAccount, LinkedinAccount, NetworkAccount
from campaigns.accounts.providers import TWILIO, UNIPILE, WHATSAPP_CLOUD
from campaigns.messages.models import Action
from demo.demo_tenant import DemoTenant, plain
from leads.channels import Channel

TIMEOUT_SECONDS: Final = 10
GAP_SECONDS: Final = 5
# The sandbox knows these: a number of WhatsApp with its business account, and a number for SMS.
CLOUD_NUMBER, CLOUD_BUSINESS = "100000000000001", "200000000000001"
SMS_NUMBER: Final = "+442079460201"
SMS_ACCOUNT: Final = "AC00000000000000000000000000000001"
SECRET: Final = "sandbox"  # noqa: S105  (opens nothing outside)
APP_SECRET: Final = "sandbox-app-secret"  # noqa: S105  (the same)
# Only this tenant's plan has other networks than e-mail and shows each of them.
SHOWN_IN: Final = "kestrel-analytics"
# The states of the gateway by those of accounts.
STATES: Final = {
    AccountStatus.EXPIRED: "CREDENTIALS",
    AccountStatus.ERROR: "ERROR",
    AccountStatus.REVOKED: "STOPPED",
    AccountStatus.PENDING: "CONNECTING",
}
WEEK_OF: Final = {
    Action.INVITATION: (7, 14, 9, 0, 0, 12, 15),
    Action.VISIT: (21, 40, 32, 0, 0, 35, 38),
    Action.MESSAGE: (9, 12, 4, 1, 0, 8, 11),
}


def load(demo: DemoTenant) -> None:
    """Create the accounts, and the counts of those that work."""
    LinkedinAccount.objects.filter(tenant=demo.tenant).update(min_gap_seconds=GAP_SECONDS)
    for account in LinkedinAccount.objects.filter(tenant=demo.tenant):
        enter(account, "LINKEDIN", account.account_name, plain(account.account_name).replace("_", "-"))
        if account.status == AccountStatus.ACTIVE:
            _count(demo, account, account.actions_today)
    if demo.slug != SHOWN_IN:
        return
    whatsapp = _account(
        demo,
        "Office phone",
        Channel.WHATSAPP,
        UNIPILE,
        provider_account_id="kestrel-office-phone",
        address="+12125550142",
        ramp_up_from=demo.now.date() - timedelta(days=4),
        user=demo.team[0],
    )
    instagram = _account(
        demo,
        "kestrel.analytics",
        Channel.WEB,
        UNIPILE,
        provider_account_id="kestrel-instagram",
        address="kestrel.analytics",
        action_limits={Action.FOLLOW.value: {"day": 15, "week": 60}},
    )
    cloud = _account(
        demo,
        "Kestrel on WhatsApp",
        Channel.WHATSAPP,
        WHATSAPP_CLOUD,
        provider_account_id=CLOUD_NUMBER,
        provider_parent_id=CLOUD_BUSINESS,
        secret=SECRET,
        webhook_secret=APP_SECRET,
        base_url=_sandbox("/whatsapp"),
    )
    sms = _account(
        demo,
        "SMS London",
        Channel.SMS,
        TWILIO,
        provider_account_id=SMS_NUMBER,
        provider_parent_id=SMS_ACCOUNT,
        address=SMS_NUMBER,
        secret=SECRET,
        base_url=_sandbox("/twilio"),
    )
    enter(whatsapp, "WHATSAPP", whatsapp.account_name, whatsapp.address)
    enter(instagram, "INSTAGRAM", instagram.account_name, instagram.address)
    for number, account in enumerate((whatsapp, instagram, cloud, sms)):
        _count(demo, account, 6 + 5 * number)


def enter(account: NetworkAccount, network: str, name: str, identifier: str) -> None:
    """Let the sandbox's gateway know the account, in its state. Without a sandbox it does nothing."""
    if not settings.SANDBOX_URL or not settings.UNIPILE_BASE_URL:
        return
    key = account.unipile_account_id if isinstance(account, LinkedinAccount) else account.provider_account_id  # type: ignore[attr-defined]
    values = {"id": key, "type": network, "name": name, "identifier": identifier, "premium": True}
    with httpx2.Client(base_url=settings.SANDBOX_URL, timeout=TIMEOUT_SECONDS, trust_env=False) as client:
        client.post("/unipile/accounts", json=values).raise_for_status()
        if state := STATES.get(AccountStatus(account.status)):
            client.post(f"/unipile/accounts/{key}/state", json={"state": state}).raise_for_status()


def _account(demo: DemoTenant, name: str, channel: Channel, provider: str, **values: Any) -> ChannelAccount:
    return ChannelAccount.objects.create(
        **demo.created(demo.ago(days=40)),
        tenant=demo.tenant,
        account_name=name,
        channel=channel,
        provider=provider,
        status=AccountStatus.ACTIVE,
        last_verified_at=demo.ago(hours=3),
        caught_up_at=demo.ago(days=40),
        heard_at=demo.ago(hours=1),
        # Who tries the demo waits seconds, not minutes.
        min_gap_seconds=GAP_SECONDS,
        **values,
    )


def _sandbox(path: str) -> str:
    return f"{settings.SANDBOX_URL.rstrip('/')}{path}" if settings.SANDBOX_URL else ""


def _count(demo: DemoTenant, account: NetworkAccount, today: int) -> None:
    """Count what the account did on the days of the last week."""
    main = Action.INVITATION if isinstance(account, LinkedinAccount) else Action.MESSAGE
    actions = WEEK_OF if isinstance(account, LinkedinAccount) else {main: WEEK_OF[main]}
    for action, days in actions.items():
        for ago, taken in enumerate(days):
            number = today if action == main and ago == 0 else taken
            if number:
                ActionCount.objects.create(
                    tenant=demo.tenant,
                    account_id=account.pk,
                    action=action,
                    day=demo.now.date() - timedelta(days=ago),
                    taken=number,
                )
