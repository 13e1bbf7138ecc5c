"""Rows are checked cell by cell, and channels by what they reach."""

import pytest

from aiicp.lead_files import assessment
from aiicp.lead_files.matching import repeated
from aiicp.lead_files.rows import CheckedRow, check_row
from lad.errors import Invalid


def row(number: int = 2, **texts: str) -> CheckedRow:
    return read(number, texts)


def read(number: int, texts: dict[str, str]) -> CheckedRow:
    return check_row(number, texts, country="AE")


@pytest.mark.parametrize(
    ("key", "written", "stored"),
    [
        ("email", " Maya@ACME.example ", "maya@acme.example"),
        ("email", "Maya Haddad <maya@acme.example>", "maya@acme.example"),
        ("email", "mailto:maya@acme.example", "maya@acme.example"),
        ("email", "n/a", None),
        ("email", "noemail@domain.com", None),
        ("phone", "050 123 4567", "+971501234567"),
        ("phone", "+49 30 901820", "+4930901820"),
        ("phone", "0049 30 901820", "+4930901820"),
        ("whatsapp", "971501234567", "+971501234567"),
        ("linkedin_url", "http://de.linkedin.com/in/Maya-Haddad/?trk=x", "https://www.linkedin.com/in/maya-haddad"),
        ("linkedin_url", "linkedin.com/in/j%C3%B6rg", "https://www.linkedin.com/in/j%C3%B6rg"),
        ("linkedin_url", "maya-haddad", "https://www.linkedin.com/in/maya-haddad"),
        ("company_domain", "https://www.Acme.example/about", "acme.example"),
        ("first_name", "  Maya \n Ann ", "Maya Ann"),
    ],
)
def test_a_value_is_stored_in_one_form(key: str, written: str, stored: str | None) -> None:
    checked = read(2, {"company_name": "Acme", key: written})
    assert checked.values.get(key) == stored
    assert checked.issues == ()


@pytest.mark.parametrize(
    ("key", "written", "words"),
    [
        ("email", "maya@", "not an e-mail address"),
        ("email", "maya at acme", "not an e-mail address"),
        ("phone", "12", "not a phone number"),
        ("phone", "9.71501E+11", "not a phone number"),
        ("linkedin_url", "https://www.linkedin.com/company/acme", "not the page of a person"),
        ("linkedin_url", "https://linkedin.com.evil.example/in/maya", "no page of LinkedIn"),
        ("linkedin_url", "https://evil.example/?linkedin.com/in/maya", "no page of LinkedIn"),
        ("linkedin_url", "http://[linkedin.com/in/x", "no page of LinkedIn"),
        ("company_domain", "Acme Clinics", "no website"),
        ("title", "x" * 256, "255 are possible"),
    ],
)
def test_a_value_that_cannot_be_used_is_left_out_and_named(key: str, written: str, words: str) -> None:
    checked = read(7, {"last_name": "Haddad", key: written})
    assert key not in checked.values
    assert checked.is_somebody
    [issue] = checked.issues
    assert (issue.row, issue.column) == (7, key)
    assert words in issue.problem


@pytest.mark.parametrize(
    ("full", "names"),
    [("Maya Haddad", ("Maya", "Haddad")), ("Haddad, Maya", ("Maya", "Haddad")), ("Cher", ("Cher", None))],
)
def test_a_full_name_is_split(full: str, names: tuple[str, str | None]) -> None:
    values = row(full_name=full).values
    assert (values.get("first_name"), values.get("last_name")) == names
    assert row(full_name="X Y", first_name="Maya").values == {"first_name": "Maya"}


def test_a_row_without_anybody_cannot_become_a_lead() -> None:
    checked = row(city="Dubai", email="nobody")
    assert not checked.is_somebody
    assert [issue.column for issue in checked.issues] == ["email", ""]


def test_only_a_number_that_may_be_mobile_is_on_whatsapp() -> None:
    mobile, landline = row(phone="+971501234567"), row(phone="+97143003000")
    assert [each.reachable_on("whatsapp") for each in (mobile, landline)] == [True, False]
    assert [each.reachable_on("voice") for each in (mobile, landline)] == [True, True]
    assert row(whatsapp="+97143003000").reachable_on("whatsapp")


def test_repeated_rows_name_the_first_one() -> None:
    rows = [
        row(2, email="a@acme.example", phone="+971501234567"),
        row(3, first_name="Ann"),
        row(4, first_name="Ann"),
        row(5, email="A@acme.example"),
        row(6, phone="050 123 4567", email="b@acme.example"),
        row(7, email="b@acme.example"),
    ]
    assert repeated(rows) == {5: 2, 6: 2, 7: 2}


@pytest.mark.parametrize(
    ("with_email", "priority"), [(0, None), (2, None), (3, "medium"), (4, "medium"), (5, "high"), (10, "high")]
)
def test_a_channel_is_recommended_from_thirty_and_fifty_percent_on(with_email: int, priority: str | None) -> None:
    rows = [row(number, first_name="A") for number in range(10 - with_email)]
    rows += [row(number, email=f"p{number}@acme.example") for number in range(with_email)]
    found = assessment.coverage(rows)
    assert (found["email"].count, found["email"].total, found["email"].percentage) == (with_email, 10, with_email * 10)
    assert found["email"].sentence == f"{with_email} of 10 rows ({with_email * 10} %) can be reached by e-mail."
    actions = {each.platform: each for each in assessment.recommended(found)}
    assert (actions["email"].priority if "email" in actions else None) == priority
    if priority:
        assert found["email"].sentence in actions["email"].reason


def test_the_best_covered_channel_comes_first() -> None:
    rows = [row(linkedin_url="maya-haddad", email="a@acme.example"), row(linkedin_url="bob-smith")]
    found = assessment.coverage(rows)
    assert [(each.platform, each.priority) for each in assessment.recommended(found)] == [
        ("linkedin", "high"),
        ("email", "high"),
    ]
    assert [each.platform for each in assessment.questions(found)] == ["linkedin", "email"]
    assert "1 cannot be" in assessment.questions(found)[1].question
    assert assessment.coverage([])["email"].percentage == 0


def test_rows_that_no_chosen_channel_reaches_say_why() -> None:
    rows = [row(email="a@acme.example"), row(3, first_name="Ann", phone="12"), row(4, phone="+97143003000")]
    found = assessment.validate(rows, ["email", "voice"])
    assert (found.valid, found.can_execute, found.total) == ((0, 2), True, 3)
    [wrong] = found.invalid
    assert (wrong.index, wrong.number) == (1, 3)
    assert wrong.issues[0] == "E-mail: there is no E-mail."
    assert "not a phone number" in wrong.issues[1]
    assert not assessment.validate(rows, ["linkedin"]).can_execute
    for platforms in ([], ["pigeon"]):
        with pytest.raises(Invalid):
            assessment.validate(rows, platforms)
