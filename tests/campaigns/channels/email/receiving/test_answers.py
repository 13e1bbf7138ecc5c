"""What people and programs answer: replies in their own words, absence notes, automatic answers."""

from datetime import date

import pytest

from campaigns.messages.models import MessageKind
from tests.campaigns.channels.email.receiving.mails import (
    QUOTED,
    SENT_BODY,
    classified,
    mail,
)

REPLIES: dict[str, tuple[bytes, str]] = {
    "English, Gmail": (
        mail(f"Yes, call me on Monday.\n\nOn Fri, 20 Feb 2026 at 09:00, Maya <maya@acme.test> wrote:\n\n{QUOTED}\n"),
        "Yes, call me on Monday.",
    ),
    "English, Gmail, attribution over two lines": (
        mail(f"Yes.\n\nOn Fri, 20 Feb 2026 at 09:00, Maya Very-Long-Name\n<maya@acme.test> wrote:\n\n{QUOTED}\n"),
        "Yes.",
    ),
    "German, Latin-1": (
        mail(
            f"Grüße, können wir nächste Woche sprechen?\n\nAm 20.02.2026 um 09:00 schrieb Maya:\n{QUOTED}",
            charset="iso-8859-1",
        ),
        "Grüße, können wir nächste Woche sprechen?",
    ),
    "German, Outlook": (
        mail(
            "Gerne.\n\n________________________________\nVon: Maya <maya@acme.test>\n"
            f"Gesendet: Freitag, 20. Februar 2026\nAn: Kim\nBetreff: An hour a day\n\n{SENT_BODY}",
            charset="windows-1252",
        ),
        "Gerne.",
    ),
    "French": (
        mail(f"Avec plaisir !\n\nLe ven. 20 févr. 2026 à 09:00, Maya <maya@acme.test> a écrit :\n\n{QUOTED}"),
        "Avec plaisir !",
    ),
    "Spanish": (
        mail(f"De acuerdo.\n\nEl vie, 20 feb 2026 a las 9:00, Maya (<maya@acme.test>) escribió:\n\n{QUOTED}"),
        "De acuerdo.",
    ),
    "Arabic, windows-1256": (
        mail("نعم، اتصل بي غدا", charset="windows-1256", subject="رد: ساعة في اليوم"),
        "نعم، اتصل بي غدا",
    ),
    "Dutch": (
        mail(f"Bel me maar.\n\nOp vr 20 feb 2026 om 09:00 schreef Maya <maya@acme.test>:\n\n{QUOTED}"),
        "Bel me maar.",
    ),
    "Polish, ISO-8859-2": (
        mail(
            f"Proszę zadzwonić.\n\npt., 20 lut 2026 o 09:00 Maya <maya@acme.test> napisał(a):\n\n{QUOTED}",
            charset="iso-8859-2",
        ),
        "Proszę zadzwonić.",
    ),
    "Portuguese": (
        mail(f"Vamos falar.\n\nEm sex., 20 de fev. de 2026 às 09:00, Maya <maya@acme.test> escreveu:\n\n{QUOTED}"),
        "Vamos falar.",
    ),
    "Turkish, ISO-8859-9": (
        mail(
            f"Olur, görüşelim.\n\nMaya <maya@acme.test>, 20 Şub 2026 Cum, 09:00 tarihinde şunu yazdı:\n\n{QUOTED}",
            charset="iso-8859-9",
        ),
        "Olur, görüşelim.",
    ),
    "Hindi": (
        mail(f"हाँ, बात करते हैं।\n\nशुक्र, 20 फ़र॰ 2026 को 09:00 बजे को Maya ने लिखा:\n\n{QUOTED}"),
        "हाँ, बात करते हैं।",
    ),
    "Japanese, ISO-2022-JP": (mail("はい、お願いします。", charset="iso-2022-jp"), "はい、お願いします。"),
    "Russian, KOI8-R": (mail("Да, позвоните.", charset="koi8-r"), "Да, позвоните."),
    "HTML only, Gmail": (
        mail(
            '<div dir="ltr">Interesting &amp; useful.<br>Tell me more</div><br><div class="gmail_quote"><div '
            'class="gmail_attr">On Fri wrote:<br></div><blockquote class="gmail_quote"><p>unsubscribe here</p>'
            "</blockquote></div>",
            subtype="html",
        ),
        "Interesting & useful.\nTell me more",
    ),
    "HTML only, Outlook": (
        mail(
            "<html><head><style>p{color:red}</style></head><body><p>Who else uses it?</p><div id=appendonsend></div>"
            '<hr><div id="divRplyFwdMsg"><b>From:</b> Maya</div><p>Dear Kim</p></body></html>',
            subtype="html",
        ),
        "Who else uses it?",
    ),
    "below the quoted message": (mail(f"{QUOTED}\n\nNot before May, please."), "Not before May, please."),
    "between quoted lines": (mail("> may I show you?\nYes.\n> on Monday?\nTuesday."), "Yes.\nTuesday."),
    "with a signature": (mail("Fine.\n-- \nKim Park\nNorthwind"), "Fine."),
    "from a telephone": (mail("Fine.\n\nSent from my iPhone"), "Fine."),
    "without marks around the quoted message": (
        mail(f"Which price?\n\n{SENT_BODY}"),
        "Which price?\n\nDear Kim,\n\nMaya",
    ),
    "mentions unsubscribing in the quoted message only": (mail(f"Let us talk.\n{QUOTED}"), "Let us talk."),
    "talks about unsubscribing": (
        mail("How do your customers unsubscribe from it? We must be able to export that."),
        "How do your customers unsubscribe from it? We must be able to export that.",
    ),
    "a subject about holidays": (mail("We sell those.", subject="Re: Vacation homes in Crete"), "We sell those."),
    "marked by Exchange as no automatic message": (mail("Yes.", headers={"Auto-Submitted": "no"}), "Yes."),
    "from a company that marks all its mail": (
        mail("Yes.", headers={"X-Auto-Response-Suppress": "DR, OOF, AutoReply"}),
        "Yes.",
    ),
    "a negative answer": (
        mail("No thanks, we are happy with what we have."),
        "No thanks, we are happy with what we have.",
    ),
}


@pytest.mark.parametrize("name", REPLIES)
def test_an_answer_is_a_reply_with_the_writer_s_own_words(name: str) -> None:
    raw, expected = REPLIES[name]
    found = classified(raw, original=SENT_BODY)
    assert (found.kind, found.words) == (MessageKind.REPLY, expected)


MARKED = {"Auto-Submitted": "auto-replied"}
ABSENCES: dict[str, tuple[bytes, date | None]] = {
    "English": (mail("I am out of the office until 3 March 2026.", headers=MARKED), date(2026, 3, 3)),
    "English, American": (
        mail(
            "I am on leave and will return on 3/9/2026.",
            headers={"Date": "Fri, 20 Feb 2026 10:00:00 -0500", **MARKED},
        ),
        date(2026, 3, 9),
    ),
    "English, British": (mail("I am on leave and back on 3/9/2026.", headers=MARKED), date(2026, 9, 3)),
    "English, from … to": (
        mail("I am away from 23 February to 2 March.", subject="Automatic reply: An hour a day"),
        date(2026, 3, 2),
    ),
    "English, weekday": (mail("Back in the office on Monday.", subject="Out of Office: An hour"), date(2026, 2, 23)),
    "English, without a date": (mail("I am on vacation with no access.", headers=MARKED), None),
    "English, a date that has passed": (mail("I am on vacation until 3 February 2026.", headers=MARKED), None),
    "German": (
        mail("Ich bin bis einschließlich 3. März 2026 nicht im Büro.", subject="Abwesenheitsnotiz: An hour"),
        date(2026, 3, 3),
    ),
    "German, back": (mail("Ich bin im Urlaub und ab dem 03.03. wieder da.", headers=MARKED), date(2026, 3, 3)),
    "German, range": (mail("Vom 23.02. bis 27.02.2026 bin ich im Urlaub.", headers=MARKED), date(2026, 2, 27)),
    "French": (mail("Je suis absente jusqu'au 3 mars inclus.", headers=MARKED), date(2026, 3, 3)),
    "French, back": (
        mail("Je suis en congés, de retour le mardi 3 mars.", subject="Réponse automatique : An hour"),
        date(2026, 3, 3),
    ),
    "Spanish": (mail("Estaré fuera de la oficina hasta el 3 de marzo de 2026.", headers=MARKED), date(2026, 3, 3)),
    "Spanish, back": (mail("Estoy de vacaciones, regreso el 3 de marzo.", headers=MARKED), date(2026, 3, 3)),
    "Arabic": (mail("أنا خارج المكتب حتى ٣ مارس ٢٠٢٦", subject="رد تلقائي: ساعة"), date(2026, 3, 3)),
    "Arabic, back": (mail("أنا في إجازة وسأعود يوم 3 مارس", headers=MARKED), date(2026, 3, 3)),
    "Dutch": (mail("Ik ben afwezig tot en met 3 maart.", subject="Automatisch antwoord: An hour"), date(2026, 3, 3)),
    "Dutch, back": (mail("Vakantie! Vanaf maandag 9 maart ben ik weer bereikbaar.", headers=MARKED), date(2026, 3, 9)),
    "Polish": (mail("Jestem na urlopie do 3 marca 2026 r.", headers=MARKED), date(2026, 3, 3)),
    "Polish, back": (mail("Przebywam na urlopie. Wracam 9 marca.", headers=MARKED), date(2026, 3, 9)),
    "Portuguese": (mail("Estou de férias até 3 de março.", subject="Resposta automática: An hour"), date(2026, 3, 3)),
    "Portuguese, back": (mail("Estou de férias e volto no dia 9 de março.", headers=MARKED), date(2026, 3, 9)),
    "Turkish": (mail("3 Mart 2026 tarihine kadar izinliyim.", headers=MARKED), date(2026, 3, 3)),
    "Turkish, back": (mail("İzindeyim, 9 Mart'ta döneceğim.", subject="Otomatik yanıt: An hour"), date(2026, 3, 9)),
    "Turkish, range": (
        mail("23 Şubat - 2 Mart tarihleri arasında ofis dışında olacağım.", headers=MARKED),
        date(2026, 3, 2),
    ),
    "Hindi": (mail("मैं 3 मार्च तक छुट्टी पर हूँ", headers=MARKED), date(2026, 3, 3)),
    "Hindi, back": (mail("मैं छुट्टी पर हूँ और 9 मार्च को वापस आऊँगा", headers=MARKED), date(2026, 3, 9)),
    "Hindi, written in English": (
        mail("Namaste, I am on leave till 3rd March. Regards, Asha", headers={"X-Autoreply": "yes"}),
        date(2026, 3, 3),
    ),
    "Italian": (mail("Sarò fuori ufficio fino al 3 marzo.", subject="Risposta automatica: An hour"), date(2026, 3, 3)),
    "Japanese": (mail("3月3日まで不在です。戻り次第お返事します。", headers=MARKED), date(2026, 3, 3)),
    "only today": (mail("I am out of the office on 20 February.", headers=MARKED), date(2026, 2, 20)),
    "ISO date": (mail("Out of office, returning 2026-03-09.", headers=MARKED), date(2026, 3, 9)),
}


@pytest.mark.parametrize("name", ABSENCES)
def test_an_absence_note_tells_when_its_writer_is_back(name: str) -> None:
    raw, expected = ABSENCES[name]
    found = classified(raw)
    assert found.kind == MessageKind.OUT_OF_OFFICE
    assert (found.away_until if found.return_is_known else None) == expected
    # Without a date the pause is a week.
    assert found.away_until == (expected or date(2026, 2, 27))


AUTOMATIC: dict[str, bytes] = {
    "ticket system, RFC 3834": mail("Your request 4711 is in our queue.", headers={"Auto-Submitted": "auto-generated"}),
    "ticket system, header of its own": mail("We read you.", headers={"X-Autorespond": "1"}),
    "ticket system, precedence": mail("We read you.", headers={"Precedence": "auto_reply"}),
    "ticket system, bulk": mail("We read you.", headers={"Precedence": "bulk"}),
    "ticket system, Exchange": mail(
        "We read you.", subject="Ticket received: An hour", headers={"X-Auto-Response-Suppress": "All"}
    ),
    "ticket system, by its subject": mail("We read you.", subject="Automatic reply: An hour a day"),
    "ticket system, by its name": mail(
        "A colleague will answer.", subject="We have received your request", sender="support@northwind.test"
    ),
    "empty return path": mail("We read you.", headers={"Return-Path": "<>"}),
    "German": mail("Ihre Anfrage ist eingegangen.", subject="Automatische Antwort: An hour"),
    "challenge": mail(
        "Please confirm your message: click the link below to deliver it.", subject="Please confirm your message"
    ),
    "unsubscribe in the footer of a ticket system": mail(
        "We read you. To stop these notices, unsubscribe from them here.", headers=MARKED
    ),
}


@pytest.mark.parametrize("name", AUTOMATIC)
def test_a_program_s_answer_is_no_reply(name: str) -> None:
    assert classified(AUTOMATIC[name]).kind == MessageKind.AUTO_REPLY
