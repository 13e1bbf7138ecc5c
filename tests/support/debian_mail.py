"""Debian's Postfix and Dovecot on free ports, with their own directories: real servers to hold LAD's mail against."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tools.runtime.ports import free_ports

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
POSTFIX = shutil.which("postfix", path=SYSTEM_PATH)
DOVECOT = shutil.which("dovecot", path=SYSTEM_PATH)
INSTALLED = bool(POSTFIX and DOVECOT)
START_SECONDS = 20.0
PASSWORD = "a password of the test"
# Mail to this domain is accepted and comes back as a delivery report.
BOUNCING_DOMAIN = "bounces.test"

DOVECOT_CONF = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/dovecot.log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
auth_mechanisms = plain login xoauth2
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {home}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener auth {{
    address = 127.0.0.1
    port = {auth}
  }}
}}
"""

OAUTH2_CONF = """
introspection_mode = auth
introspection_url = {userinfo}
username_attribute = email
username_format = %u
"""

MAIN_CF = """
compatibility_level = 3.6
queue_directory = {home}/spool
data_directory = {home}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {home}/postfix.log
maillog_file_prefixes = {home}
myhostname = mail.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtputf8_enable = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_client_connection_count_limit = 0
virtual_mailbox_domains = texthash:{home}/domains
virtual_mailbox_maps = texthash:{home}/mailboxes
virtual_alias_maps = regexp:{home}/aliases
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
transport_maps = texthash:{home}/transports
alias_maps =
alias_database =
"""

MASTER_CF = """
127.0.0.1:{smtp} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
"""


@dataclass(frozen=True)
class MailServers:
    """Where the servers listen on 127.0.0.1, and the mailboxes they have, all with the same password."""

    home: Path
    smtp_port: int
    imap_port: int
    mailboxes: tuple[str, ...]
    password: str = PASSWORD

    @property
    def is_idle(self) -> bool:
        """Return whether Postfix has delivered or returned all it accepted."""
        queues = ("maildrop", "incoming", "active", "deferred", "hold")
        return not any(path.is_file() for name in queues for path in (self.home / "spool" / name).rglob("*"))

    def logs(self) -> str:
        """Return what the servers wrote, for a failing test."""
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.home.glob("*.log")) if path.is_file())


@contextmanager
def mail_servers(
    home: Path, mailboxes: tuple[str, ...], *, aliases: Mapping[str, str], userinfo: str
) -> Iterator[MailServers]:
    """Run Postfix and Dovecot with these mailboxes. Both need root, to run as users of their own.

    ``aliases`` are patterns of addresses, and the mailbox that gets their mail. ``userinfo`` is the address of an
    OAuth issuer that says whose a token is.
    """
    assert POSTFIX and DOVECOT
    ports = dict(zip(("smtp", "imap", "lmtp", "auth"), free_ports(4), strict=True))
    _configure(home, ports, mailboxes, aliases, userinfo)
    postfix = [POSTFIX, "-c", str(home / "postfix")]
    dovecot = subprocess.Popen([DOVECOT, "-F", "-c", str(home / "dovecot.conf")])
    servers = MailServers(home, ports["smtp"], ports["imap"], mailboxes)
    try:
        _run([*postfix, "start"])
        for port in ports.values():
            _wait_for(port, servers)
        yield servers
    finally:
        with suppress(subprocess.CalledProcessError):
            _run([*postfix, "abort"])
        dovecot.terminate()
        dovecot.wait(timeout=START_SECONDS)


def _configure(
    home: Path, ports: Mapping[str, int], mailboxes: tuple[str, ...], aliases: Mapping[str, str], userinfo: str
) -> None:
    # The servers' own users must be able to reach their directories.
    for parent in (home, *home.parents):
        if parent.stat().st_uid == 0 and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    for name in ("mail", "state", "run", "spool", "data", "postfix"):
        (home / name).mkdir()
    shutil.chown(home / "mail", "mail", "mail")
    shutil.chown(home / "data", "postfix")
    values = {**ports, "home": home, "userinfo": userinfo}
    (home / "dovecot.conf").write_text(DOVECOT_CONF.format_map(values))
    (home / "oauth2.conf").write_text(OAUTH2_CONF.format_map(values))
    (home / "aliases").write_text("".join(f"/{pattern}/ {mailbox}\n" for pattern, mailbox in aliases.items()))
    (home / "postfix" / "main.cf").write_text(MAIN_CF.format_map(values))
    (home / "postfix" / "master.cf").write_text(MASTER_CF.format_map(values))
    (home / "users").write_text("".join(f"{mailbox}:{PASSWORD}\n" for mailbox in mailboxes))
    (home / "mailboxes").write_text("".join(f"{mailbox} yes\n" for mailbox in mailboxes))
    domains = sorted({mailbox.partition("@")[2] for mailbox in mailboxes})
    (home / "domains").write_text("".join(f"{domain} yes\n" for domain in domains))
    # Dovecot knows nobody there, so that Postfix returns what it has accepted.
    (home / "transports").write_text(f"{BOUNCING_DOMAIN} lmtp:inet:127.0.0.1:{ports['lmtp']}\n")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=START_SECONDS)


def _wait_for(port: int, servers: MailServers) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise RuntimeError(f"Nothing listens on port {port}:\n{servers.logs()}") from None
            time.sleep(0.05)
