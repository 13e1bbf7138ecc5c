"""E-mail addresses from real imports: accepted where mail servers accept them, or refused with the reason."""

import pytest
from django.core.exceptions import ValidationError

from lad import emails

ACCEPTED = {
    "jöhn@example.com": "jöhn@example.com",
    "用户@例子.广告": "用户@例子.广告",
    " Maria.Silva+News@Example.COM ": "maria.silva+news@example.com",
    "o'brien@example.ie": "o'brien@example.ie",
    "info@MÜNCHEN.example": "info@münchen.example",
    "info@xn--mnchen-3ya.example": "info@münchen.example",
}
REFUSED = {
    "some.name.@gmail.com": "period immediately before the @-sign",
    ".some@gmail.com": "period",
    "a..b@gmail.com": "two periods in a row",
    "joe@localhost": "should have a period",
    "joe": "@-sign",
    "joe@@example.com": "@-sign",
    "joe smith@example.com": "SPACE",
}


def test_addresses_that_the_world_accepts_are_accepted_in_one_spelling() -> None:
    assert {text: emails.normalise(text, any_script=True) for text in ACCEPTED} == ACCEPTED


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_what_is_no_address_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValidationError) as error:
        emails.normalise(text, any_script=True)
    assert text.strip() in error.value.messages[0]
    assert reason in error.value.messages[0]


def test_an_account_needs_an_address_that_mail_of_lads_can_be_sent_to() -> None:
    with pytest.raises(ValidationError, match="before the @-sign"):
        emails.normalise("jöhn@example.com")
