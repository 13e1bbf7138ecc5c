"""Speak Twilio's Messaging API: https://www.twilio.com/docs/messaging/api."""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode

from campaigns.accounts.models import AccountStatus, ChannelAccount
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels import asking
from campaigns.channels.protocol import Result
from campaigns.channels.sms.errors import account_error
from lad.requests import Answer, Asked

PROVIDER: Final = "Twilio"
DEFAULT_URL: Final = "https://api.twilio.com"
# Messaging services are at an address of their own.
SERVICES_URL: Final = "https://messaging.twilio.com"
VERSION: Final = "2010-04-01"
PER_PAGE: Final = 50
MOST_PER_PAGE: Final = 1000
MAX_PAGES: Final = 10
SERVICE: Final = "MG"
NOT_FOUND: Final = 404
NOT_TWILIO: Final = "The address does not answer as Twilio does. Correct it on the account's page."


class Twilio:
    """The Messaging API with the credentials of one account. All but ``hand_over`` raise AccountTrouble."""

    def __init__(self, account: ChannelAccount) -> None:
        self._account = account
        self._base = (account.base_url or DEFAULT_URL).rstrip("/")

    def hand_over(self, form: Mapping[str, str]) -> Answer | Result:
        """Send a message, once. Return the answer, or the result if there is none. Raises AccountTrouble."""
        return asking.hand_over(PROVIDER, self._asked("POST", self._path("Messages.json"), form, once=True))

    def messages(self, *, since: datetime, to: str = "", per_page: int = PER_PAGE) -> Iterator[Mapping[str, Any]]:
        """Yield the messages of the account that were created since, the newest first: all, or those to a number."""
        query = {"PageSize": str(per_page), **({"To": to} if to else {})}
        path = f"{self._path('Messages.json')}?{urlencode(query)}"
        for _page in range(MAX_PAGES):
            found = self._get(path)
            rows = found.get("messages")
            if not isinstance(rows, list):
                raise AccountTrouble(NOT_TWILIO, AccountStatus.ERROR)
            for row in rows:
                created = moment(row.get("date_created"))
                if created is not None and created < since:
                    return
                yield row
            following = str(found.get("next_page_uri") or "")
            if VERSION not in following:
                return
            path = following[following.index(VERSION) :]
        raise AccountTrouble(f"Twilio has too many messages{f' to {to}' if to else ''} to look through.")

    def message(self, sid: str) -> Mapping[str, Any] | None:
        """Return what Twilio says of a message, or None if it does not know it any more."""
        answer = asking.ask(PROVIDER, self._asked("GET", self._path(f"Messages/{sid}.json")))
        return None if answer.status == NOT_FOUND else self._checked(answer)

    def account(self) -> Mapping[str, Any]:
        """Return what Twilio says of the account."""
        return self._get(f"{VERSION}/Accounts/{self._account.provider_parent_id}.json")

    def number(self, number: str) -> Mapping[str, Any] | None:
        """Return what Twilio says of a number of the account, or None if it is not one of its."""
        path = self._path("IncomingPhoneNumbers.json")
        rows = self._get(f"{path}?{urlencode({'PhoneNumber': number})}").get("incoming_phone_numbers")
        found = [row for row in rows if row.get("phone_number") == number] if isinstance(rows, list) else []
        return found[0] if found else None

    def service(self, sid: str) -> Mapping[str, Any]:
        """Return what Twilio says of a messaging service."""
        return self._checked(asking.ask(PROVIDER, self._asked("GET", f"v1/Services/{sid}", base=self._services)))

    def report_number(self, sid: str, address: str) -> None:
        """Let Twilio report messages to a number at an address."""
        form = {"SmsUrl": address, "SmsMethod": "POST"}
        self._checked(asking.ask(PROVIDER, self._asked("POST", self._path(f"IncomingPhoneNumbers/{sid}.json"), form)))

    def report_service(self, sid: str, address: str) -> None:
        """Let Twilio report messages to the numbers of a messaging service at an address."""
        form = {"InboundRequestUrl": address, "InboundMethod": "POST", "UseInboundWebhookOnNumber": "false"}
        asked = self._asked("POST", f"v1/Services/{sid}", form, base=self._services)
        self._checked(asking.ask(PROVIDER, asked))

    @property
    def _services(self) -> str:
        return self._base if self._account.base_url else SERVICES_URL

    def _path(self, name: str) -> str:
        return f"{VERSION}/Accounts/{self._account.provider_parent_id}/{name}"

    def _get(self, path: str) -> Mapping[str, Any]:
        return self._checked(asking.ask(PROVIDER, self._asked("GET", path)))

    def _checked(self, answer: Answer) -> Mapping[str, Any]:
        if answer.succeeded and isinstance(answer.value, dict):
            return answer.json
        raise account_error(answer) or AccountTrouble(NOT_TWILIO, AccountStatus.ERROR)

    def _asked(
        self, method: str, path: str, form: Mapping[str, str] | None = None, *, once: bool = False, base: str = ""
    ) -> Asked:
        secret = f"{self._account.provider_parent_id}:{self._account.secret}"
        headers = {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}
        return Asked(method, f"{base or self._base}/{path}", headers, form=form, once=once)


def is_service(account: ChannelAccount) -> bool:
    """Return whether the account sends through a messaging service of Twilio instead of one number."""
    return account.provider_account_id.startswith(SERVICE)


def moment(text: object) -> datetime | None:
    """Return a time as Twilio writes it, or None."""
    try:
        found = parsedate_to_datetime(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
