"""Links of messages: signed, for one purpose, without a name in them, and tracked only where a campaign tracks."""

import re
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import override_settings

from campaigns.channels.email.links import LinkInvalid, LinkPurpose, make_token, read_token
from campaigns.channels.email.tracking import with_tracking
from campaigns.channels.email.unsubscribing import unsubscribe_links
from campaigns.design.models import Campaign
from campaigns.messages.models import Message
from lad.tenancy.context import platform_context
from tests.factories.campaigns import CampaignFactory, EmailAccountFactory, MessageFactory

HTML = '<p>See <a class="x" href="https://acme.test/offer?a=1&amp;b=2">the offer</a>.</p>'


@pytest.fixture
def message(tenant: Any) -> Message:
    with platform_context(tenant_id=tenant.pk):
        account = EmailAccountFactory.create(email="maya@acme.test", tracking_domain="links.acme.test")
        return MessageFactory.create(email_account=account, to_address="kim@northwind.test")


@pytest.fixture
def tracking(tenant: Any) -> Campaign:
    with platform_context(tenant_id=tenant.pk):
        return CampaignFactory.create(config={"tracking": {"opens": True, "clicks": True}})


def test_a_token_is_read_for_its_purpose_only(message: Message) -> None:
    token = make_token(LinkPurpose.CLICK, message, target="https://acme.test/")
    claim = read_token(LinkPurpose.CLICK, token)
    assert (claim.tenant_id, claim.message_id, claim.target) == (message.tenant_id, message.pk, "https://acme.test/")
    for purpose in (LinkPurpose.OPEN, LinkPurpose.UNSUBSCRIBE):
        with pytest.raises(LinkInvalid):
            read_token(purpose, token)


def test_an_altered_token_is_refused(message: Message) -> None:
    token = make_token(LinkPurpose.CLICK, message, target="https://acme.test/")
    altered = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(0, len(token) - 1, 5)]
    assert len(altered) > 10
    for each in [*altered, "", "é", "a" * 10_000, token + "AAAA", token[:40], "%00"]:
        with pytest.raises(LinkInvalid):
            read_token(LinkPurpose.CLICK, each)


def test_a_token_outlives_the_key_that_signed_it(message: Message) -> None:
    with override_settings(SECRET_KEY="of last year"):
        token = make_token(LinkPurpose.UNSUBSCRIBE, message)
    with pytest.raises(LinkInvalid):
        read_token(LinkPurpose.UNSUBSCRIBE, token)
    with override_settings(SECRET_KEY_FALLBACKS=["of last year"]):
        assert read_token(LinkPurpose.UNSUBSCRIBE, token).message_id == message.pk


def test_links_to_unsubscribe_name_nobody_and_stand_on_the_account_s_domain(message: Message) -> None:
    links = unsubscribe_links(message)
    assert links.http.startswith("http://links.acme.test/u/")
    assert links.mailto.startswith("mailto:maya@acme.test?subject=unsubscribe%20")
    assert "kim" not in unquote(links.http + links.mailto)
    assert links.headers["List-Unsubscribe"] == f"<{links.http}>, <{links.mailto}>"
    assert links.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_tracked_html_leads_to_the_same_addresses(message: Message, tracking: Campaign) -> None:
    html = with_tracking(f"<html><body>{HTML}</body></html>", message, tracking)
    link = re.search(r'<a class="x" href="http://links\.acme\.test/c/([\w-]+)">the offer</a>', html)
    assert link is not None
    assert read_token(LinkPurpose.CLICK, link[1]).target == "https://acme.test/offer?a=1&b=2"
    assert re.search(r'<img src="http://links\.acme\.test/o/[\w-]+\.gif"[^>]*></body></html>$', html)


@pytest.mark.parametrize(
    "target",
    [
        "mailto:kim@northwind.test",
        "tel:+4930123456",
        "#top",
        "/relative",
        "javascript:alert(1)",
        "https://acme.test/?email=kim%40northwind.test",
        "https://acme.test/" + "a" * 1_600,
        "http://[broken",
    ],
)
def test_some_links_are_left_as_they_are(target: str, message: Message, tracking: Campaign) -> None:
    html = f'<a href="{target}">x</a>'
    assert with_tracking(html, message, tracking).startswith(html)


def test_the_link_to_unsubscribe_is_left_as_it_is(message: Message, tracking: Campaign) -> None:
    html = f'<a href="{unsubscribe_links(message).http}">x</a>'
    assert with_tracking(html, message, tracking).startswith(html)


def test_nothing_is_tracked_unless_the_campaign_says_so_and_the_account_has_a_domain(
    message: Message, tracking: Campaign, campaign: Campaign
) -> None:
    assert with_tracking(HTML, message, campaign) == HTML
    assert with_tracking(HTML, message, None) == HTML
    assert with_tracking("", message, tracking) == ""
    tracking.config = {"tracking": {"opens": True}}
    assert with_tracking(HTML, message, tracking).startswith(HTML)
    assert message.email_account is not None
    message.email_account.tracking_domain = ""
    assert with_tracking(HTML, message, tracking) == HTML
