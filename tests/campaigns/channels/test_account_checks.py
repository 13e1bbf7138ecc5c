"""Accounts are tested by asking their provider, and what it says is kept."""

from typing import Any

import pytest

from campaigns.accounts import checks
from campaigns.accounts.models import AccountStatus, ChannelAccount
from campaigns.channels.reported import CannotReport, report_address
from campaigns.channels.sms import connecting as sms
from campaigns.channels.whatsapp import connecting as whatsapp_accounts
from lad.tenancy.context import platform_context, tenant_context
from tests.campaigns.channels.texting import (  # noqa: F401  (fixtures)
    ACCOUNT_SID,
    NUMBER_ID,
    SMS_NUMBER,
    WHATSAPP_NUMBER,
    open_policy,
    reported,
    twilio,
    whatsapp,
)
from tests.support.database import stored
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db


def facts(found: checks.Checked) -> dict[str, str]:
    return {each.key: each.value for each in found.facts}


def test_a_whatsapp_number_shows_its_name_quality_and_limit(sandbox: Sandbox, whatsapp: ChannelAccount) -> None:  # noqa: F811
    sandbox.call("POST", f"/networks/accounts/{NUMBER_ID}", json={"quality": "RED", "tier": "TIER_10K"})
    found = checks.check(whatsapp)
    assert found.succeeded
    assert facts(found) == {
        "number": WHATSAPP_NUMBER,
        "display_name": "Kestrel Example",
        "quality": "Low",
        "limit": "10,000",
    }
    assert found.notes == (whatsapp_accounts.LOW_QUALITY,)
    with tenant_context(whatsapp.tenant_id):
        checks.keep(whatsapp, found)
    account = stored(whatsapp)
    assert account.learned_limits["message"]["day"] == 10_000
    assert ["quality", "Quality", "Low"] in account.health["facts"]
    assert account.last_verified_at is not None


def test_a_twilio_number_shows_what_it_can_and_whether_lad_hears_of_answers(
    sandbox: Sandbox,
    twilio: ChannelAccount,  # noqa: F811
) -> None:
    found = checks.check(twilio)
    assert found.succeeded
    assert facts(found)["capabilities"] == "SMS, Calls"
    assert found.notes == ()
    elsewhere = {"webhook": "https://elsewhere.example/sms"}
    sandbox.call("POST", f"/networks/accounts/{twilio.provider_parent_id}", json=elsewhere)
    assert checks.check(twilio).notes == (sms.NOT_HEARD,)


@pytest.mark.parametrize("name", ["whatsapp", "twilio"])
def test_a_wrong_token_is_told_with_what_to_do(name: str, request: Any) -> None:
    account: ChannelAccount = request.getfixturevalue(name)
    account.secret = "guess"
    found = checks.check(account)
    assert found.status == AccountStatus.EXPIRED
    assert "test" in found.reason


@pytest.mark.parametrize("name", ["whatsapp", "twilio"])
def test_a_provider_that_is_down_says_nothing_of_the_account(name: str, request: Any) -> None:
    account: ChannelAccount = request.getfixturevalue(name)
    account.base_url = "http://127.0.0.1:1"
    found = checks.check(account)
    assert (found.status, found.reason.endswith("cannot be reached. LAD tries again.")) == (AccountStatus.ACTIVE, True)


@pytest.mark.parametrize("name", ["whatsapp", "twilio"])
def test_an_account_that_is_not_complete_says_what_is_missing(name: str, request: Any) -> None:
    account: ChannelAccount = request.getfixturevalue(name)
    account.secret = ""
    found = checks.check(account)
    assert found.status == AccountStatus.ERROR
    assert found.reason.startswith("Enter the")


def test_a_number_that_is_not_the_accounts_is_told(sandbox: Sandbox, twilio: ChannelAccount) -> None:  # noqa: F811
    sandbox.call("POST", f"/networks/accounts/{ACCOUNT_SID}", json={"numbers": ["+12125550201"]})
    found = checks.check(twilio)
    assert (found.status, SMS_NUMBER in found.reason) == (AccountStatus.ERROR, True)


def test_a_result_is_not_kept_for_an_account_that_was_changed_meanwhile(twilio: ChannelAccount) -> None:  # noqa: F811
    found = checks.check(twilio)
    with platform_context():
        ChannelAccount.all_objects.update(provider_account_id="+12125550201")
    with tenant_context(twilio.tenant_id), pytest.raises(checks.AccountChanged):
        checks.keep(twilio, found)


def test_a_provider_without_a_test_is_told() -> None:
    with pytest.raises(checks.NoTest):
        checks.check(ChannelAccount(provider="nobody"))


def test_without_https_a_real_provider_is_given_no_address(twilio: ChannelAccount, settings: Any) -> None:  # noqa: F811
    assert report_address(twilio).startswith(settings.PUBLIC_URL)
    twilio.base_url = ""
    settings.PUBLIC_URL = "http://lad.example"
    assert report_address(twilio) == ""
    with pytest.raises(CannotReport):
        sms.subscribe(twilio)
    settings.PUBLIC_URL = "https://lad.example"
    assert report_address(twilio).startswith("https://lad.example/api/v1/provider-reports/twilio/")
