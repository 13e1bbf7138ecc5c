"""What LAD does by default where it is reached over TLS."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "SECRET_KEY": "an-unpredictable-key-of-production-0123456789-ABCDEFGHIJKLMN",
    "FIELD_ENCRYPTION_KEYS": "q1R1G8x1V2l1d2V5c2FyZW5vdGFzZWNyZXRhdGFsbDE=",
    "JWT_SIGNING_KEYS": "a-signing-key-of-production-0123456789-0123456789",
    "PUBLIC_URL": "https://lad.example.com",
    "APP_URL": "https://app.example.com",
    "ALLOWED_HOSTS": "lad.example.com",
    "BEHIND_PROXY": "true",
    "TRUSTED_PROXY_COUNT": "1",
}
# Read the address and headers of one answer in a process with the settings of production.
ASK = """
import django
django.setup()
from django.test import Client
from django.conf import settings
plain = Client().get("/admin/login/", headers={"host": "lad.example.com"})
print(plain.status_code, plain["Location"])
print(Client().get("/healthz", headers={"host": "lad.example.com"}).status_code)
page = Client().get("/healthz", headers={"host": "lad.example.com", "X-Forwarded-Proto": "https"})
print(page.status_code, page["Strict-Transport-Security"])
print(settings.REQUIRE_SECOND_FACTOR, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE)
"""
SLEEP = """
import lad.wsgi
from django.db import OperationalError, connection
cursor = connection.cursor()
cursor.execute("SHOW idle_in_transaction_session_timeout")
print(cursor.fetchone()[0])
try:
    cursor.execute("SELECT pg_sleep(20)")
except OperationalError as error:
    print(error)
"""


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # The browser tests set the second one in their process.
    unset = {"DEBUG", "DJANGO_ALLOW_ASYNC_UNSAFE"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    command = [sys.executable, "-W", "ignore", *arguments]
    return subprocess.run(command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True, check=False)


def test_the_deployment_check_finds_nothing() -> None:
    checked = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert checked.returncode == 0, checked.stderr


def test_browsers_are_kept_on_tls() -> None:
    asked = run("-c", ASK, DJANGO_SETTINGS_MODULE="lad.settings", **PRODUCTION)
    assert asked.stdout.splitlines() == [
        "301 https://lad.example.com/admin/login/",
        "200",
        "200 max-age=31536000; includeSubDomains",
        "True True True",
    ], asked.stderr


def test_a_statement_of_a_request_ends_after_its_time() -> None:
    asked = run("-c", SLEEP, DB_STATEMENT_SECONDS="1", DB_IDLE_SECONDS="7", DJANGO_SETTINGS_MODULE="lad.settings")
    idle, ended = asked.stdout.splitlines()[:2]
    assert idle == "7s", asked.stderr
    assert "canceling statement due to statement timeout" in ended


@pytest.mark.django_db
def test_pages_say_that_scripts_come_from_lad_alone(client: Any) -> None:
    policy = client.get("/admin/login/")["Content-Security-Policy"]
    sources = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert sources["script-src"] == "'self' 'unsafe-eval'"
    assert sources["frame-ancestors"] == "'none'"
    assert "unsafe-inline" not in sources["script-src"]
    assert "Content-Security-Policy" not in client.get("/api/v1/me/")
    assert settings.SECURE_CSP["object-src"] == ["'none'"]
