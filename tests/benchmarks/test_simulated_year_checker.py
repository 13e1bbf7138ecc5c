"""The checker of the simulated year finds each kind of forbidden send, and nothing in a year that kept the rules."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from benchmarks.simulated_tampering import forbidden, undetected
from benchmarks.simulated_year_checker import Account, Campaign, Checker, Event, Hours, Lead, Record, Send, Tenant

MONDAY = datetime(2027, 3, 15, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def send(at=MONDAY, number=1, **values):
    named = {"lead": "maya", "campaign": "spring", "account": "box", "address": "maya@northwind.example"}
    return Send(**{**named, "at": at, "step": f"step-{number}", "message_id": f"<{number}@lad>", **values})


def kept():
    """A record whose sends keep every rule, also around the change of clocks in Berlin on 28 March 2027."""
    return Record(
        tenants={
            "acme": Tenant(
                zone="Europe/London",
                quiet=Hours(8 * 60, 20 * 60),
                per_day=2,
                per_week=4,
                holidays=frozenset({(date(2027, 3, 26), ""), (date(2027, 3, 29), "DE")}),
            )
        },
        leads={
            "maya": Lead("Europe/Berlin", "DE", "maya@northwind.example", "northwind.example"),
            "amir": Lead("America/New_York", "US", "amir@contoso.example", "contoso.example"),
        },
        campaigns={"spring": Campaign(Hours(9 * 60, 17 * 60, frozenset(range(5))), "acme", daily_cap=3)},
        accounts={"box": Account("acme", daily_limit=3)},
        events=[
            Event(MONDAY - 2 * DAY, "suppress", "acme amir@contoso.example"),
            Event(MONDAY - DAY, "lift", "acme amir@contoso.example"),
            Event(MONDAY - 2 * DAY, "withdraw", "maya"),
            Event(MONDAY - DAY, "consent", "maya"),
            Event(MONDAY - 2 * DAY, "pause", "spring"),
            Event(MONDAY - DAY, "resume", "spring"),
        ],
        sends=[
            send(MONDAY, 1),
            send(MONDAY + HOUR, 2),
            send(MONDAY + DAY, 3),
            send(MONDAY + DAY + HOUR, 4),
            send(MONDAY + 4 * HOUR, 5, lead="amir", address="amir@contoso.example"),
            # Nine in the morning in Berlin, an hour earlier by the world's clock than the week before.
            send(datetime(2027, 3, 30, 7, tzinfo=UTC), 6),
        ],
    )


def broken(record):
    return {violation.rule for violation in Checker(record).violations()}


def test_a_record_that_keeps_every_rule_has_no_violation():
    assert broken(kept()) == set()


LATE = MONDAY + 2 * DAY + 4 * HOUR
AMIR = {"lead": "amir", "address": "amir@contoso.example"}
SENDS = {
    "before nine in Berlin in summer": ({"window"}, send(datetime(2027, 3, 31, 6, 59, tzinfo=UTC), 9)),
    "at night": ({"quiet hours", "window"}, send(datetime(2027, 3, 31, 2, tzinfo=UTC), 9)),
    "at five o'clock sharp": ({"window"}, send(datetime(2027, 3, 31, 15, tzinfo=UTC), 9)),
    "on a Saturday": ({"window"}, send(datetime(2027, 4, 3, 10, tzinfo=UTC), 9)),
    "on a holiday of everybody": ({"quiet hours", "window"}, send(datetime(2027, 3, 26, 10, tzinfo=UTC), 9)),
    "on a holiday of the country": ({"quiet hours", "window"}, send(datetime(2027, 3, 29, 10, tzinfo=UTC), 9)),
    "to another address": ({"address"}, send(LATE, 9, lead="amir", address="other@contoso.example")),
    "a step twice": ({"twice"}, send(LATE, 5, **AMIR)),
    "a message twice": ({"twice"}, replace(send(LATE, 9, **AMIR), message_id="<5@lad>")),
}


@pytest.mark.parametrize(("rules", "added"), SENDS.values(), ids=SENDS.keys())
def test_a_send_against_the_hours_or_limits_is_found(rules, added):
    record = kept()
    record.sends.append(added)
    assert broken(record) == rules


LIMITS = {
    "lead a day": ("tenants", "acme", {"per_day": 1}),
    "lead a week": ("tenants", "acme", {"per_week": 3}),
    "campaign a day": ("campaigns", "spring", {"daily_cap": 2}),
    "account a day": ("accounts", "box", {"daily_limit": 2}),
}


@pytest.mark.parametrize("rule", LIMITS)
def test_each_limit_is_counted_by_itself(rule):
    table, name, lower = LIMITS[rule]
    record = kept()
    rows = getattr(record, table)
    rows[name] = replace(rows[name], **lower)
    assert broken(record) == {rule}


EVENTS = {
    "suppressed address": ("suppression", "suppress", "acme maya@northwind.example"),
    "suppressed company": ("suppression", "suppress", "acme northwind.example"),
    "withdrawn consent": ("consent", "withdraw", "maya"),
    "stopped enrolment": ("stop", "stop", "maya spring"),
    "paused campaign": ("pause", "pause", "spring"),
    "disabled account": ("account", "disable", "box"),
}


@pytest.mark.parametrize(("rule", "kind", "subject"), EVENTS.values(), ids=EVENTS.keys())
def test_a_send_after_permission_ended_is_found(rule, kind, subject):
    record = kept()
    record.events.append(Event(MONDAY + DAY + timedelta(minutes=30), kind, subject))
    assert broken(record) == {rule}


def test_the_same_event_after_the_last_send_forbids_nothing():
    record = kept()
    record.events += [Event(MONDAY + 100 * DAY, kind, subject) for _rule, kind, subject in EVENTS.values()]
    assert broken(record) == set()


def closed():
    """A record in which every kind of subject is closed after the sends, with another lead's sends in between."""
    record = kept()
    record.events += [Event(MONDAY + 100 * DAY, kind, subject) for _rule, kind, subject in EVENTS.values()]
    return record


RULES = {
    *("address", "window", "quiet hours", "suppression", "consent", "stop", "pause", "account", "twice"),
    *("lead a day", "lead a week", "campaign a day", "account a day"),
}


def test_forbidden_sends_of_every_rule_are_made_of_a_record_and_found():
    added = list(forbidden(closed()))
    assert {each.rule for each in added} == RULES
    assert [each.what for each in added if each.rule == "suppression"] == ["an address", "as a whole"]
    assert undetected(closed()) == ([], len(added))


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_forbidden_send_breaks_its_own_rule(rule):
    for each in [each for each in forbidden(closed()) if each.rule == rule] or pytest.fail("none was made"):
        record = closed()
        record.sends += each.sends
        assert rule in broken(record)


def test_quiet_hours_count_by_themselves():
    record = kept()
    record.tenants["acme"] = replace(record.tenants["acme"], quiet=Hours(8 * 60, 20 * 60, frozenset({1, 2, 3, 4})))
    assert broken(record) == {"quiet hours"}


def test_an_account_that_is_switched_on_again_may_send():
    record = kept()
    record.events += [Event(MONDAY - 2 * DAY, "disable", "box"), Event(MONDAY - DAY, "enable", "box")]
    assert broken(record) == set()
