"""Phones that Apollo delivers later: to the webhook of the request, or to whoever asks with its id."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leads.companies.apollo.records import Phone, objects, phones, whole


@dataclass(frozen=True, slots=True)
class PhoneDelivery:
    """Phones by person. A person without any is in it with an empty tuple. The same delivery may come again.

    ``credits`` is what Apollo says that it charged for all of them, or None if it does not say.
    """

    people: Mapping[str, tuple[Phone, ...]]
    credits: int | None = None
    request_id: str = ""


def read_delivery(payload: Mapping[str, Any]) -> PhoneDelivery | None:
    """Read what a webhook got, or None if it is no delivery of phones."""
    people = {
        entry["id"]: phones(entry.get("phone_numbers"))
        for entry in objects(payload.get("people"))
        if isinstance(entry.get("id"), str) and entry["id"]
    }
    if not people:
        return None
    request = payload.get("request_id")
    return PhoneDelivery(people, whole(payload.get("credits_consumed")), "" if request is None else str(request))
