"""What a received message is, by tables of mails as they come from people, programs and mail servers."""

import time
from datetime import date
from typing import Any

import pytest

from campaigns.channels.email.receiving.bounces import BounceReason, Severity
from campaigns.channels.email.receiving.classification import Classification, classify
from campaigns.channels.email.receiving.parsing import Unreadable, read, read_headers
from campaigns.messages.models import MessageKind
from tests.campaigns.channels.email.receiving.mails import (
    ACCOUNT,
    LEAD,
    QUOTED,
    SENT_BODY,
    SENT_ID,
    mail,
    report,
    server_text,
    status_fields,
)

RECEIVED = date(2026, 2, 20)  # a Friday


def classified(raw: bytes, *, original: str = "") -> Classification:
    return classify(read(raw), own_addresses={ACCOUNT}, received=RECEIVED, original=original)


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


BOUNCES: dict[str, tuple[bytes, BounceReason, Severity, str]] = {
    "Postfix, unknown": (
        report("delivery-status", status_fields("5.1.1", "550 5.1.1 <kim@northwind.test>: User unknown in table")),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "Postfix, unknown domain": (
        report(
            "delivery-status", status_fields("5.4.4", "X-Postfix; Host or domain name not found. Name service error")
        ),
        BounceReason.NO_SUCH_DOMAIN,
        Severity.HARD,
        "5.4.4",
    ),
    "Postfix, expired": (
        report("delivery-status", status_fields("4.4.1", "connect to mx.northwind.test[192.0.2.1]:25: timed out")),
        BounceReason.NOT_REACHED,
        Severity.SOFT,
        "4.4.1",
    ),
    "Exchange Online, unknown": (
        report(
            "delivery-status",
            status_fields("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP lookup"),
            returned_type="message/rfc822",
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.10",
    ),
    "Exchange Online, access denied": (
        report(
            "delivery-status",
            status_fields("5.4.1", "550 5.4.1 Recipient address rejected: Access denied."),
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.4.1",
    ),
    "Exchange, full, called permanent": (
        report("delivery-status", status_fields("5.2.2", "554 5.2.2 mailbox full; STOREDRV.Deliver.Exception")),
        BounceReason.MAILBOX_FULL,
        Severity.SOFT,
        "5.2.2",
    ),
    "full, temporary": (
        report("delivery-status", status_fields("4.2.2", "452 4.2.2 The email account is over quota")),
        BounceReason.MAILBOX_FULL,
        Severity.SOFT,
        "4.2.2",
    ),
    "Exchange, group for colleagues only": (
        report("delivery-status", status_fields("5.7.133", "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup")),
        BounceReason.BLOCKED,
        Severity.BLOCK,
        "5.7.133",
    ),
    "Gmail, unknown": (
        report(
            "delivery-status",
            status_fields("5.1.1", "550-5.1.1 The email account that you tried to reach does not exist. gsmtp"),
            sender="Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            subject="Delivery Status Notification (Failure)",
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "Gmail, disabled": (
        report("delivery-status", status_fields("5.2.1", "550 5.2.1 The email account that you tried is disabled")),
        BounceReason.MAILBOX_CLOSED,
        Severity.HARD,
        "5.2.1",
    ),
    "Gmail, receiving too fast": (
        report(
            "delivery-status", status_fields("4.2.1", "450 4.2.1 The user is receiving mail at a rate; try again later")
        ),
        BounceReason.MAILBOX_CLOSED,
        Severity.SOFT,
        "4.2.1",
    ),
    "Gmail, unauthenticated": (
        report("delivery-status", status_fields("5.7.26", "550-5.7.26 This mail is unauthenticated")),
        BounceReason.BLOCKED,
        Severity.BLOCK,
        "5.7.26",
    ),
    "policy": (
        report("delivery-status", status_fields("5.7.1", "554 5.7.1 Message rejected as spam by Content Filtering")),
        BounceReason.BLOCKED,
        Severity.BLOCK,
        "5.7.1",
    ),
    "blocklist, called unknown": (
        report(
            "delivery-status", status_fields("5.0.0", "554 Service unavailable; Client host blocked using Spamhaus")
        ),
        BounceReason.BLOCKED,
        Severity.BLOCK,
        "5.0.0",
    ),
    "unknown address as policy": (
        report("delivery-status", status_fields("5.7.1", "550 5.7.1 no such user here")),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.7.1",
    ),
    "too large": (
        report("delivery-status", status_fields("5.3.4", "552 5.3.4 Message size exceeds fixed limit")),
        BounceReason.TOO_LARGE,
        Severity.SOFT,
        "5.3.4",
    ),
    "loop": (
        report("delivery-status", status_fields("5.4.6", "554 5.4.6 Too many hops")),
        BounceReason.LOOP,
        Severity.SOFT,
        "5.4.6",
    ),
    "no null MX": (
        report("delivery-status", status_fields("5.1.0", "556 Domain does not accept mail (nullMX)")),
        BounceReason.NO_SUCH_DOMAIN,
        Severity.HARD,
        "5.1.0",
    ),
    "without headers of the message": (
        report("delivery-status", status_fields("5.1.1", "550 User unknown"), returned=None),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "qmail": (
        server_text(
            "Hi. This is the qmail-send program at mx.northwind.test.\nI'm afraid I wasn't able to deliver your message"
            " to the following addresses.\n\n<kim@northwind.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
            f"--- Below this line is a copy of the message.\n\nReturn-Path: <maya@acme.test>\nMessage-ID: {SENT_ID}\n"
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "Exim": (
        server_text(
            "This message was created automatically by mail delivery software.\n\nA message that you sent could not be"
            " delivered to one or more of its recipients. This is a permanent error.\n\n  kim@northwind.test\n"
            "    host mx.northwind.test [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:\n"
            "    550 Unrouteable address\n\n------ This is a copy of the message, including all the headers. ------\n\n"
            f"Message-ID: {SENT_ID}\nTo: kim@northwind.test\n",
            subject="Mail delivery failed: returning message to sender",
            headers={"X-Failed-Recipients": LEAD},
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.0.0",
    ),
    "old Exchange": (
        server_text(
            "Your message\n\n  Subject: An hour a day\n\ndid not reach the following recipient(s):\n\n"
            "kim@northwind.test on Fri, 20 Feb 2026\n    The recipient name is not recognized\n"
            "    550 5.1.1 user unknown\n\n"
            f"Original message headers:\n\nMessage-ID: {SENT_ID}\n",
            subject="Undeliverable: An hour a day",
        ),
        BounceReason.NO_SUCH_ADDRESS,
        Severity.HARD,
        "5.1.1",
    ),
    "German server": (
        server_text(
            f"Die Nachricht an kim@northwind.test konnte nicht zugestellt werden:\n552 Postfach ist voll\n\n"
            f"----- Original message -----\n\nMessage-ID: {SENT_ID}\n",
            subject="Unzustellbar: An hour a day",
        ),
        BounceReason.MAILBOX_FULL,
        Severity.SOFT,
        "5.0.0",
    ),
}


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_tells_why_and_about_which_message(name: str) -> None:
    raw, reason, severity, status = BOUNCES[name]
    found = classified(raw)
    assert found.kind == MessageKind.BOUNCE
    assert found.bounce is not None
    assert (found.bounce.reason, found.bounce.severity, found.bounce.status) == (reason, severity, status)
    assert found.bounce.recipient == LEAD
    assert read(raw).returned.message_id == ("" if name == "without headers of the message" else SENT_ID)


ARF = "Feedback-Type: {}\nUser-Agent: Provider/1.0\nVersion: 1\nOriginal-Rcpt-To: <kim@northwind.test>\n"
OTHERS: dict[str, tuple[bytes, MessageKind]] = {
    "complaint": (report("feedback-report", ARF.format("abuse"), subject="FW: An hour"), MessageKind.COMPLAINT),
    "complaint with the whole message": (
        report("feedback-report", ARF.format("fraud"), returned_type="message/rfc822"),
        MessageKind.COMPLAINT,
    ),
    "opt-out by the provider": (report("feedback-report", ARF.format("opt-out")), MessageKind.UNSUBSCRIBE),
    "no spam after all": (report("feedback-report", ARF.format("not-spam")), MessageKind.NOISE),
    "authentication report": (report("feedback-report", ARF.format("auth-failure")), MessageKind.NOISE),
    "delayed": (
        report("delivery-status", status_fields("4.4.1", "timed out", action="delayed"), subject="Delayed Mail"),
        MessageKind.NOISE,
    ),
    "delivered": (report("delivery-status", status_fields("2.0.0", "250 OK", action="delivered")), MessageKind.NOISE),
    "read receipt": (
        report(
            "disposition-notification", "Final-Recipient: rfc822; kim@northwind.test\nDisposition: manual; displayed"
        ),
        MessageKind.NOISE,
    ),
    "own copy": (mail("Dear Kim", sender=f"Maya <{ACCOUNT}>", to=LEAD), MessageKind.OWN_COPY),
    "mailing list": (mail("Hello all", headers={"List-Id": "<news.northwind.test>"}), MessageKind.NOISE),
    "newsletter": (
        mail("Our offers", subject="Offers", answers="", headers={"List-Unsubscribe": "<https://n.test/u>"}),
        MessageKind.NOISE,
    ),
    "unsubscribe, English": (mail(f"Please unsubscribe me.\n\n{QUOTED}"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, one word": (mail(f"STOP\n{QUOTED}"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, angry": (mail("Remove me from your list at once!"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, German": (
        mail("Bitte löschen Sie meine Daten und keine weiteren E-Mails."),
        MessageKind.UNSUBSCRIBE,
    ),
    "unsubscribe, French": (mail("Merci de me désinscrire de votre liste"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, Spanish": (mail("Quiero darme de baja, por favor"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, Arabic": (mail("أرجو إلغاء الاشتراك"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, Dutch": (mail("Graag geen e-mails meer sturen"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, Polish": (mail("Proszę o usunięcie mojego adresu"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, Portuguese": (mail("Não quero receber mais mensagens"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, Turkish": (mail("Lütfen beni listeden çıkarın"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, Hindi": (mail("कृपया मुझे ईमेल न भेजें"), MessageKind.UNSUBSCRIBE),
    "unsubscribe, by its subject": (mail("", subject="Unsubscribe", answers=""), MessageKind.UNSUBSCRIBE),
    "unsubscribe, by a mail program": (
        mail("", subject=f"unsubscribe {'a' * 64}", answers=""),
        MessageKind.UNSUBSCRIBE,
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_mails(name: str) -> None:
    raw, expected = OTHERS[name]
    assert classified(raw).kind == expected


NESTED = b"".join(b'--b%d\nContent-Type: multipart/mixed; boundary="b%d"\n\n' % (n, n + 1) for n in range(5_000))
HEAD = b"From: kim@northwind.test\nTo: maya@acme.test\nMessage-ID: <h@x.test>\n"
HOSTILE: dict[str, bytes] = {
    "100,000 header lines": HEAD + b"X-Filler: 1\n" * 100_000 + b"Subject: late\n\nbody",
    "deep parts": HEAD + b'Content-Type: multipart/mixed; boundary="b0"\n\n' + NESTED,
    "deep messages": HEAD + b"Content-Type: message/rfc822\n\n" * 3_000,
    "unknown character set": HEAD + b"Content-Type: text/plain; charset=no-such-set\n\n\xff\xfe hello",
    "character set that decodes to bytes": HEAD + b"Content-Type: text/plain; charset=hex\n\n68656c6c6f",
    "encoded words without an end": HEAD + b"Subject: " + b"=?utf-8?q?" * 10_000 + b"\n\nbody",
    "comments in an address": b"From: " + b"(" * 50_000 + b"kim@northwind.test\nMessage-ID: <h@x.test>\n\nbody",
    "parameters without an end": HEAD + b"Content-Type: multipart/mixed; " + b'";' * 20_000 + b"\n\nbody",
    "parameters in a part": HEAD
    + b'Content-Type: multipart/mixed; boundary="b0"\n\n--b0\nContent-Type: text/plain; '
    + b'";' * 100_000
    + b"\n\nx\n--b0--\n",
    "quoted-printable without sense": HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=\n=" * 50_000,
    "base64 without sense": HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"=A=" * 50_000,
    "broken HTML": HEAD + b"Content-Type: text/html\n\n" + b"<div <a <!-- <blockquote>" * 20_000,
    "a million quotes": HEAD + b"\n" + b"> " * 250_000,
    "attributions": HEAD + b"\n" + b"On 3 March a@b wrote:\n" * 20_000,
    "dates": HEAD + b"Auto-Submitted: auto-replied\n\nout of office " + b"until 3 march " * 30_000,
    "references": HEAD + b"References: " + b"<a@b>" * 10_000 + b"\n\nbody",
    "nothing": b"",
    "no headers": b"\n\nbody",
    "no colon": b"garbage\x00\xff\n\n",
    "an archive": HEAD + b"Content-Type: application/zip; name=bomb.zip\n\nPK\x03\x04" + b"\0" * 1_000,
    "report without fields": report("delivery-status", ""),
    "report with wrong fields": report("delivery-status", "Action: \xa0failed\nStatus: 99999.9.9\n: :\n"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_or_refused_quickly(name: str) -> None:
    started = time.process_time()
    try:
        found: Any = classify(read(HOSTILE[name]), own_addresses={ACCOUNT}, received=RECEIVED).kind
    except Unreadable as reason:
        found = str(reason)
    assert found
    read_headers(HOSTILE[name])
    assert time.process_time() - started < 2.0


def test_hostile_mails_are_refused_with_a_reason_or_read_without_what_is_too_much() -> None:
    with pytest.raises(Unreadable, match="too many parts"):
        read(HOSTILE["deep parts"])
    with pytest.raises(Unreadable, match="too long"):
        read(HOSTILE["parameters in a part"])
    assert read(HOSTILE["unknown character set"]).text.endswith("hello")
    assert len(read(HOSTILE["references"]).references) <= 50
    archive = read(HOSTILE["an archive"])
    assert (archive.text, archive.has_attachments) == ("", True)
