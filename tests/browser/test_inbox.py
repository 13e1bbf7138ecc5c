"""A salesperson answers from the inbox: list, conversation and lead, by mouse and by keys, live, on all screens."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from campaigns.accounts.models import ChannelAccount, EmailAccount
from campaigns.inbox.models import Conversation
from campaigns.messages import hooks
from campaigns.messages.models import Message, MessageKind, MessageState
from lad.tenancy.context import platform_context, tenant_context
from leads.channels import Channel
from leads.contactability.models import ContactDirection, ContactPolicy
from tenants.teams.models import Tenant
from tests.browser.conftest import WIDE_ONCE_PAINTED
from tests.factories.campaigns import ChannelAccountFactory, WhatsappTemplateFactory
from tests.lad.streams.conftest import Server, serve

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAYA = "maya.lindqvist@kestrel-analytics.example"
WIDE = {"width": 1440, "height": 900}
SCREENS: dict[str, tuple[dict[str, int], bool]] = {
    "light": (WIDE, False),
    "dark": (WIDE, True),
    "phone": ({"width": 390, "height": 844}, False),
}


@pytest.fixture
def kestrel(demo: None) -> Tenant:
    """The demo's tenant, with a WhatsApp number on which a lead has just written, and one who wrote two days ago."""
    with platform_context():
        tenant: Tenant = Tenant.objects.get(slug="kestrel-analytics")
        ContactPolicy.objects.filter(tenant=tenant.pk).update(
            contact_from="00:00", contact_until="23:59:59.999999", contact_days=[], skips_holidays=False
        )
    with platform_context(tenant_id=tenant.pk):
        EmailAccount.objects.filter(email__startswith="hello@").update(status="connected", is_active=True)
        number = ChannelAccountFactory.create(
            account_name="Sales line", channel=Channel.WHATSAPP, provider="whatsapp_cloud", address="+49301234567"
        )
        WhatsappTemplateFactory.create(channel_account=number, name="follow_up", body="Hello {{1}}, may we go on?")
    return tenant


@pytest.fixture
def streams(kestrel: Tenant) -> Iterator[Server]:
    """The real web server, for streams only: the one of these tests has none."""
    with serve() as running:
        yield running


@pytest.fixture
def listening(streams: Server) -> Callable[[Page], Page]:
    """``listening(page)`` leads the page's streams to the server that has them."""

    def lead(page: Page) -> Page:
        page.route("**/streams/**", lambda route: _to_server(route, streams))
        return page

    return lead


@pytest.fixture
def shoot(pictures: Path | None) -> Callable[[Page, str], None]:
    def take(page: Page, name: str) -> None:
        for screen, (size, dark) in SCREENS.items():
            page.evaluate("(dark) => document.documentElement.classList.toggle('dark', dark)", dark)
            page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dictionary will do
            assert not page.evaluate(WIDE_ONCE_PAINTED), f"{name} is wider than a {screen} screen."
            if pictures:
                page.screenshot(path=pictures / f"inbox-{name}-{screen}.png")
        page.evaluate("() => document.documentElement.classList.remove('dark')")
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a plain dictionary will do

    return take


def wrote(tenant: Tenant, conversation: Conversation, text: str, **values: Any) -> None:
    """Record what a lead wrote, as receivers do."""
    with transaction.atomic(), tenant_context(tenant.pk):
        account = EmailAccount.objects.get(email__startswith="hello@")
        given = {
            "channel": Channel.EMAIL,
            "email_account": account,
            "subject": "Re: Your reports",
            "occurred_at": timezone.now(),
            **values,
        }
        message = Message.objects.create(
            tenant=tenant,
            lead_id=conversation.lead_id,
            direction=ContactDirection.INBOUND,
            kind=MessageKind.REPLY,
            state=MessageState.RECEIVED,
            body=text,
            message_id=f"<{timezone.now().timestamp()}@browser.example>" if "channel" not in values else "",
            **given,
        )
        hooks.received([message])


def test_a_salesperson_answers_from_the_inbox(
    opened: Callable[..., Page], kestrel: Tenant, listening: Callable[[Page], Page], shoot: Callable[[Page, str], None]
) -> None:
    page = listening(opened(MAYA))
    badge = page.locator("a[href='/admin/inbox/'] .lad-badge")
    expect(badge).to_be_visible()
    before = int(badge.inner_text())
    page.goto("/admin/inbox/")
    expect(page.locator(".inbox-line").first).to_be_visible()
    expect(page.locator(".inbox-live-on")).to_be_visible()
    shoot(page, "list")

    page.keyboard.press("j")
    expect(page.locator("[data-thread]")).to_be_visible()
    expect(page.locator(".inbox-line").first).to_have_class(re.compile("inbox-on"))
    page.keyboard.press("j")
    expect(page.locator(".inbox-line").nth(1)).to_have_class(re.compile("inbox-on"))
    unread = page.locator(".inbox-unread").first.get_attribute("data-conversation")
    page.locator(f"[data-conversation='{unread}'] [data-open]").click()
    expect(page.locator(f"[data-thread='{unread}']")).to_be_visible()
    # What was opened is read, in the list and in the sidebar.
    expect(page.locator(".inbox-line.inbox-on.inbox-unread")).to_have_count(0)
    expect(badge).not_to_have_text(str(before))
    shoot(page, "thread")

    with platform_context(tenant_id=kestrel.pk):
        shown = Conversation.objects.get(pk=page.locator("[data-thread]").get_attribute("data-thread"))
    page.keyboard.press("r")
    page.keyboard.type("Thank you, Tuesday at ten it is.")
    # Somebody writes while the answer is being written: it shows, and what was typed stays.
    wrote(kestrel, shown, "Could it be eleven? I am interested.")
    expect(page.locator(".inbox-words", has_text="Could it be eleven?")).to_be_visible(timeout=10_000)
    expect(page.locator("textarea[name=body]")).to_have_value("Thank you, Tuesday at ten it is.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-told]")).to_contain_text("Your answer goes out by")
    expect(page.locator(".inbox-own .inbox-words").last).to_have_text("Thank you, Tuesday at ten it is.")
    with platform_context(tenant_id=kestrel.pk):
        answer = Message.objects.filter(lead=shown.lead_id, body__startswith="Thank you, Tuesday").get()
    assert answer.state == MessageState.QUEUED

    page.locator("[data-menu=assign] > summary").click()
    shoot(page, "assign")
    page.locator("[data-do=assign]", has_text="you").first.click()
    expect(page.locator("[data-menu=assign] > summary")).to_contain_text("You")
    page.locator("[data-menu=snooze] > summary").click()
    page.locator("[data-do=snooze]").nth(1).click()
    expect(page.locator(f"[data-conversation='{shown.pk}']")).to_have_count(0)
    page.goto(f"/admin/inbox/?folder=snoozed&c={shown.pk}")
    expect(page.locator(f"[data-conversation='{shown.pk}']")).to_have_count(1)
    page.locator("[data-do=end_snooze]").click()
    expect(page.locator("[data-told]")).to_contain_text("back in the inbox")

    page.goto("/admin/inbox/?q=eleven")
    expect(page.locator(".inbox-line")).to_have_count(1)
    page.locator("[data-open]").click()
    expect(page.locator("[data-thread]")).to_be_visible()
    page.locator("body").click(position={"x": 700, "y": 8})
    page.keyboard.press("e")
    expect(page.locator("[data-told]")).to_contain_text("was closed")
    with platform_context(tenant_id=kestrel.pk):
        assert Conversation.objects.get(pk=shown.pk).state == "closed"


def test_whatsapps_window_is_shown_and_templates_are_asked_for(
    opened: Callable[..., Page], kestrel: Tenant, listening: Callable[[Page], Page], shoot: Callable[[Page, str], None]
) -> None:
    with platform_context(tenant_id=kestrel.pk):
        number = ChannelAccount.objects.get(account_name="Sales line")
        row = Conversation.objects.exclude(lead__phone="").order_by("-moved_at").first()
        assert row is not None
    old = timezone.now() - timedelta(hours=30)
    wrote(kestrel, row, "Send me the offer here please", channel=Channel.WHATSAPP, channel_account=number,
          email_account=None, subject="", occurred_at=old)  # fmt: skip
    page = listening(opened(MAYA))
    page.goto(f"/admin/inbox/?c={row.pk}")
    page.locator(".inbox-way", has_text="Sales line").click()
    expect(page.locator("textarea[name=body]")).to_be_hidden()
    page.locator("select[name=whatsapp_template]").select_option(index=1)
    page.locator("input[name=variable]").fill("Ada")
    shoot(page, "whatsapp")
    page.locator(".inbox-primary", has_text="Send").click()
    expect(page.locator(".inbox-own .inbox-words").last).to_have_text("Hello Ada, may we go on?")


def test_on_a_phone_one_pane_shows_at_a_time(
    opened: Callable[..., Page], kestrel: Tenant, listening: Callable[[Page], Page], pictures: Path | None
) -> None:
    page = listening(opened(MAYA, width=390, height=844))
    page.goto("/admin/inbox/")
    page.locator("[data-open]").first.click()
    expect(page.locator("[data-thread]")).to_be_visible()
    expect(page.locator(".inbox-list")).to_be_hidden()
    page.locator("[data-go=facts]").click()
    expect(page.locator(".inbox-facts")).to_be_visible()
    if pictures:
        page.screenshot(path=pictures / "inbox-facts-phone.png")
    page.locator(".inbox-facts [data-go=thread]").click()
    page.locator("[data-go=list]").first.click()
    expect(page.locator(".inbox-line").first).to_be_visible()
    expect(page.locator("[data-thread]")).to_have_count(0)


def _to_server(route: Route, server: Server) -> None:
    path = route.request.url.partition("/streams/")[2]
    route.continue_(url=f"http://127.0.0.1:{server.port}/streams/{path}")
