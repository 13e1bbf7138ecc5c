"""A real browser on a real server over the demo data."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from demo.load import ADMIN_EMAIL, load
from lad.outbox.drain import drain
from lad.tenancy.middleware import FIRST_FAILURE_STATUS
from tests.support.snapshots import filled

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


@pytest.fixture
def demo(transactional_db: None) -> None:
    """The three companies of the demo data, with what happened in their activity feeds."""
    filled("demo", _load_demo)


def _load_demo() -> None:
    load(password=PASSWORD, now=timezone.now())
    drain(seconds=DRAIN_SECONDS)


Opened = Callable[..., Page]


@pytest.fixture
def opened(chromium: Browser, live_server: Any, demo: None) -> Iterator[Opened]:
    """``opened()`` is a page signed in to the admin; a console error or a failed request fails the test."""
    settings.ALLOWED_HOSTS = ["*"]
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(message.text)

    def answered(response: Response) -> None:
        if response.status >= FIRST_FAILURE_STATUS:
            faults.append(f"{response.status} {response.url}")

    def open_page(email: str = ADMIN_EMAIL, *, width: int = 1440, height: int = 900, dark: bool = False) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on("response", answered)
        page.goto("/admin/")
        page.fill("[name=username]", email)
        page.fill("[name=password]", PASSWORD)
        page.click("#login-form button")
        page.wait_for_selector("#dashboard")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults
