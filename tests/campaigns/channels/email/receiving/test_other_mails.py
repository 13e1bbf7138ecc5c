"""Complaints, reports, own copies, newsletters and requests to unsubscribe."""

import pytest

from campaigns.messages.models import MessageKind
from tests.campaigns.channels.email.receiving.mails import (
    ACCOUNT,
    LEAD,
    QUOTED,
    classified,
    mail,
    report,
    status_fields,
)

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
