"""Read what WhatsApp reports: which accounts it is about, and what the report is known by."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from campaigns.provider_reports.services import NewReport

MESSAGE: Final = "message"
ECHO: Final = "echo"
STATUS: Final = "status"
PREFERENCE: Final = "preference"
TEMPLATE: Final = "template"
QUALITY: Final = "quality"
CAPABILITY: Final = "capability"
ACCOUNT: Final = "account"
# Fields of the business account that LAD heeds, and the kind of their report.
OF_THE_BUSINESS: Final[Mapping[str, str]] = {
    "message_template_status_update": TEMPLATE,
    "account_update": ACCOUNT,
    "account_review_update": ACCOUNT,
    "business_capability_update": CAPABILITY,
    "phone_number_quality_update": QUALITY,
}
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Addressed:
    """A report and whom it is about: a number by its id or as it is shown, or all numbers of the business account."""

    business_id: str
    report: NewReport
    number_id: str = ""
    number: str = ""

    def is_about(self, number_id: str, business_id: str, address: str) -> bool:
        """Return whether the report is about the account with these names."""
        if business_id and self.business_id != business_id:
            return False
        if self.number_id:
            return self.number_id == number_id
        if self.number:
            return self.number == "".join(filter(str.isdigit, address))
        return bool(business_id)


def is_genuine(body: bytes, signature: str, secret: str) -> bool:
    """Return whether the body was signed with the app's secret."""
    if not secret:
        return False
    wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.encode())


def read(body: bytes) -> list[Addressed]:
    """Return the reports of a delivery; none for what LAD does not heed, or what is no delivery."""
    try:
        delivery = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(delivery, dict) or delivery.get("object") != "whatsapp_business_account":
        return []
    return [
        report
        for entry in _objects(delivery.get("entry"))
        for change in _objects(entry.get("changes"))
        if isinstance(change.get("value"), dict)
        for report in _of_change(entry, str(change.get("field") or ""), change["value"])
    ]


def moment(seconds: object) -> datetime | None:
    """Return a time that WhatsApp writes as seconds, or None."""
    try:
        return datetime.fromtimestamp(int(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _of_change(entry: Values, field: str, value: Values) -> Iterator[Addressed]:
    business = str(entry.get("id") or "")
    if field in ("messages", "smb_message_echoes", "user_preferences"):
        number = str((value.get("metadata") or {}).get("phone_number_id") or "")
        if number:
            yield from (Addressed(business, report, number_id=number) for report in _about_messages(value))
    elif field in OF_THE_BUSINESS:
        at = moment(entry.get("time"))
        kind = OF_THE_BUSINESS[field]
        digest = hashlib.sha256(orjson.dumps([entry.get("time"), value], option=orjson.OPT_SORT_KEYS)).hexdigest()
        report = NewReport(kind, f"{field}:{digest}", dict(value), at)
        yield Addressed(business, report, number=str(value.get("display_phone_number") or ""))


def _about_messages(value: Values) -> Iterator[NewReport]:
    names = {
        str(contact.get("wa_id") or ""): str((contact.get("profile") or {}).get("name") or "")
        for contact in _objects(value.get("contacts"))
    }
    for message in _objects(value.get("messages")):
        if message.get("id"):
            content = {**message, "name": names.get(str(message.get("from") or ""), "")}
            yield NewReport(MESSAGE, str(message["id"]), content, moment(message.get("timestamp")))
    for message in _objects(value.get("message_echoes")):
        if message.get("id"):
            yield NewReport(ECHO, str(message["id"]), dict(message), moment(message.get("timestamp")))
    for status in _objects(value.get("statuses")):
        if status.get("id") and status.get("status"):
            key = f"{status['id']}:{status['status']}"
            yield NewReport(STATUS, key, dict(status), moment(status.get("timestamp")))
    for wish in _objects(value.get("user_preferences")):
        key = f"preference:{wish.get('wa_id')}:{wish.get('category')}:{wish.get('value')}:{wish.get('timestamp')}"
        yield NewReport(PREFERENCE, key, dict(wish), moment(wish.get("timestamp")))


def _objects(values: object) -> Sequence[Values]:
    return [each for each in values if isinstance(each, dict)] if isinstance(values, list) else []
