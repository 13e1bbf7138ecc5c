"""The links of messages: unsubscribing by one click, openings and clicks of people and of programs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.accounts.models import EmailAccount
from campaigns.channels.email.links import LinkPurpose, make_token
from campaigns.design.models import Campaign
from campaigns.messages.models import Message, MessageEvent
from lad.db.identifiers import uuid7
from lad.tenancy.context import platform_context
from leads.contactability.models import Suppression
from leads.contactability.services import suppress
from tests.campaigns.channels.email.receiving.mails import LEAD, SENT_BODY
from tests.factories.campaigns import MessageFactory

pytestmark = pytest.mark.django_db

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/125.0 Safari/537.36"
TARGET = "https://acme.test/offer?a=1&b=2"


@pytest.fixture
def browser() -> Client:
    return Client(headers={"user-agent": BROWSER}, enforce_csrf_checks=True)


@pytest.fixture
def events(tenant: Any) -> Callable[[], list[tuple[str, bool]]]:
    def find() -> list[tuple[str, bool]]:
        with platform_context(tenant_id=tenant.pk):
            return list(MessageEvent.objects.order_by("created_at", "pk").values_list("kind", "is_machine"))

    return find


@pytest.fixture
def suppressed(tenant: Any) -> Callable[[], list[str]]:
    def find() -> list[str]:
        with platform_context(tenant_id=tenant.pk):
            return list(Suppression.objects.values_list("address", flat=True))

    return find


@pytest.fixture
def tracked(sent: Message, tenant: Any) -> Message:
    """A message of a campaign that tracks, sent an hour ago."""
    with platform_context(tenant_id=tenant.pk):
        Campaign.objects.update(config={"tracking": {"opens": True, "clicks": True}})
        Message.objects.update(occurred_at=timezone.now() - timedelta(hours=1))
    return sent


def leave(message: Message) -> str:
    return f"/u/{make_token(LinkPurpose.UNSUBSCRIBE, message)}"


def click(message: Message, target: str = TARGET) -> str:
    return f"/c/{make_token(LinkPurpose.CLICK, message, target=target)}"


def pixel(message: Message) -> str:
    return f"/o/{make_token(LinkPurpose.OPEN, message)}.gif"


def test_looking_at_the_page_changes_nothing(
    browser: Client, sent: Message, suppressed: Any, events: Any, told: dict[str, list[str]]
) -> None:
    page = browser.get(leave(sent))
    assert page.status_code == 200
    assert browser.head(leave(sent)).status_code == 200
    text = page.content.decode()
    assert "<button>Unsubscribe</button>" in text
    # The address is not shown whole.
    assert "k…@northwind.test" in text
    assert LEAD not in text
    assert "no-store" in page["Cache-Control"]
    assert page["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert (suppressed(), events(), told["happened"]) == ([], [], [])


def test_one_click_unsubscribes_once_without_cookies_or_a_page(
    browser: Client, sent: Message, suppressed: Any, told: dict[str, list[str]], tenant: Any
) -> None:
    answers = [browser.post(leave(sent), {"List-Unsubscribe": "One-Click"}) for _number in range(3)]
    assert {each.status_code for each in answers} == {200}
    assert suppressed() == [LEAD]
    assert told["happened"] == ["unsubscribed"]
    with platform_context(tenant_id=tenant.pk):
        entry = Suppression.objects.get()
    assert (entry.reason, entry.channel, entry.source) == ("unsubscribed", "email", "Button of the mail program")
    assert entry.lead_id == sent.lead_id


def test_one_click_sent_as_a_multipart_form_works_too(browser: Client, sent: Message, suppressed: Any) -> None:
    body = '--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    assert browser.post(leave(sent), body, content_type="multipart/form-data; boundary=x").status_code == 200
    assert suppressed() == [LEAD]


def test_the_button_of_the_page_unsubscribes_and_can_be_undone_and_used_again(
    browser: Client, sent: Message, suppressed: Any, told: dict[str, list[str]]
) -> None:
    done = browser.post(leave(sent), {"action": "unsubscribe"}).content.decode()
    assert "You are unsubscribed" in done
    assert 'value="undo"' in done
    # Who opens the link later sees how things are.
    assert "You are unsubscribed" in browser.get(leave(sent)).content.decode()
    undone = browser.post(leave(sent), {"action": "undo"}).content.decode()
    assert "You are subscribed again" in undone
    assert suppressed() == []
    browser.post(leave(sent), {"action": "unsubscribe"})
    assert suppressed() == [LEAD]
    assert told["happened"] == ["unsubscribed", "unsubscribed"]


def test_undoing_lifts_no_entry_of_another_kind(browser: Client, sent: Message, suppressed: Any, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        suppress(lead=sent.lead, channel="email", reason="complained")
    browser.post(leave(sent), {"action": "undo"})
    assert suppressed() == [LEAD]


@pytest.mark.parametrize(
    ("accepted", "language", "direction", "title"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de", "ltr", "Abmelden"),
        ("fr", "fr", "ltr", "Se désinscrire"),
        ("es-419", "es", "ltr", "Darse de baja"),
        ("ar", "ar", "rtl", "إلغاء الاشتراك"),
        ("ja,en;q=0.5", "en", "ltr", "Unsubscribe"),
        ("", "en", "ltr", "Unsubscribe"),
    ],
)
def test_the_page_speaks_the_recipient_s_language(
    accepted: str, language: str, direction: str, title: str, browser: Client, sent: Message
) -> None:
    page = browser.get(leave(sent), headers={"accept-language": accepted}).content.decode()
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert f"<title>{title}</title>" in page


def test_without_a_browser_s_language_the_message_s_counts(browser: Client, sent: Message, tenant: Any) -> None:
    with platform_context(tenant_id=tenant.pk):
        Message.objects.update(body="Guten Tag, darf ich Ihnen zeigen, wie Sie mit uns eine Stunde am Tag sparen?")
    assert '<html lang="de"' in browser.get(leave(sent)).content.decode()


def test_the_link_works_after_the_message_is_gone(browser: Client, tenant: Any) -> None:
    address = leave(Message(pk=uuid7(), tenant_id=tenant.pk))
    for answer in (browser.get(address), browser.post(address, {"List-Unsubscribe": "One-Click"})):
        assert answer.status_code == 200
        assert "You are unsubscribed" in answer.content.decode()


def test_links_work_at_any_host_that_points_to_lad_and_nothing_else_does(browser: Client, sent: Message) -> None:
    assert browser.get(leave(sent), headers={"host": "links.acme.test"}).status_code == 200
    assert browser.get("/admin/login/", headers={"host": "links.acme.test"}).status_code == 400


@pytest.mark.parametrize("path", ["/u/{}", "/c/{}"])
def test_a_link_that_was_altered_says_so_and_cannot_be_guessed_for_long(
    path: str, browser: Client, settings: Any, suppressed: Any
) -> None:
    address = path.format("A" * 64)
    assert browser.get(address).status_code == 404
    statuses = {browser.get(address).status_code for _number in range(65)}
    assert 429 in statuses
    assert suppressed() == []


def test_a_valid_request_to_unsubscribe_is_never_throttled(browser: Client, sent: Message) -> None:
    # A mail provider unsubscribes thousands of people from one address.
    for _number in range(65):
        browser.get("/u/AAAA")
    assert browser.post(leave(sent), {"List-Unsubscribe": "One-Click"}).status_code == 200


def test_an_opening_is_recorded_and_counts_once(
    browser: Client, tracked: Message, events: Any, messages: Any, told: dict[str, list[str]]
) -> None:
    answers = [browser.get(pixel(tracked)) for _number in range(3)]
    assert {(each.status_code, each["Content-Type"]) for each in answers} == {(200, "image/gif")}
    assert answers[0].content.startswith(b"GIF89a")
    assert events() == [("opened", False)]
    assert told["happened"] == ["opened"]
    assert messages(pk=tracked.pk)[0].opened_at is not None


def test_a_click_leads_to_the_link_of_the_message(
    browser: Client, tracked: Message, events: Any, messages: Any
) -> None:
    answer = browser.get(click(tracked))
    assert (answer.status_code, answer["Location"]) == (302, TARGET)
    assert events() == [("clicked", False)]
    assert messages(pk=tracked.pk)[0].clicked_at is not None


def test_a_link_leads_nowhere_else(browser: Client, tracked: Message) -> None:
    token = make_token(LinkPurpose.CLICK, tracked, target=TARGET)
    other = make_token(LinkPurpose.CLICK, tracked, target="https://evil.test/")
    # The signature of one address does not fit another.
    for forged in (token[:64] + other[64:], token[:-4], token + "AAAA", make_token(LinkPurpose.OPEN, tracked)):
        answer = browser.get(f"/c/{forged}")
        assert (answer.status_code, answer.headers.get("Location")) == (404, None)


MACHINES = [
    "",
    "Mozilla/5.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Mozilla/5.0 (compatible; Barracuda Sentinel)",
    "Mozilla/5.0 (X11; Linux x64) AppleWebKit/537.36 HeadlessChrome/120.0",
    "python-requests/2.31",
    "Go-http-client/2.0",
    "Slackbot-LinkExpanding 1.0",
]


@pytest.mark.parametrize("agent", MACHINES)
def test_a_known_program_is_recorded_as_one_and_does_not_count(
    agent: str, browser: Client, tracked: Message, events: Any, messages: Any
) -> None:
    browser.get(pixel(tracked), headers={"user-agent": agent})
    assert browser.get(click(tracked), headers={"user-agent": agent}).status_code == 302
    assert events() == [("opened", True), ("clicked", True)]
    found = messages(pk=tracked.pk)[0]
    assert (found.opened_at, found.clicked_at) == (None, None)


@pytest.mark.parametrize(
    "agent",
    [
        BROWSER,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.5387)",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Thunderbird/115.0",
    ],
)
def test_people_s_programs_count(agent: str, browser: Client, tracked: Message, events: Any) -> None:
    browser.get(click(tracked), headers={"user-agent": agent})
    assert events() == [("clicked", False)]


def test_a_scanner_that_follows_every_link_right_after_sending_does_not_count(
    browser: Client, tracked: Message, events: Any, messages: Any, tenant: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        Message.objects.update(occurred_at=timezone.now() - timedelta(seconds=2))
    for number in range(3):
        browser.get(click(tracked, f"https://acme.test/{number}"))
    assert events() == [("clicked", True)] * 3
    assert messages(pk=tracked.pk)[0].clicked_at is None


def test_a_scanner_that_comes_later_is_known_by_its_haste(browser: Client, tracked: Message, events: Any) -> None:
    for number in range(3):
        browser.get(click(tracked, f"https://acme.test/{number}"))
    assert events() == [("clicked", False), ("clicked", True), ("clicked", True)]


def test_a_look_at_the_headers_and_a_prefetch_do_not_count(browser: Client, tracked: Message, events: Any) -> None:
    assert browser.head(click(tracked)).status_code == 302
    browser.get(click(tracked), headers={"sec-purpose": "prefetch;prerender"})
    assert {machine for _kind, machine in events()} == {True}


def test_nothing_is_recorded_for_a_campaign_that_does_not_track(browser: Client, sent: Message, events: Any) -> None:
    assert browser.get(pixel(sent)).status_code == 200
    assert browser.get(click(sent)).status_code == 302
    assert events() == []


def test_a_picture_with_an_altered_token_is_a_picture(browser: Client, events: Any) -> None:
    assert browser.get("/o/AAAA.gif").status_code == 200
    assert events() == []


def test_a_signed_in_person_who_opens_a_link_acts_in_the_message_s_tenant(
    admin_of: Any, other_owner: Any, sent: Message, suppressed: Any, account: EmailAccount
) -> None:
    staff = admin_of(other_owner)
    assert staff.post(leave(sent), {"action": "unsubscribe"}).status_code == 200
    assert suppressed() == [LEAD]


def test_the_message_of_a_lead_without_a_name_still_unsubscribes(
    browser: Client, account: EmailAccount, tenant: Any, suppressed: Any
) -> None:
    with platform_context(tenant_id=tenant.pk):
        row = MessageFactory.create(lead=None, email_account=account, to_address="x@y.test", body=SENT_BODY)
    browser.post(leave(row), {"List-Unsubscribe": "One-Click"})
    assert suppressed() == ["x@y.test"]
