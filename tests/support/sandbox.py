"""The sandbox for tests: one process per test worker, empty at the start of every test, its clock stopped.

def test_…(sandbox):
    sandbox.mailbox("maya@kestrel.example", password="secret")
    …                                   # LAD sends through sandbox.smtp
    sandbox.advance(hours=2)            # people have answered when this returns
    assert sandbox.log("submission")[0]["recipient"] == "answers.1@people.example"
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import orjson
import pytest

HOST = "127.0.0.1"
START_SECONDS = 20
OAUTH_CLIENT = {"client_id": "lad-sandbox", "client_secret": "lad-sandbox-secret-that-opens-nothing-outside"}


@dataclass(frozen=True)
class Submission:
    """A message that the submission server accepted for one recipient."""

    n: int
    message_id: str
    account: str
    recipient: str
    accepted: float
    sha256: str


class Sandbox:
    """A client of the sandbox's control port."""

    def __init__(self, home: Path, ports: dict[str, Any]) -> None:
        self.home = home
        self.ports = ports
        self.url = f"http://{HOST}:{ports['http']}"
        self.client = httpx2.Client(base_url=self.url, timeout=30, trust_env=False)

    def address(self, name: str) -> str:
        return f"{HOST}:{self.ports[name]}"

    @property
    def smtp(self) -> tuple[str, int]:
        """Host and port of the submission server: plain, with STARTTLS on offer."""
        return HOST, self.ports["smtp"]

    @property
    def smtps(self) -> tuple[str, int]:
        return HOST, self.ports["smtps"]

    @property
    def imap(self) -> tuple[str, int]:
        return HOST, self.ports["imap"]

    @property
    def imaps(self) -> tuple[str, int]:
        return HOST, self.ports["imaps"]

    @property
    def queues(self) -> dict[str, str]:
        """What to set MAIL_QUEUES to where LAD may ask the server what it took. Few real servers can be asked."""
        return {HOST: f"{self.url}/messages"}

    @property
    def certificate(self) -> Path:
        """A file with the certificate that TLS clients must trust."""
        return self.home / "certificate.pem"

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Make a request and fail for any answer but success."""
        response = self.client.request(method, path, **options)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def reset(self) -> None:
        self.call("POST", "/reset")

    def mailbox(self, address: str, *, password: str = "secret", saves_sent: bool = False, **values: Any) -> None:
        """Create or change a mailbox that LAD may sign in to."""
        body = {"address": address, "password": password, "saves_sent": saves_sent, **values}
        self.call("POST", "/mailboxes", json=body)

    def people(self, *, mixed: bool) -> None:
        """Let people whose address does not say what they do be a mixture. In tests they are silent."""
        self.call("POST", "/people", json={"mixed": mixed})

    def person(self, address: str, behaviour: str, **values: Any) -> None:
        """Say what somebody does; sandbox/providers/mail/people/persons.py lists behaviours and details."""
        self.call("POST", "/people", json={"address": address, "behaviour": behaviour, **values})

    def log(self, *kinds: str, since: int = 0, **matching: str) -> list[dict[str, Any]]:
        """Return log entries of these kinds whose facts equal ``matching``, oldest first."""
        query = {"since": since, "kind": ",".join(kinds), "limit": 100_000, **matching}
        entries: list[dict[str, Any]] = self.call("GET", "/log", params=query).json()["entries"]
        return entries

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.call("GET", "/stats").json()
        return stats

    def submissions(self, message_id: str) -> list[Submission]:
        """Return what was accepted with this Message-ID, as a server's queue would say."""
        found = self.call("GET", "/messages", params={"message_id": message_id}).json()["messages"]
        return [Submission(**values) for values in found]

    def sent(self, number: int) -> EmailMessage:
        """Return the content of a submission by its number in the log."""
        return _parsed(self.call("GET", f"/messages/{number}").content)

    def sent_to(self, recipient: str) -> list[EmailMessage]:
        """Return everything that was accepted for a recipient, oldest first."""
        return [self.sent(entry["n"]) for entry in self.log("submission", recipient=recipient)]

    def mails(self, address: str, folder: str = "INBOX") -> list[EmailMessage]:
        listed = self.call("GET", f"/mailboxes/{address}/{folder}").json()["mails"]
        contents = (self.call("GET", f"/mailboxes/{address}/{folder}/{mail['uid']}") for mail in listed)
        return [_parsed(answer.content) for answer in contents]

    def deliver(self, address: str, content: bytes, folder: str = "INBOX") -> None:
        """Put a message as it is into a mailbox."""
        headers = {"Content-Type": "message/rfc822"}
        self.call("POST", f"/mailboxes/{address}/{folder}", content=content, headers=headers)

    def renumber(self, address: str, folder: str = "INBOX") -> None:
        """Give a folder a new UIDVALIDITY and its messages new UIDs."""
        self.call("POST", f"/mailboxes/{address}/{folder}", json={"renumber": True})

    def drop_imap(self, address: str | None = None) -> None:
        """Cut the IMAP connections of an account, or all."""
        self.call("POST", "/imap/drop", json={"account": address} if address else {})

    def fault(self, kind: str, **values: Any) -> int:
        """Ask for a fault; sandbox/faults.py describes the values. It strikes once unless ``times`` says otherwise."""
        return int(self.call("POST", "/faults", json={"kind": kind, **values}).json()["id"])

    def clear_faults(self) -> None:
        self.call("DELETE", "/faults")

    def dns(self, domain: str, *, preset: str = "", records: Sequence[dict[str, str]] = ()) -> None:
        """Say what the name server answers; sandbox/providers/domain_names.py lists the presets."""
        self.call("POST", "/dns", json={"domain": domain, "preset": preset, "records": list(records)})

    def oauth(self, provider: str) -> dict[str, str]:
        """Return client and endpoints of the issuer that is shaped like ``google`` or ``microsoft``."""
        found = self.call("GET", f"/oauth/{provider}/.well-known/openid-configuration").json()
        endpoints = {"authorize_url": found["authorization_endpoint"], "token_url": found["token_endpoint"]}
        return {**OAUTH_CLIENT, **endpoints}

    def consent(self, authorize_url: str, address: str) -> str:
        """Agree on the issuer's page as the owner of a mailbox. Return where the browser is sent to."""
        response = self.client.get(f"{authorize_url}&{urlencode({'choose': address})}")
        assert response.status_code == 302, response.text
        return str(response.headers["Location"])

    def tokens(self, address: str, *, provider: str = "google") -> dict[str, Any]:
        """Return tokens for a mailbox as the token endpoint would."""
        tokens: dict[str, Any] = self.call(
            "POST", "/oauth/tokens", json={"address": address, "provider": provider}
        ).json()
        return tokens

    def revoke(self, address: str, **values: str) -> None:
        """Withdraw what was granted for a mailbox; ``kind="access"`` only lets access tokens end."""
        self.call("POST", "/oauth/revoke", json={"address": address, **values})

    def now(self) -> datetime:
        return datetime.fromisoformat(self.call("GET", "/clock").json()["now"])

    def clock(self, **values: Any) -> None:
        """Set the clock's ``speed``, ``haste`` or ``now``."""
        self.call("POST", "/clock", json=values)

    def advance(self, **delta: float) -> int:
        """Move the clock as timedelta() would, and do what becomes due. Return how many actions ran."""
        seconds = timedelta(**delta).total_seconds()
        return int(self.call("POST", "/clock", json={"advance": seconds}).json()["done"])

    def run_until_idle(self) -> int:
        """Let people do all that they plan. Return how many actions ran."""
        return int(self.call("POST", "/clock", json={"until": "idle"}).json()["done"])


def _parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def start(home: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start a sandbox in a home. Read its ports with ``wait_for_ports``."""
    command: Sequence[str] = [sys.executable, "-m", "sandbox", "--home", str(home), *arguments]
    root = Path(__file__).parents[2]
    return subprocess.Popen([*command, "--port-file", str(home / "address.json")], cwd=root)


def wait_for_ports(home: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Return the ports once all listen. Raise RuntimeError if the process ends before."""
    file = home / "address.json"
    deadline = time.monotonic() + START_SECONDS
    while not file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("The sandbox did not start.")
        time.sleep(0.02)
    ports: dict[str, Any] = orjson.loads(file.read_bytes())
    return ports


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One sandbox for the whole run of a test worker, started when the first test asks for it."""
    home = Path(tempfile.mkdtemp(prefix=f"sandbox-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-"))
    process = start(home, "--speed", "0", "--people", "silent")
    try:
        yield Sandbox(home, wait_for_ports(home, process))
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def sandbox(sandbox_process: Sandbox, settings: Any) -> Iterator[Sandbox]:
    """An empty sandbox, with LAD's settings pointing at it. A test fails if the sandbox itself made an error."""
    sandbox_process.reset()
    settings.SANDBOX_URL = sandbox_process.url
    settings.SANDBOX_SMTP, settings.SANDBOX_IMAP = sandbox_process.address("smtp"), sandbox_process.address("imap")
    settings.MAIL_SANDBOX_HOSTS = settings.LLM_SANDBOX_HOSTS = settings.DIRECTORY_SANDBOX_HOSTS = [HOST]
    settings.VOICE_SANDBOX_HOSTS = settings.OUTREACH_SANDBOX_HOSTS = [HOST]
    settings.MAIL_NAMESERVERS = [f"{HOST}#{sandbox_process.ports['dns']}"]
    settings.MAIL_CA_FILE = str(sandbox_process.certificate)
    yield sandbox_process
    assert sandbox_process.log("error") == []
