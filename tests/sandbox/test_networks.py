"""The people on the networks, and what the sandbox keeps of all that reached them."""

from pathlib import Path

import pytest

from sandbox.core import Core
from sandbox.networks.ledger import Deed, Ledger
from sandbox.networks.people import BEHAVIOURS, SPOKEN, People, canonical
from sandbox.networks.reactions import said
from sandbox.providers.mail.people.languages import LANGUAGES
from sandbox.providers.unipile.identities import identifier_of, provider_id
from tests.support.sandbox import Sandbox


def core_in(home: Path) -> Core:
    return Core(home, seed=7, speed=0, haste=1)


def test_who_is_not_told_does_what_follows_from_the_seed(tmp_path: Path) -> None:
    people = People(core_in(tmp_path))
    names = [f"member-{number}" for number in range(1200)]
    found = [people.person(name) for name in names]
    assert found == [people.person(name) for name in names]
    assert {person.behaviour for person in found} == set(BEHAVIOURS)
    assert {person.language for person in found} == set(SPOKEN)
    assert {person.interested for person in found} == {True, False}


def test_a_name_may_say_what_somebody_does(tmp_path: Path) -> None:
    people = People(core_in(tmp_path))
    names = ("accepts-late-7", "answers.second.3", "opts_out", "answers-4-de", "never-reads-1")
    found = [(people.person(name).behaviour, people.person(name).language) for name in names]
    assert found == [
        ("accepts_late", "en"),
        ("answers_second", "en"),
        ("opts_out", "en"),
        ("answers", "de"),
        ("never_reads", "en"),
    ]


def test_what_people_say_is_in_their_language(tmp_path: Path) -> None:
    people = People(core_in(tmp_path))
    assert set(SPOKEN) <= set(LANGUAGES)
    agreeing = people.save({"identifier": "a", "behaviour": "answers", "language": "fr"})
    doubting = people.save({"identifier": "b", "behaviour": "answers", "language": "fr", "interested": False})
    leaving = people.save({"identifier": "c", "behaviour": "opts_out", "language": "fr"})
    texts = [said(each) for each in (agreeing, doubting, leaving)]
    french = LANGUAGES["fr"]
    assert texts == [french.agrees, french.declines, french.unsubscribe]
    assert said(leaving, "STOP") == "STOP"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("+44 7700 900-123", "+447700900123"),
        ("447700900123@s.whatsapp.net", "+447700900123"),
        ("447700900123", "+447700900123"),
        ("https://www.linkedin.com/in/Ada-Abara/", "ada-abara"),
        ("@Ada.Abara", "ada.abara"),
    ],
)
def test_an_identifier_has_one_form(given: str, kept: str) -> None:
    assert canonical(given) == kept


@pytest.mark.parametrize("type", ["LINKEDIN", "INSTAGRAM", "WHATSAPP"])
def test_the_networks_ids_lead_back_to_the_person(type: str) -> None:
    identifier = "+447700900123" if type == "WHATSAPP" else "ada-abara"
    assert identifier_of(type, provider_id(type, identifier)) == identifier


def test_the_ledger_counts_what_came_twice_and_survives_a_restart(tmp_path: Path) -> None:
    for number in range(3):
        core = core_in(tmp_path)
        ledger = Ledger(core)
        deed = Deed(ledger.next_id(), "unipile", "linkedin", "maya", "message", "ada", "Hello", "", core.clock.now())
        ledger.record(deed)
        assert [entry["again"] for entry in core.log.read(limit=9)][-1] == number
    assert ledger.stats("unipile") == {"sent": {"message": 3}, "sent_twice": 2}
    assert len({each["id"] for each in ledger.search(account="maya")}) == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/networks/people", {"identifier": "ada", "behaviour": "sings"}),
        ("/networks/people", {"identifier": "ada", "language": "tlh"}),
        ("/networks/people", {}),
        ("/networks/accounts/maya", {"nonsense": 1}),
        ("/networks/callbacks", {"pace": 0}),
        ("/unipile/write", {"account": "maya", "person": "ada", "text": "x", "by": "nobody"}),
        ("/twilio/write", {"account": "AC1", "person": "+447700900123", "text": "x", "to": "nobody"}),
    ],
)
def test_orders_that_make_no_sense_are_refused(sandbox: Sandbox, path: str, body: dict[str, object]) -> None:
    assert sandbox.client.post(path, json=body).status_code == 400


def test_people_are_shown_and_silent_by_default_in_tests(sandbox: Sandbox) -> None:
    assert sandbox.call("GET", "/networks/people/somebody").json()["behaviour"] == "ignores"
    sandbox.call("POST", "/networks/people", json={"identifier": "somebody", "behaviour": "accepts-late"})
    assert sandbox.call("GET", "/networks/people/somebody").json()["behaviour"] == "accepts_late"
