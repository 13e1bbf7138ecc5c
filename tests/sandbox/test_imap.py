"""The sandbox's IMAP server, by imapclient."""

import smtplib
import ssl
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError

from tests.sandbox.test_smtp import SENDER, mail
from tests.support.sandbox import Sandbox


def message(number: int, subject: str = "Hello") -> bytes:
    head = (
        f"From: Zoë <zoe@people.example>\r\nTo: {SENDER}\r\nSubject: {subject}\r\nMessage-ID: <{number}@people.example>"
    )
    return f"{head}\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\nThe text of {number}.\r\n".encode()


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[IMAPClient]:
    sandbox.mailbox(SENDER, password="secret")
    with connect(sandbox) as client:
        yield client


def connect(sandbox: Sandbox) -> IMAPClient:
    client = IMAPClient(*sandbox.imap, ssl=False, timeout=10)
    client.login(SENDER, "secret")
    return client


def test_folders_carry_their_special_use(client: IMAPClient) -> None:
    assert client.find_special_folder(b"\\Sent") == "Sent"
    assert client.find_special_folder(b"\\Junk") == "Junk"
    assert client.list_folders("", "%")[0][2] == "INBOX"
    client.create_folder("Archive/2026")
    assert client.folder_exists("Archive/2026")


def test_an_appended_message_is_found_by_its_message_id(sandbox: Sandbox, client: IMAPClient) -> None:
    answer = client.append(
        "Sent", message(7), flags=[b"\\Seen", b"$LadSent"], msg_time=datetime(2026, 11, 2, tzinfo=UTC)
    )
    assert b"APPENDUID" in answer
    opened = client.select_folder("Sent", readonly=True)
    assert opened[b"EXISTS"] == 1
    assert b"\\*" in opened[b"PERMANENTFLAGS"]
    [uid] = client.search(["HEADER", "Message-ID", "<7@people.example>"])
    assert client.search(["HEADER", "Message-ID", "<8@people.example>"]) == []
    fetched = client.fetch([uid], ["FLAGS", "BODY.PEEK[]", "INTERNALDATE", "RFC822.SIZE"])[uid]
    assert fetched[b"BODY[]"] == message(7)
    assert fetched[b"FLAGS"] == (b"\\Seen", b"$LadSent")
    assert fetched[b"RFC822.SIZE"] == len(message(7))
    [entry] = sandbox.log("append")
    assert (entry["folder"], entry["message_id"], entry["account"]) == ("Sent", "<7@people.example>", SENDER)


def test_the_server_saves_sent_copies_itself_where_the_account_says_so(sandbox: Sandbox, client: IMAPClient) -> None:
    for number, saves in enumerate((False, True), start=1):
        sandbox.mailbox(SENDER, saves_sent=saves)
        with smtplib.SMTP(*sandbox.smtp, timeout=10) as smtp:
            smtp.login(SENDER, "secret")
            smtp.send_message(mail(number=number))
    client.select_folder("Sent")
    assert client.search(["HEADER", "Message-ID", "<1@kestrel.example>"]) == []
    assert len(client.search(["HEADER", "Message-ID", "<2@kestrel.example>"])) == 1


SEARCHES = [
    (["ALL"], {1, 2, 3}),
    (["UNSEEN"], {1, 3}),
    (["NOT", "SEEN", "SUBJECT", "offer"], {3}),
    (["OR", "SUBJECT", "hello", "SUBJECT", "reply"], {1, 2}),
    (["UID", "2:*"], {2, 3}),
    (["KEYWORD", "Handled"], {2}),
    (["UNKEYWORD", "Handled"], {1, 3}),
    (["FROM", "zoë"], {1, 2, 3}),
    (["TEXT", "text of 3"], {3}),
    (["HEADER", "Subject", ""], {1, 2, 3}),
    (["HEADER", "X-Nothing", ""], set()),
    (["SINCE", date(2026, 11, 2)], {2, 3}),
    (["BEFORE", date(2026, 11, 2)], {1}),
    (["SENTON", date(2026, 11, 2), ["LARGER", 10]], {1, 2, 3}),
]


@pytest.mark.parametrize(("criteria", "found"), SEARCHES)
def test_searching(client: IMAPClient, criteria: list[object], found: set[int]) -> None:
    for number, subject in enumerate(("Hello", "=?utf-8?q?A_reply?=", "The offer"), start=1):
        client.append("INBOX", message(number, subject), msg_time=datetime(2026, 11, number, 12, tzinfo=UTC))
    client.select_folder("INBOX")
    client.add_flags([2], [b"\\Seen", b"Handled"])
    assert set(client.search(criteria, "UTF-8")) == found


def test_what_a_fetch_of_the_body_marks_as_read_is_read(sandbox: Sandbox, client: IMAPClient) -> None:
    sandbox.deliver(SENDER, message(1))
    client.select_folder("INBOX")
    fetched = client.fetch([1], ["BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]", "BODY.PEEK[TEXT]<4.4>", "ENVELOPE"])[1]
    assert fetched[b"BODY[HEADER.FIELDS (SUBJECT FROM)]"].startswith("From: Zoë".encode())
    assert fetched[b"BODY[TEXT]<4>"] == b"text"
    assert fetched[b"ENVELOPE"].message_id == b"<1@people.example>"
    assert client.search("UNSEEN") == [1]
    assert client.fetch([1], ["RFC822"])[1][b"RFC822"] == message(1)
    assert client.search("UNSEEN") == []


def test_parts_and_structure_of_a_message_with_an_attachment(client: IMAPClient) -> None:
    whole = mail()
    whole.add_alternative("<p>Hello</p>", subtype="html")
    whole.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="offer.pdf")
    client.append("INBOX", whole.as_bytes().replace(b"\n", b"\r\n"))
    client.select_folder("INBOX")
    fetched = client.fetch([1], ["BODYSTRUCTURE", "BODY.PEEK[1.2]", "BODY.PEEK[2.MIME]"])[1]
    parts, kind = fetched[b"BODYSTRUCTURE"][:2]
    assert (kind, parts[1][:2], parts[1][8]) == (
        b"MIXED",
        (b"APPLICATION", b"PDF"),
        (b"ATTACHMENT", (b"filename", b"offer.pdf")),
    )
    assert fetched[b"BODY[1.2]"].strip() == b"<p>Hello</p>"
    assert b"offer.pdf" in fetched[b"BODY[2.MIME]"]


def test_moving_and_removing_messages(client: IMAPClient) -> None:
    for number in range(1, 5):
        client.append("INBOX", message(number))
    client.select_folder("INBOX")
    client.move([1], "Archive" if client.folder_exists("Archive") else "Junk")
    client.copy([2], "Junk")
    client.delete_messages([3])
    client.expunge([3])
    assert client.search("ALL") == [2, 4]
    assert client.folder_status("Junk", ["MESSAGES", "UIDNEXT"]) == {b"MESSAGES": 2, b"UIDNEXT": 3}


def test_a_new_message_is_told_while_the_client_idles(sandbox: Sandbox, client: IMAPClient) -> None:
    client.select_folder("INBOX")
    client.idle()
    sandbox.deliver(SENDER, message(1))
    assert client.idle_check(timeout=5) == [(1, b"EXISTS")]
    client.idle_done()
    assert client.search("ALL") == [1]


def test_a_folder_can_get_a_new_uid_validity(sandbox: Sandbox, client: IMAPClient) -> None:
    sandbox.deliver(SENDER, message(1))
    before = client.select_folder("INBOX")[b"UIDVALIDITY"]
    client.delete_messages([1])
    client.expunge()
    sandbox.deliver(SENDER, message(2))
    sandbox.renumber(SENDER)
    assert client.select_folder("INBOX")[b"UIDVALIDITY"] == before + 1
    assert client.search("ALL") == [1]


def test_sign_in_by_password_and_over_tls(sandbox: Sandbox, client: IMAPClient) -> None:
    context = ssl.create_default_context(cafile=str(sandbox.certificate))
    with IMAPClient(*sandbox.imaps, ssl_context=context, timeout=10) as other:
        with pytest.raises(LoginError, match="AUTHENTICATIONFAILED"):
            other.login(SENDER, "wrong")
        with pytest.raises(LoginError):
            other.oauth2_login(SENDER, "nonsense")
        other.plain_login(SENDER, "secret")
    with IMAPClient(*sandbox.imap, ssl=False, timeout=10) as other:
        other.starttls(context)
        other.login(SENDER, "secret")


@pytest.mark.parametrize(
    "command",
    ["FETCH 1 (NONSENSE)", "SELECT", "SEARCH NONSENSE", "SEARCH LARGER x", "NONSENSE", "FETCH (((", "STORE x y z"],
)
def test_nonsense_is_refused_and_the_connection_goes_on(client: IMAPClient, command: str) -> None:
    client.append("INBOX", message(1))
    client.select_folder("INBOX")
    socket = client.socket()
    socket.sendall(f"x1 {command}\r\n".encode())
    assert socket.recv(1000).startswith(b"x1 BAD")
    assert client.noop()[0] == b"NOOP completed"


def test_faults_of_imap(sandbox: Sandbox, client: IMAPClient) -> None:
    client.select_folder("INBOX")
    sandbox.fault("answer", protocol="imap", stage="SEARCH", text="NO [INUSE] Busy")
    with pytest.raises(IMAPClientError, match="INUSE"):
        client.search("ALL")
    sandbox.fault("split", protocol="imap", stage="LINE", account=SENDER, seconds=0.01)
    assert client.search("ALL") == []
    sandbox.fault("drop", protocol="imap", stage="IDLE-CHANGE")
    client.idle()
    sandbox.deliver(SENDER, message(1))
    client.idle_check(timeout=5)
    with pytest.raises((OSError, IMAPClientError)):
        client.idle_done()
    [drop] = sandbox.log("drop")
    assert (drop["stage"], drop["account"]) == ("IDLE-CHANGE", SENDER)
