"""The demo's batch through the sandbox: its people are called, the board and the pages show it while it happens."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from demo.voice import carriers, try_out
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from leads.contactability.models import ContactPolicy, Suppression
from tests.browser.conftest import WIDE_ONCE_PAINTED
from tests.lad.streams.conftest import Server, serve
from tests.support.sandbox import Sandbox
from voice.analysis import queue as analysing
from voice.batches.models import CallBatch, CallBatchEntry
from voice.calls.models import CallLog
from voice.dialer import looking, worker
from voice.dialer.models import CallPlacement
from voice.numbers.models import VoiceNumber
from voice.recordings import worker as recordings
from voice.statuses import EntryStatus

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAYA = "maya.lindqvist@kestrel-analytics.example"
# Calls of the sandbox go so much faster than life.
PACE = 6
LONGEST_SECONDS = 150
DRAIN_SECONDS = 60
WIDE = {"width": 1440, "height": 900}
SCREENS: dict[str, tuple[dict[str, int], bool]] = {
    "light": (WIDE, False),
    "dark": (WIDE, True),
    "phone": ({"width": 390, "height": 844}, False),
}
Shoots = Callable[[Page, str], None]


@pytest.fixture
def shoot(pictures: Path | None) -> Shoots:
    """``shoot(page, "name")`` looks whether a page fits a phone, and keeps pictures of it on all screens."""

    def take(page: Page, name: str) -> None:
        for screen, (size, dark) in SCREENS.items():
            if pictures or screen == "phone":
                page.evaluate("(dark) => document.documentElement.classList.toggle('dark', dark)", dark)
                page.set_viewport_size(size)  # type: ignore[arg-type]  # a plain dictionary will do
                assert not page.evaluate(WIDE_ONCE_PAINTED), f"{name} is wider than a {screen} screen."
            if pictures:
                page.screenshot(path=pictures / f"calls-{name}-{screen}.png", full_page=screen == "phone")
        page.evaluate("() => document.documentElement.classList.remove('dark')")
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # a plain dictionary will do

    return take


@pytest.fixture
def batch(demo: None, sandbox: Sandbox, settings: Any, live_server: Any) -> CallBatch:
    """The demo's batch, with the tenant's numbers at the sandbox, whose clock runs."""
    settings.PUBLIC_URL = live_server.url
    with platform_context():
        account = carriers.load_shared(timezone.now())
        found = CallBatch.objects.get(name=try_out.NAME)
        VoiceNumber.objects.filter(tenant=found.tenant_id).update(carrier_account=account)
        # Only this batch is called, at whatever hour the test runs.
        CallBatch.objects.exclude(pk=found.pk).filter(status__in=["queued", "running"]).update(paused_at=timezone.now())
        CallPlacement.objects.filter(tenant=found.tenant_id).exclude(state="settled").delete()
        ContactPolicy.objects.filter(tenant=found.tenant_id).update(
            contact_from="00:00", contact_until="23:59:59.999999", contact_days=[], skips_holidays=False
        )
    try_out.teach()
    sandbox.call("POST", "/voice/pace", json={"pace": PACE})
    sandbox.clock(speed=1)
    return found


@pytest.fixture
def streams(batch: CallBatch) -> Iterator[Server]:
    """The real web server, for streams only: the one of these tests has none."""
    with serve() as running:
        yield running


@pytest.fixture
def listening(streams: Server) -> Callable[[Page], Page]:
    """``listening(page)`` leads the page's streams to the server that has them."""

    def lead(page: Page) -> Page:
        def to_server(route: Route) -> None:
            path = route.request.url.partition("/streams/")[2]
            route.continue_(url=f"http://127.0.0.1:{streams.port}/streams/{path}")

        page.route("**/streams/**", to_server)
        return page

    return lead


def go_on() -> None:
    """Do what the workers do."""
    worker.dial_due(seconds=1)
    looking.look_due(seconds=1)
    analysing.run_due()
    recordings.run_due()
    drain(seconds=DRAIN_SECONDS)


def called(batch: CallBatch) -> bool:
    """Return whether everybody was called once."""
    with platform_context():
        entries = CallBatchEntry.objects.filter(batch=batch.pk)
        return not entries.filter(status__in=[EntryStatus.RUNNING, EntryStatus.DISPATCHED]).exists() and not (
            entries.filter(status=EntryStatus.QUEUED, next_attempt_at__isnull=True).exists()
        )


def call_of(batch: CallBatch, first_name: str) -> CallLog:
    with platform_context():
        call: CallLog = CallLog.objects.filter(tenant=batch.tenant_id, lead__first_name=first_name).latest("created_at")
    return call


def test_a_manager_watches_the_demos_people_being_called(
    opened: Callable[..., Page], batch: CallBatch, sandbox: Sandbox, listening: Callable[[Page], Page], shoot: Shoots
) -> None:
    page = listening(opened(MAYA))
    page.goto("/admin/live-calls/")
    expect(page.locator("[data-live-text]")).to_have_text("Live")
    expect(page.locator("#live-now")).to_contain_text("Nobody is being called.")
    go_on()
    # Nobody loads the page again.
    expect(page.locator(".voice-live-call")).to_have_count(try_out.AT_ONCE)
    expect(page.locator("[data-fact='talking']")).not_to_have_text("0", timeout=10_000)
    shoot(page, "live")
    deadline, most = time.monotonic() + LONGEST_SECONDS, 0
    while not called(batch):
        assert time.monotonic() < deadline, "The batch takes too long."
        go_on()
        most = max(most, page.locator(".voice-live-call").count())
        page.wait_for_timeout(300)
    assert most <= try_out.AT_ONCE
    go_on()
    placed = Counter(entry["to"] for entry in sandbox.log("voice_placed"))
    assert placed == Counter(person.phone for person in try_out.PEOPLE)
    shoot(page, "live-after")

    page.goto(f"/admin/voice/callbatch/{batch.pk}/change/")
    expect(page.locator("#batch-outcomes")).to_contain_text("Voicemail")
    expect(page.locator("#batch-waiting")).to_contain_text("called again")
    shoot(page, "batch")
    for first_name in ("Tara", "Nora", "Vera", "Wanda"):
        page.goto(f"/admin/voice/calllog/{call_of(batch, first_name).pk}/change/")
        shoot(page, f"call-{first_name.lower()}")
    page.goto(f"/admin/voice/calllog/{call_of(batch, 'Tara').pk}/change/")
    _recording_is_in_step(page)
    expect(page.locator("#call-story")).to_contain_text("Booked: Call back,")
    with platform_context():
        listed = Suppression.objects.filter(tenant=batch.tenant_id, lead__first_name="Nora", channel="voice")
        assert listed.exists()


def _recording_is_in_step(page: Page) -> None:
    """A turn is played from its time, and the turn that is heard is marked."""
    page.wait_for_function("() => document.querySelector('[data-player]').duration > 0")
    page.locator("#turn-3 [data-seek]").click()
    expect(page.locator("#turn-3")).to_have_class(re.compile("voice-turn-now"))
    start = float(page.locator("#turn-3").get_attribute("data-start") or -1)
    assert page.evaluate("() => document.querySelector('[data-player]').currentTime") >= start > 0
