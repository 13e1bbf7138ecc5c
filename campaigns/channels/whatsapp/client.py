"""Speak WhatsApp's Cloud API: https://developers.facebook.com/docs/whatsapp/cloud-api."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from campaigns.accounts.models import AccountStatus, ChannelAccount
from campaigns.accounts.troubles import AccountTrouble
from campaigns.channels import asking
from campaigns.channels.protocol import Result
from campaigns.channels.whatsapp.errors import account_error
from lad.requests import Answer, Asked

PROVIDER: Final = "WhatsApp"
DEFAULT_URL: Final = "https://graph.facebook.com"
VERSION: Final = "v23.0"
TEMPLATES_PER_PAGE: Final = 100
MAX_PAGES: Final = 100
TEMPLATE_FIELDS: Final = "id,name,language,category,status,rejected_reason,components"
NUMBER_FIELDS: Final = (
    "id,display_phone_number,verified_name,quality_rating,messaging_limit_tier,name_status,code_verification_status"
)
NOT_WHATSAPP: Final = "The address does not answer as WhatsApp does. Correct it on the account's page."


class WhatsApp:
    """The Cloud API with the token of one account. Every method but ``hand_over`` raises AccountTrouble."""

    def __init__(self, account: ChannelAccount) -> None:
        self._account = account

    def hand_over(self, content: Mapping[str, Any]) -> Answer | Result:
        """Send a message, once. Return the answer, or the result if there is none. Raises AccountTrouble."""
        path = f"{self._account.provider_account_id}/messages"
        return asking.hand_over(PROVIDER, self._asked("POST", path, {"messaging_product": "whatsapp", **content}))

    def number(self) -> Mapping[str, Any]:
        """Return what WhatsApp says of the account's number."""
        return self._get(self._account.provider_account_id, fields=NUMBER_FIELDS)

    def templates(self) -> Iterator[Mapping[str, Any]]:
        """Yield the templates of the business account, page by page."""
        after = ""
        for _page in range(MAX_PAGES):
            found = self._get(
                f"{self._account.provider_parent_id}/message_templates",
                fields=TEMPLATE_FIELDS,
                limit=str(TEMPLATES_PER_PAGE),
                **({"after": after} if after else {}),
            )
            rows = found.get("data")
            if not isinstance(rows, list):
                raise AccountTrouble(NOT_WHATSAPP, AccountStatus.ERROR)
            yield from (row for row in rows if isinstance(row, dict))
            paging = found.get("paging") or {}
            following = str((paging.get("cursors") or {}).get("after") or "")
            # The cursor of the last page is given as well; only its address is missing.
            if not paging.get("next") or not following or following == after:
                return
            after = following

    def subscribe(self, address: str, verify_token: str) -> None:
        """Let WhatsApp report what happens to the business account's numbers at an address."""
        body = {"override_callback_uri": address, "verify_token": verify_token}
        answer = asking.ask(PROVIDER, self._asked("POST", f"{self._account.provider_parent_id}/subscribed_apps", body))
        self._checked(answer)

    def _get(self, path: str, **query: str) -> Mapping[str, Any]:
        return self._checked(asking.ask(PROVIDER, self._asked("GET", f"{path}?{urlencode(query)}")))

    def _checked(self, answer: Answer) -> Mapping[str, Any]:
        if answer.succeeded and isinstance(answer.value, dict):
            return answer.json
        raise account_error(answer) or AccountTrouble(NOT_WHATSAPP, AccountStatus.ERROR)

    def _asked(self, method: str, path: str, body: object = None) -> Asked:
        base = (self._account.base_url or DEFAULT_URL).rstrip("/")
        headers = {"Authorization": f"Bearer {self._account.secret}"}
        return Asked(method, f"{base}/{VERSION}/{path}", headers, body, once=path.endswith("/messages"))


def body_text(components: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of a template's body."""
    found = (str(each.get("text") or "") for each in components if str(each.get("type")).upper() == "BODY")
    return next(found, "")
