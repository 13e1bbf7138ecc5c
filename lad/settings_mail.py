"""The settings of the mailboxes that campaigns send from; lad/settings.py takes them over."""

import environ

env = environ.Env()

# Mail servers of accounts must have public addresses, except for these: names, addresses or networks.
MAIL_INTERNAL_HOSTS = env.list("MAIL_INTERNAL_HOSTS", default=[])
# Accounts on these hosts are marked as Sandbox. They may be internal.
MAIL_SANDBOX_HOSTS = env.list("MAIL_SANDBOX_HOSTS", default=[])
# Certificates to trust beside the system's, for a mail server of one's own.
MAIL_CA_FILE = env.str("MAIL_CA_FILE", default="")
# How long LAD waits for one answer of a mail server.
MAIL_TIMEOUT_SECONDS = env.int("MAIL_TIMEOUT_SECONDS", default=20)
# How long somebody waits for the test of a mailbox or for the check of a domain, all answers together.
MAIL_TEST_SECONDS = env.float("MAIL_TEST_SECONDS", default=40)
# The links of messages, which work at every domain that points to LAD.
PUBLIC_LINK_PATHS = ("/u/", "/o/", "/c/")
# How often each mailbox is read.
MAILBOX_POLL_SECONDS = env.int("MAILBOX_POLL_SECONDS", default=60)
# The name server that checks of a domain's records ask. Empty means the system's.
MAIL_NAMESERVERS = env.list("MAIL_NAMESERVERS", default=[])
# Own mail servers that can be asked what they took: a JSON object of addresses by the server's name.
MAIL_QUEUES = env.json("MAIL_QUEUES", default={})

# Webhooks of campaigns must have public addresses, except for these: names, addresses or networks.
WEBHOOK_INTERNAL_HOSTS = env.list("WEBHOOK_INTERNAL_HOSTS", default=[])
# Certificates to trust beside the system's, for a webhook of one's own.
WEBHOOK_CA_FILE = env.str("WEBHOOK_CA_FILE", default="")

# The sandbox that `make up` starts: its control port, and its servers for sending and reading as host:port.
SANDBOX_URL = env.str("SANDBOX_URL", default="")
SANDBOX_SMTP = env.str("SANDBOX_SMTP", default="")
SANDBOX_IMAP = env.str("SANDBOX_IMAP", default="")


def _server(address: str) -> tuple[str, int] | None:
    """Return host and port, or None for the provider's own server."""
    host, _, port = address.rpartition(":")
    return (host, int(port)) if host else None


# The OAuth clients of LAD at Google and Microsoft. Without an id the button to connect does not show.
MAIL_OAUTH = {
    "google": {
        "client_id": env.str("GOOGLE_MAIL_CLIENT_ID", default=""),
        "client_secret": env.str("GOOGLE_MAIL_CLIENT_SECRET", default=""),
        "authorize_url": env.str("GOOGLE_MAIL_AUTHORIZE_URL", default="https://accounts.google.com/o/oauth2/v2/auth"),
        "token_url": env.str("GOOGLE_MAIL_TOKEN_URL", default="https://oauth2.googleapis.com/token"),
        "smtp": _server(env.str("GOOGLE_MAIL_SMTP", default="")),
        "imap": _server(env.str("GOOGLE_MAIL_IMAP", default="")),
        "scope": "openid email https://mail.google.com/",
    },
    "microsoft": {
        "client_id": env.str("MICROSOFT_MAIL_CLIENT_ID", default=""),
        "client_secret": env.str("MICROSOFT_MAIL_CLIENT_SECRET", default=""),
        "authorize_url": env.str(
            "MICROSOFT_MAIL_AUTHORIZE_URL",
            default="https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        ),
        "token_url": env.str(
            "MICROSOFT_MAIL_TOKEN_URL", default="https://login.microsoftonline.com/common/oauth2/v2.0/token"
        ),
        "smtp": _server(env.str("MICROSOFT_MAIL_SMTP", default="")),
        "imap": _server(env.str("MICROSOFT_MAIL_IMAP", default="")),
        "scope": (
            "openid email offline_access https://outlook.office.com/SMTP.Send"
            " https://outlook.office.com/IMAP.AccessAsUser.All"
        ),
    },
}
