"""A real browser on a real server over the demo data.

``LAD_PICTURES=<directory>`` keeps pictures of its pages there.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connection, connections
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright
from pytest_django.live_server_helper import LiveServer

from demo.load import ADMIN_EMAIL, load
from lad.outbox.drain import drain
from lad.tenancy.context import platform_context
from lad.tenancy.middleware import FIRST_FAILURE_STATUS
from tenants.accounts.models import User
from tests.support.snapshots import migrated, new_copy

PASSWORD = "lad-demo-password"
# More than enough for the events of the demo data.
DRAIN_SECONDS = 120
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Whether a page is wider than the window, asked when it has been painted.
WIDE_ONCE_PAINTED = """() => new Promise(told => requestAnimationFrame(() => requestAnimationFrame(
    () => told(document.documentElement.scrollWidth > window.innerWidth))))"""
# As the real server has it: a request that opened a connection of its own would spend most of its time on that.
POOL = {"min_size": 0, "max_size": 8, "timeout": 10}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium here: install it with apt-get install chromium")
    # Playwright keeps an event loop on this thread, where Django then would refuse to touch the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class _LastingFiles(StaticFilesHandler):
    """Let browsers keep static files, as the real server does."""

    def serve(self, request: HttpRequest) -> Any:
        response = super().serve(request)
        response["Cache-Control"] = "public, max-age=3600"
        return response


@pytest.fixture(scope="session")
def live_server() -> Iterator[LiveServer]:
    server = LiveServer("localhost", start=False)
    server.thread.static_handler = _LastingFiles
    server.start()
    yield server
    server.stop()


@contextmanager
def _connected_to(name: str, *, pool: Any = False) -> Iterator[None]:
    """Connect Django, the threads of the server included, to another database for the length of the block."""
    before = {"NAME": connection.settings_dict["NAME"], "pool": connection.settings_dict["OPTIONS"]["pool"]}

    def connect(name: str, pool: Any) -> None:
        connections.close_all()
        connection.close_pool()  # type: ignore[attr-defined]  # the stubs know no pool
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
        connection.settings_dict["OPTIONS"]["pool"] = pool

    connect(name, pool)
    try:
        yield
    finally:
        connect(before["NAME"], before["pool"])


@pytest.fixture(scope="session")
def _loaded(django_db_setup: None, django_db_blocker: Any) -> str:
    """Load the demo data into a database of its own, and fill the activity feeds."""
    name = f"{connection.settings_dict['NAME']}_demo"
    new_copy(migrated(), name)
    with django_db_blocker.unblock(), _connected_to(name):
        load(password=PASSWORD, now=timezone.now())
        drain(seconds=DRAIN_SECONDS)
    return name


@pytest.fixture
def demo(transactional_db: None, _loaded: str) -> Iterator[None]:
    """Work in a fresh copy of the demo data. The test database stays empty."""
    name = f"{_loaded}_copy"
    new_copy(_loaded, name)
    with _connected_to(name, pool=POOL):
        yield


@pytest.fixture
def pictures() -> Path | None:
    """Where the pictures go, if anybody wants them: painting them takes longer than opening the pages."""
    if not os.environ.get("LAD_PICTURES"):
        return None
    where = Path(os.environ["LAD_PICTURES"])
    where.mkdir(parents=True, exist_ok=True)
    return where


Opened = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, live_server: Any, demo: None) -> Iterator[Opened]:
    """``opened()`` is a page signed in to the admin; a console error or a failed request fails the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(message.text)

    def answered(response: Response) -> None:
        if response.status >= FIRST_FAILURE_STATUS:
            faults.append(f"{response.status} {response.url}")

    def open_page(
        email: str = ADMIN_EMAIL, *, at: str = "/admin/", width: int = 1440, height: int = 900, dark: bool = False
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": _session_of(email), "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]  # a plain dictionary will do
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("response", answered)
        page.goto(at)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


def _session_of(email: str) -> str:
    """Sign the person in and return the cookie's value. Signing in by the form is for the tests of signing in."""
    with platform_context():
        user = User.objects.get(email=email)
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value
