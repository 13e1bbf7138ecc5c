"""The demo's mailboxes on the sandbox, tried as LAD tries a mailbox."""

from django.utils import timezone

from campaigns.accounts.mailbox.dns import check_domain
from campaigns.accounts.mailbox.hosts import is_sandbox
from campaigns.accounts.mailbox.testing import try_mailbox
from campaigns.accounts.models import EmailAccount
from demo.campaigns.sandbox import prepare
from tests.support.sandbox import Sandbox


def test_the_demos_mailboxes_can_send_and_be_read_on_the_sandbox(sandbox: Sandbox) -> None:
    addresses = [f"{box}@kestrel.example" for box in ("hello", "outreach")]
    servers = prepare("kestrel-analytics", "kestrel.example", addresses)
    for address in addresses:
        account = EmailAccount(email=address, smtp_username=address, **servers)
        assert is_sandbox(account.smtp_host)
        assert try_mailbox(account).succeeded
    assert len(sandbox.log("sign_in")) == 4
    report = check_domain(addresses[0], now=timezone.now())
    assert {finding["grade"] for finding in report["findings"]} == {"good"}


def test_without_a_sandbox_the_demos_mailboxes_are_nowhere(settings) -> None:
    settings.SANDBOX_URL = ""
    assert prepare("a", "kestrel.example", ["hello@kestrel.example"])["smtp_host"] == "smtp.kestrel.example"
