"""Separate what somebody wrote from the message they answered, and from what their mail program added."""

from collections.abc import Sequence
from typing import Final

from campaigns.channels.email.receiving.words import Phrases, fold, folded_names, words

MAX_LINES: Final = 2_000
MAX_ATTRIBUTION_LENGTH: Final = 300
MAX_ATTRIBUTION_LINES: Final = 3
HEADER_BLOCK_LINES: Final = 8
LEAST_HEADERS: Final = 3
SHORTEST_RULE: Final = 5
# A shorter line may be in both messages by chance.
LEAST_LENGTH_OF_QUOTED_LINE: Final = 15

# "On 3 March Kim wrote:" in the languages of mail programs.
WROTE: Final = Phrases.of(
    "wrote|schrieb|geschrieben|a écrit|écrivait|escribió|schreef|geschreven|pisze|napisał|napisała|napisał(a)|escreveu"
    "|yazdı|şunları yazdı|ने लिखा|كتب|كتبت|ha scritto|пишет|написал|написала|писал|skrev|kirjoitti|napsal|írta|έγραψε"
    "|написав|a scris"
)
# Languages without spaces between words.
WROTE_UNSPACED: Final = ("写道", "寫道", "のメッセージ", "は書きました", "님이 작성")
DELIMITERS: Final = Phrases.of(
    "original message|original appointment|ursprüngliche nachricht|originalnachricht|message d'origine|message original"
    "|mensaje original|oorspronkelijk bericht|wiadomość oryginalna|oryginalna wiadomość|mensagem original"
    "|orijinal mesaj|özgün ileti|मूल संदेश|الرسالة الأصلية|messaggio originale|исходное сообщение|ursprungligt meddelande"
    "|forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|begin forwarded message"
)
SENDER_LABELS: Final = folded_names("From|Von|De|Van|Od|Kimden|Gönderen|من|प्रेषक|Da|Från|Fra|От|Odesílatel")
OTHER_LABELS: Final = folded_names(
    "Sent|To|Cc|Subject|Date|Gesendet|An|Betreff|Datum|Envoyé|À|Objet|Enviado|Enviado el|Para|Asunto|Fecha"
    "|Verzonden|Aan|Onderwerp|Wysłano|Do|DW|Temat|Data|Assunto|Enviada em|Enviado em|Gönderildi|Gönderme Tarihi"
    "|Kime|Konu|Tarih|تاريخ الإرسال|التاريخ|إلى|الموضوع|भेजा गया|दिनांक|प्रति|विषय|Inviato|A|Oggetto|Skickat|Till|Ämne"
    "|Отправлено|Кому|Тема|Дата|Reply-To|Importance"
)
# What telephones and programs add below.
ADDED: Final = Phrases.of(
    "sent from my|sent from mail|sent from outlook|get outlook for|gesendet von mein|von meinem iphone gesendet"
    "|outlook für ios|envoyé de mon|envoyé depuis|télécharger outlook|enviado desde mi|obtener outlook|verstuurd vanaf"
    "|verzonden vanaf|wysłane z|wysłano z|enviado do meu|obter o outlook|iphone'umdan gönderildi|iphone'dan gönderildi"
    "|أرسلت من|تم الإرسال من|मेरे iphone से भेजा|inviato da iphone|skickat från min"
)


def own_words(text: str, *, original: str = "") -> str:
    """Return the text without quoted messages and signatures.

    ``original`` is the message that is answered: its lines are left out even where nothing marks them as quoted.
    """
    lines = [line.rstrip() for line in text.replace("\r", "").split("\n")[:MAX_LINES]]
    known = {_comparable(line) for line in original.split("\n")[:MAX_LINES]} if original else set()
    kept: list[str] = []
    position = 0
    while position < len(lines):
        line = lines[position]
        if _rest_is_quoted(lines, position):
            break
        taken = _attribution(lines, position)
        if taken:
            if not _quotes(lines, position + taken):
                break
            position += taken
            continue
        if not line.lstrip().startswith(">") and not _is_known(line, known):
            kept.append(line)
        position += 1
    return _without_signature(kept)


def _rest_is_quoted(lines: Sequence[str], position: int) -> bool:
    """Return whether the line begins a quoted message that goes to the end."""
    line = lines[position].strip()
    if not line:
        return False
    marked = line[0] in "-_*=" or line.endswith(":")
    if marked and len(line) <= MAX_ATTRIBUTION_LENGTH and DELIMITERS.within(words(line)):
        return True
    return _label(line) in SENDER_LABELS and _is_header_block(lines, position)


def _is_header_block(lines: Sequence[str], position: int) -> bool:
    labels = {_label(line) for line in lines[position : position + HEADER_BLOCK_LINES]}
    return len(labels & OTHER_LABELS) + 1 >= LEAST_HEADERS


def _label(line: str) -> str:
    """Return the folded name before the colon of a line such as ``*From:* Kim``, or an empty string."""
    name, colon, _rest = line.strip().replace("*", "").partition(":")
    return fold(name.strip()) if colon and len(name) <= 20 else ""


def _attribution(lines: Sequence[str], position: int) -> int:
    """Return how many lines from here say who wrote the quoted message, or 0."""
    if not lines[position].strip() or lines[position].lstrip().startswith(">"):
        return 0
    joined = ""
    for count in range(1, MAX_ATTRIBUTION_LINES + 1):
        if position + count > len(lines):
            return 0
        joined = f"{joined} {lines[position + count - 1].strip()}"
        if len(joined) > MAX_ATTRIBUTION_LENGTH or not lines[position + count - 1].strip():
            return 0
        if joined.endswith((":", "：")):
            return count if _says_who_wrote(joined) else 0
    return 0


def _says_who_wrote(text: str) -> bool:
    if not any(letter.isdigit() or letter == "@" for letter in text):
        return False
    return any(each in text for each in WROTE_UNSPACED) or WROTE.within(words(text))


def _quotes(lines: Sequence[str], position: int) -> bool:
    """Return whether the next line with text is marked as quoted."""
    following = next((line.lstrip() for line in lines[position:] if line.strip()), "")
    return following.startswith(">")


def _comparable(line: str) -> str:
    return " ".join(line.split()).lower()


def _is_known(line: str, known: set[str]) -> bool:
    text = _comparable(line)
    return len(text) >= LEAST_LENGTH_OF_QUOTED_LINE and text in known


def _without_signature(lines: list[str]) -> str:
    kept: list[str] = []
    for number, line in enumerate(lines):
        if line.strip() in ("--", "—") and any(each.strip() for each in lines[:number]):
            break
        if _is_rule(line) or (len(line) <= MAX_ATTRIBUTION_LENGTH and ADDED.within(words(line))):
            continue
        # At most one blank line between paragraphs.
        if line.strip() or (kept and kept[-1]):
            kept.append(line.strip() and line)
    return "\n".join(kept).strip()


def _is_rule(line: str) -> bool:
    """Return whether the line is nothing but a drawn line."""
    text = line.strip()
    return len(text) >= SHORTEST_RULE and not text.strip("_-=*")
