"""Words by which people want no more messages, in the languages of tenants."""

import pytest

from campaigns.channels.opt_out_words import Wish, wish_of

STOPS = (
    "STOP|stop| Stop. |“STOP”|STOPALL|Unsubscribe|CANCEL|END|QUIT|Stop all!|opt-out|block|*STOP*"
    "|Abmelden|STOPP|KÜNDIGEN|arrêt|ARRET|Désabonner|baja|No más|PARAR|إيقاف|الغاء|रोकें|बंद करो|СТОП"
)
ANSWERS = (
    "Stop by on Monday|I can't cancel the meeting|At the end of the week|no||?!|Yes, please call me"
    "|Wir beenden das Projekt|help me understand|stop stop stop stop stop stop stop stop stop stop stop stop stop stop"
)


@pytest.mark.parametrize("text", STOPS.split("|"))
def test_a_message_that_is_nothing_but_the_word_asks_for_no_more(text: str) -> None:
    assert wish_of(text) == Wish.STOP


@pytest.mark.parametrize("text", ANSWERS.split("|"))
def test_the_word_in_an_answer_asks_for_nothing(text: str) -> None:
    assert wish_of(text) is None


@pytest.mark.parametrize("text", ["START", "unstop", "Yes", "YES!", "Subscribe", "ابدأ", "शुरू करें"])
def test_people_may_want_messages_again(text: str) -> None:
    assert wish_of(text) == Wish.START


@pytest.mark.parametrize("text", ["HELP", "Info", "Hilfe", "aide", "ayuda"])
def test_help_is_neither(text: str) -> None:
    assert wish_of(text) == Wish.HELP


@pytest.mark.parametrize(
    ("said", "wish"), [("STOP", Wish.STOP), ("START", Wish.START), ("HELP", Wish.HELP), ("", None), ("OTHER", None)]
)
def test_what_the_provider_has_recognised_always_counts(said: str, wish: Wish | None) -> None:
    assert wish_of("Please leave me alone, I do not want this any more", said) == wish
