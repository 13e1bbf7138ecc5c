"""A staff user is added, chooses a password and signs in, without the single-page app."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from lad.mail import sender
from tests.support.mailbox import part

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EMAIL = "fresh.colleague@lad.example"
PASSWORD = "a lamp beside seven books"
ANOTHER = "a door between two rivers"


def newest_link(mailbox, settings):
    sender.send_due()
    # The demo's own mails are sent too.
    newest = [message for message in mailbox.received if message["To"] == EMAIL][-1]
    words = part(newest, "text/plain").split()
    address = urlsplit(next(word for word in words if word.startswith(settings.PUBLIC_URL)))
    return f"{address.path}?{address.query}"


def choose_password(page, password):
    page.fill("[name=new_password]", password)
    page.fill("[name=repeated_password]", password)
    page.click("#account-form button")
    expect(page.locator("#page")).to_contain_text("Your new password is set.")


def sign_in(page, password):
    page.click("text=Sign in")
    page.fill("[name=username]", EMAIL)
    page.fill("[name=password]", password)
    page.click("#login-form button")
    page.wait_for_selector("#dashboard")


def test_a_new_colleague_signs_in_without_the_app(opened, mailbox, settings, live_server):
    settings.APP_URL, settings.PUBLIC_URL = "", live_server.url
    staff = opened(at="/admin/tenants/user/add/")
    staff.fill("[name=email]", EMAIL)
    staff.fill("[name=first_name]", "Fresh")
    staff.check("[name=is_staff]")
    staff.check("[name=is_superuser]")
    staff.click("[name=_save]")
    staff.wait_for_selector("#result_list")

    colleague = staff.context.browser.new_context(base_url=live_server.url).new_page()
    colleague.goto(newest_link(mailbox, settings))
    choose_password(colleague, PASSWORD)
    sign_in(colleague, PASSWORD)

    # Later the password is forgotten.
    colleague.context.clear_cookies()
    colleague.goto("/admin/")
    colleague.click(".password-reset-link")
    colleague.fill("[name=email]", EMAIL)
    colleague.click("#account-form button")
    expect(colleague.locator("#page")).to_contain_text("a mail with a link is on its way")
    colleague.goto(newest_link(mailbox, settings))
    choose_password(colleague, ANOTHER)
    sign_in(colleague, ANOTHER)
    colleague.context.close()
