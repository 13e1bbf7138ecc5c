"""The passwords and tokens that LAD signs in with."""

from dataclasses import dataclass, field

from campaigns.accounts.models import EmailAccount, EmailSignIn


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name with a password or, for OAuth, an access token."""

    username: str
    password: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)

    @property
    def xoauth2(self) -> str:
        """Return the answer of the SASL mechanism XOAUTH2."""
        return f"user={self.username}\x01auth=Bearer {self.access_token}\x01\x01"


def for_smtp(account: EmailAccount, access_token: str = "") -> Credentials:
    """Return what signs in to send."""
    if account.sign_in != EmailSignIn.PASSWORD:
        return Credentials(account.email, access_token=access_token)
    return Credentials(account.smtp_username or account.email, account.smtp_password)


def for_imap(account: EmailAccount, access_token: str = "") -> Credentials:
    """Return what signs in to read."""
    if account.sign_in != EmailSignIn.PASSWORD:
        return Credentials(account.email, access_token=access_token)
    username = account.imap_username or account.smtp_username or account.email
    return Credentials(username, account.imap_password or account.smtp_password)
