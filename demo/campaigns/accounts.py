"""E-mail and LinkedIn accounts of the demo's tenants."""

from datetime import timedelta
from typing import Final

from campaigns.accounts.models import AccountStatus, EmailAccount, EmailAccountStatus, LinkedinAccount
from demo.campaigns import sandbox
from demo.demo_tenant import DemoTenant, plain

# Mailbox, daily limit, sent today, active.
MAILBOXES: Final = {
    "kestrel-analytics": [("hello", 200, 143, True), ("outreach", 150, 150, True), ("events", 80, 0, False)],
    "brightpath-education": [("admissions", 300, 212, True), ("open-days", 120, 18, True)],
}
DEFAULT_MAILBOXES: Final = [("lettings", 60, 9, True)]
# Mailboxes that were in use and have a problem now, with what the server said. The last two are still active.
TROUBLED: Final = {
    EmailAccountStatus.CONNECTED: "",
    EmailAccountStatus.SIGN_IN_FAILED: "The server refused the password. Enter the new one.",
    EmailAccountStatus.REVOKED: "The access was withdrawn at the provider. Connect the mailbox again.",
    EmailAccountStatus.UNREACHABLE: "The server did not answer for two days. Check its name and port.",
    EmailAccountStatus.PAUSED: "A colleague paused it while the list is being checked.",
    EmailAccountStatus.HALTED: (
        "12 of the last 200 messages bounced, more than the 10 that you allow. Check where the addresses come from,"
        " then press Resume on the account's page."
    ),
}
# Bounces of the account that was stopped for them: the count of messages at which each came.
BOUNCED_AT: Final = list(range(790, 910, 10))
MESSAGES_SENT: Final = 940
# The status of each account, in the order of the team. Some users have connected a second account.
STATUSES: Final = {
    "kestrel-analytics": ["active", "active", "checkpoint", "active", "expired", "disconnected"],
    "brightpath-education": ["active", "active", "error", "pending", "revoked"],
}
ACTIONS_TODAY: Final = 7


def load(demo: DemoTenant) -> list[LinkedinAccount]:
    """Create the accounts. Return the LinkedIn accounts that work."""
    today = demo.now.date()
    mailboxes = MAILBOXES.get(demo.slug, DEFAULT_MAILBOXES)
    servers = sandbox.prepare(demo.slug, demo.domain, [f"{box}@{demo.domain}" for box, *_ in mailboxes])
    for box, limit, sent, active in mailboxes:
        EmailAccount.objects.create(
            **demo.created(demo.ago(days=110)),
            tenant=demo.tenant,
            email=f"{box}@{demo.domain}",
            smtp_username=f"{box}@{demo.domain}",
            **servers,
            is_active=active,
            daily_send_limit=limit,
            sent_today=sent,
            last_reset_date=today,
        )
    for status, reason in TROUBLED.items() if demo.slug in MAILBOXES else ():
        EmailAccount.objects.create(
            **demo.created(demo.ago(days=60)),
            tenant=demo.tenant,
            email=f"{plain(status)}@{demo.domain}".replace("_", "-"),
            smtp_username=f"{plain(status)}@{demo.domain}".replace("_", "-"),
            **{**servers, "status": status},
            status_reason=reason,
            is_active=status in (EmailAccountStatus.PAUSED, EmailAccountStatus.HALTED),
            messages_sent=MESSAGES_SENT,
            health={"bounces": BOUNCED_AT} if status == EmailAccountStatus.HALTED else {},
        )
    statuses = STATUSES.get(demo.slug, ["active"])
    return [
        account
        for number, status in enumerate(statuses)
        if (account := _profile(demo, number, AccountStatus(status))).status == AccountStatus.ACTIVE
    ]


def _profile(demo: DemoTenant, number: int, status: AccountStatus) -> LinkedinAccount:
    person = demo.team[number % len(demo.team)]
    works = status == AccountStatus.ACTIVE
    return LinkedinAccount.objects.create(
        **demo.created(demo.ago(days=100 - number * 6)),
        tenant=demo.tenant,
        account_name=f"{person.first_name} {person.last_name}",
        user=person,
        unipile_account_id=f"{plain(person.first_name)}-{demo.random.getrandbits(40):010x}",
        status=status,
        is_active=status != AccountStatus.REVOKED,
        session_cookies="li_at=demo" if works else "",
        access_token="demo" if works else "",
        token_expires_at=demo.now + timedelta(days=40) if works else None,
        last_verified_at=demo.ago(hours=2) if works else demo.ago(days=5 + number),
        daily_action_limit=20 if works else 10,
        actions_today=min(ACTIONS_TODAY + number, 20) if works else 0,
        last_reset_date=demo.now.date(),
    )
