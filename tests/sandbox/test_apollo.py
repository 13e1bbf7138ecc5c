"""The sandbox's Apollo: a population that is always the same, plans, charges, and phones that come as they like."""

import json
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx2
import phonenumbers
import pytest

from leads.companies.apollo.phones import PhoneDelivery, read_delivery
from sandbox.providers.apollo.population import COMPANIES, PEOPLE, Population
from sandbox.reserved import is_reserved
from tests.support.sandbox import Sandbox
from tests.support.serving import serving

SENDER = "maya@kestrel.example"
API = "/apollo/api/v1"
KEY = {"x-api-key": "sandbox-organization"}


class Webhook:
    """A server that keeps what Apollo delivers. ``failures`` is how often it fails first."""

    def __init__(self) -> None:
        self.address = ""
        self.failures = 0
        self.got: list[PhoneDelivery | None] = []

    def receive(self, payload: dict[str, Any]) -> int:
        self.got.append(read_delivery(payload))
        self.failures -= 1
        return 500 if self.failures >= 0 else 200


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    kept = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(kept.receive(json.loads(body)))
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as address:
        kept.address = f"{address}/phones/a-request"
        yield kept


def search(sandbox: Sandbox, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = sandbox.call("POST", f"{API}/mixed_people/api_search", params=query, headers=KEY).json()
    return found


def ask_for_phones(sandbox: Sandbox, webhook: Webhook, people: int = 10) -> dict[str, Any]:
    ids = [each["id"] for each in search(sandbox, per_page=str(people))["people"]]
    query = {"reveal_phone_number": "true", "webhook_url": webhook.address}
    body = {"details": [{"id": id} for id in ids]}
    answer: dict[str, Any] = sandbox.call(
        "POST", f"{API}/people/bulk_match", params=query, json=body, headers=KEY
    ).json()
    return answer


def test_everybody_is_reserved_and_always_the_same() -> None:
    population, again, others = Population(1), Population(1), Population(2)
    numbers = range(0, PEOPLE, 97)
    people = [population.person(number) for number in numbers]
    assert people == [again.person(number) for number in numbers]
    assert len(population.companies) == COMPANIES
    assert len({company.place.country for company in population.companies}) > 40
    assert len({company.domain for company in population.companies}) == COMPANIES
    assert all(is_reserved(company.domain) for company in population.companies)
    addresses = [person.email for person in people if person.email_status != "unavailable"]
    assert len(set(addresses)) == len(addresses) > 400
    assert all(parseaddr(address)[1] == address and is_reserved(address.partition("@")[2]) for address in addresses)
    phones = [person.phone for person in people if person.phone]
    assert 200 < len(phones) < len(people)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)
    assert population.person_of(others.person_id(7)) is None
    assert population.person_of(population.person_id(7)) == population.person(7)


@pytest.mark.parametrize(
    ("fault", "seconds", "deliveries"),
    [
        ({}, 300, 1),
        ({"kind": "drop"}, 300, 0),
        ({"kind": "split"}, 300, 3),
        ({"kind": "answer"}, 0, 1),
        ({"kind": "slow", "seconds": 3_000}, 300, 0),
        ({"kind": "slow", "seconds": 3_000}, 3_001, 1),
    ],
)
def test_phones_come_once_again_late_early_or_never(
    sandbox: Sandbox, webhook: Webhook, fault: dict[str, Any], seconds: int, deliveries: int
) -> None:
    if fault:
        sandbox.fault(protocol="apollo", stage="WEBHOOK", **fault)
    request = str(ask_for_phones(sandbox, webhook)["request_id"])
    sandbox.advance(seconds=seconds)
    assert len(webhook.got) == deliveries
    assert {delivery.request_id for delivery in webhook.got if delivery} == ({request} if deliveries else set())
    # What was lost can still be asked for, and is charged once however often it comes.
    asked = sandbox.client.get(f"{API}/webhook_result/{request}", headers=KEY)
    assert asked.status_code == (404 if fault.get("kind") == "slow" and not deliveries else 200)
    charged = [entry["id"] for entry in sandbox.log("apollo_charge") if entry["subject"] == "phone"]
    assert len(charged) == len(set(charged))
    assert (len(charged) > 0) is (asked.status_code == 200)


def test_a_delivery_that_fails_is_tried_again(sandbox: Sandbox, webhook: Webhook) -> None:
    webhook.failures = 2
    ask_for_phones(sandbox, webhook)
    sandbox.run_until_idle()
    assert [entry["status"] for entry in sandbox.log("apollo_webhook")] == ["500", "500", "200"]
    assert len(webhook.got) == 3


def test_phones_are_delivered_to_this_computer_only(sandbox: Sandbox) -> None:
    [someone] = search(sandbox, per_page="1")["people"]
    query = {"id": someone["id"], "reveal_phone_number": "true", "webhook_url": "https://elsewhere.example/hook"}
    sandbox.call("POST", f"{API}/people/match", params=query, headers=KEY)
    sandbox.run_until_idle()
    assert {entry["status"] for entry in sandbox.log("apollo_webhook")} == {"failed: Elsewhere"}
    refused = sandbox.client.post(f"{API}/people/match", params={**query, "webhook_url": ""}, headers=KEY)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["webhook_url"])


def test_the_stats_count_what_was_charged_and_what_arrived(sandbox: Sandbox) -> None:
    ids = [each["id"] for each in search(sandbox, per_page="3")["people"]]
    sandbox.fault("split", protocol="apollo", stage="MATCH", skip=2)
    for id in ids[:2]:
        sandbox.call("POST", f"{API}/people/match", params={"id": id}, headers=KEY)
    with pytest.raises(httpx2.RemoteProtocolError):
        sandbox.client.post(f"{API}/people/match", params={"id": ids[2]}, headers=KEY)
    counted = {"credits": 3, "delivered_credits": 2, "charges": 3, "delivered": 2}
    assert sandbox.stats()["apollo"]["teams"] == {KEY["x-api-key"]: counted}
    # An answer without headers is one that did not pass the key or the plan.
    assert "x-rate-limit-minute" not in sandbox.client.post(f"{API}/people/match").headers


def test_people_read_mail_and_answer(sandbox: Sandbox) -> None:
    [someone] = search(sandbox, per_page="1", **{"contact_email_status[]": "verified"})["people"]
    told = sandbox.call("POST", f"{API}/people/match", params={"id": someone["id"]}, headers=KEY).json()["person"]
    sandbox.person(told["email"], "answers")
    sandbox.mailbox(SENDER)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, told["email"], "Your open positions"
    message["Message-ID"] = "<7@kestrel.example>"
    message.set_content("Shall we talk?\n")
    with smtplib.SMTP(*sandbox.smtp, timeout=10) as client:
        client.login(SENDER, "secret")
        client.send_message(message)
    sandbox.run_until_idle()
    [answer] = sandbox.mails(SENDER)
    assert parseaddr(answer["From"])[1] == told["email"]
