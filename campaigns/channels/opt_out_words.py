"""The words by which people say on SMS and WhatsApp that they want no more messages, or want them again.

A bare word counts only if it is the whole message: "stop by on Monday" is an answer.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from campaigns.channels.email.receiving.words import fold

# A longer text is no bare word.
MAX_LENGTH: Final = 60
# What stands around a word: quotation marks, full stops, brackets.
AROUND: Final = " \t\r\n.,;:!?¡¿'\"“”„«»‚‘’()[]*_-–—…।؟،"


class Wish(StrEnum):
    """What somebody asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"


# By language. The first three lines are what carriers and Twilio take without being asked to.
STOP_WORDS: Final[Mapping[str, str]] = {
    "en": "stop|stopall|stop all|unsubscribe|cancel|end|quit|optout|opt out|opt-out|revoke|remove me|unsubscribe me"
    "|no more messages|stop messaging me|do not contact me|stop promotions|stop marketing|block",
    "de": "stopp|stoppen|abmelden|abbestellen|kündigen|beenden|austragen|keine nachrichten|keine nachrichten mehr",
    "fr": "arret|arrêt|arrêter|arrêtez|désabonner|désinscrire|désinscription|désabonnement|me désabonner|annuler",
    "es": "alto|parar|pare|basta|baja|darme de baja|darse de baja|cancelar|no más|no mas mensajes|no más mensajes",
    "it": "ferma|fermare|disiscrivimi|disiscriviti|annulla|cancellami|basta messaggi",
    "pt": "parar|pare|sair|cancelar|descadastrar|remover",
    "nl": "stoppen|afmelden|uitschrijven",
    "pl": "rezygnuję|wypisz|wypisz mnie|koniec",
    "tr": "dur|durdur|iptal|ret|abonelikten çık",
    "ar": "إيقاف|ايقاف|توقف|قف|أوقف|إلغاء|الغاء|إلغاء الاشتراك|الغاء الاشتراك|لا ترسل",
    "hi": "रोकें|रोको|रोक दें|बंद|बंद करो|बंद करें|सदस्यता समाप्त करें|मत भेजो",
    "ur": "روکیں|بند کریں|بند کرو",
    "ru": "стоп|отписаться|отписка|отмена",
}
START_WORDS: Final[Mapping[str, str]] = {
    "en": "start|unstop|yes|subscribe|opt in|opt-in|optin|unblock",
    "de": "starten|anmelden",
    "fr": "commencer|reprendre|m'abonner",
    "es": "empezar|comenzar|iniciar|suscribir",
    "ar": "ابدأ|ابدا|اشتراك",
    "hi": "शुरू|शुरू करें|चालू",
}
HELP_WORDS: Final[Mapping[str, str]] = {
    "en": "help|info",
    "de": "hilfe",
    "fr": "aide",
    "es": "ayuda",
    "ar": "مساعدة",
    "hi": "मदद|सहायता",
}


def wish_of(text: str, provider_says: str = "") -> Wish | None:
    """Return what a message asks for, or None if it is an ordinary one.

    ``provider_says`` is the wish that the provider itself has recognised and acted on, as Twilio's ``OptOutType``:
    it always counts, whatever the text.
    """
    said = provider_says.strip().lower()
    if said in set(Wish):
        return Wish(said)
    return _BY_WORD.get(_bare(text)) if len(text) <= MAX_LENGTH else None


def _bare(text: str) -> str:
    """Return the folded text without what stands around it, its words with one space between them."""
    return " ".join(fold(text).replace("'", " ").split()).strip(AROUND)


def _words(lists: Mapping[str, str]) -> Iterable[str]:
    return (_bare(word) for words in lists.values() for word in words.split("|"))


# In doubt somebody wants no more messages.
_BY_WORD: Final[Mapping[str, Wish]] = {
    **dict.fromkeys(_words(HELP_WORDS), Wish.HELP),
    **dict.fromkeys(_words(START_WORDS), Wish.START),
    **dict.fromkeys(_words(STOP_WORDS), Wish.STOP),
}
