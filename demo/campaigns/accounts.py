"""Mailboxes and LinkedIn accounts of the demo's companies."""

from datetime import timedelta
from typing import Final

from campaigns.accounts.models import EmailAccount, LinkedinAccount, LinkedinStatus
from demo.company import DemoCompany, plain

# Mailbox, limit a day, sent today, switched on.
MAILBOXES: Final = {
    "kestrel-analytics": [("hello", 200, 143, True), ("outreach", 150, 150, True), ("events", 80, 0, False)],
    "brightpath-education": [("admissions", 300, 212, True), ("open-days", 120, 18, True)],
}
SMALL: Final = [("lettings", 60, 9, True)]
# What the provider says of each account, in the order of the people; some have lost an account and connected another.
STANDING: Final = {
    "kestrel-analytics": ["active", "active", "checkpoint", "active", "expired", "disconnected"],
    "brightpath-education": ["active", "active", "error", "pending", "revoked"],
}
OFTEN_SENT: Final = 7


def load(company: DemoCompany) -> list[LinkedinAccount]:
    """Make the accounts; returns the LinkedIn accounts that work."""
    today = company.now.date()
    for box, limit, sent, active in MAILBOXES.get(company.slug, SMALL):
        EmailAccount.objects.create(
            **company.born(company.ago(days=110)),
            tenant=company.tenant,
            email=f"{box}@{company.domain}",
            smtp_host=f"smtp.{company.domain}",
            smtp_port=587,
            smtp_username=f"{box}@{company.domain}",
            smtp_password="demo",  # noqa: S106  (of a mailbox that does not exist)
            is_active=active,
            daily_send_limit=limit,
            sent_today=sent,
            last_reset_date=today,
        )
    standing = STANDING.get(company.slug, ["active"])
    return [
        account
        for place, status in enumerate(standing)
        if (account := _profile(company, place, LinkedinStatus(status))).status == LinkedinStatus.ACTIVE
    ]


def _profile(company: DemoCompany, place: int, status: LinkedinStatus) -> LinkedinAccount:
    person = company.team[place % len(company.team)]
    works = status == LinkedinStatus.ACTIVE
    account: LinkedinAccount = LinkedinAccount.objects.create(
        **company.born(company.ago(days=100 - place * 6)),
        tenant=company.tenant,
        account_name=f"{person.first_name} {person.last_name}",
        user=person,
        unipile_account_id=f"{plain(person.first_name)}-{company.random.getrandbits(40):010x}",
        status=status,
        is_active=status != LinkedinStatus.REVOKED,
        session_cookies="li_at=demo" if works else "",
        access_token="demo" if works else "",
        token_expires_at=company.now + timedelta(days=40) if works else None,
        last_verified_at=company.ago(hours=2) if works else company.ago(days=5 + place),
        daily_action_limit=20 if works else 10,
        actions_today=min(OFTEN_SENT + place, 20) if works else 0,
        last_reset_date=company.now.date(),
    )
    return account
