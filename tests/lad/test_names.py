"""Names of people and companies hold no links and no control characters."""

import time

import pytest
from django.core.exceptions import ValidationError

from lad import names

GOOD = [
    "Ada",
    "J.R.R. Tolkien",
    "Dr. Martin Luther King Jr.",
    "O'Hara-Smith",
    "Ph.D.",
    "Nguyễn Thị Minh Khai",
    "李小龍",
    "محمد‌رضا",
    "A/S Dansk Olie",
    "AT&T Inc.",
    "GmbH & Co. KG",
    "Version 3.0",
    "",
]
BAD = [
    "http://evil.example",
    "hxxp://x",
    "//evil",
    "www.evil",
    "Visit evil.com",
    "evil．com",
    "evil。com",
    "mail me@evil.example",
    "St.John",
    "Ada\nBcc: all@x",
    "Ada\r",
    "Ada\x00",
    "Ada\u2028Lovelace",
    "\u202eadA",
    "A\u200bda",
    "tab\there",
]


@pytest.mark.parametrize("name", GOOD)
def test_a_name_is_accepted(name):
    names.validate(name)
    names.validate_message(name)


@pytest.mark.parametrize("name", BAD)
def test_a_name_with_a_link_or_a_control_character_is_refused(name):
    with pytest.raises(ValidationError):
        names.validate(name)


def test_a_message_may_have_lines_but_no_links():
    names.validate_message("Hello,\r\n\tdo join us.\nAda")
    for text in ("Look at\nevil.com", "\x00", "https://x"):
        with pytest.raises(ValidationError):
            names.validate_message(text)


def test_what_is_no_name_is_replaced_in_a_mail():
    assert names.shown("Ada", otherwise="somebody") == "Ada"
    assert [names.shown(each, otherwise="somebody") for each in ("evil.com", " ", "")] == ["somebody"] * 3


@pytest.mark.parametrize("character", ["a", ".", "/", "w", "www.", "a.", " ", "\u200d", "。"])
def test_a_hostile_text_is_read_in_linear_time(character):
    started = time.process_time()
    names.is_message(character * 100_000)
    assert time.process_time() - started < 1
