"""Find the leads that incoming messages are from, within the tenant: by id, by chat, then by address. Never by name."""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import unquote
from uuid import UUID

from campaigns.accounts.models import NetworkAccount
from campaigns.channels.receiving.incoming import Incoming
from campaigns.messages.models import Message
from campaigns.network_contacts.services import of_account
from lad import phones
from leads.channels import Channel
from leads.contactability.addresses import linkedin
from leads.contactability.models import ContactDirection
from leads.contacts.models import Lead

# A profile's address as people and directories write it.
PROFILE_BEGINNINGS: Final = (
    *("https://www.linkedin.com/", "https://linkedin.com/", "http://www.linkedin.com/", "http://linkedin.com/"),
)
PROFILE: Final = re.compile(r"linkedin\.com/in/([^/?#\s]+)", re.IGNORECASE)


def leads_of(account: NetworkAccount, incoming: Sequence[Incoming]) -> list[UUID | None]:
    """Return for each message the lead whom it is from or to. A few statements, whatever the number."""
    by_person, by_chat = _known(account, incoming)
    found = [by_person.get(each.person_id) or by_chat.get(each.chat_id) for each in incoming]
    missing = [each for each, lead in zip(incoming, found, strict=True) if lead is None and each.address]
    by_address = _by_address(missing)
    return [
        lead or by_address.get(address_key(each.channel, each.address))
        for each, lead in zip(incoming, found, strict=True)
    ]


def address_key(channel: Channel, address: str) -> str:
    """Return an address in one form: a number as +digits, a profile as in/name, a name in lower case."""
    text = address.strip()
    if channel in (Channel.WHATSAPP, Channel.SMS):
        digits = phones.digits_of(text.removeprefix("whatsapp:"))
        return f"+{digits}" if digits else ""
    if channel == Channel.LINKEDIN:
        return linkedin(text)
    return text.rstrip("/").rpartition("/")[2].lstrip("@").casefold()


def written_forms(channel: Channel, keys: Iterable[str]) -> set[str]:
    """Return how people write addresses. Columns hold them as they were entered, and indexes find whole ones."""
    wanted = set(keys) - {""}
    if channel == Channel.LINKEDIN:
        return {f"{begin}{key}{end}" for key in wanted for begin in PROFILE_BEGINNINGS for end in ("", "/")}
    return wanted | {f"@{key}" for key in wanted} if channel == Channel.WEB else wanted


def public_identifier(profile: str) -> str:
    """Return the name in the address of a LinkedIn profile, or an empty string if it is none of a person."""
    page = PROFILE.search(profile)
    if page:
        return unquote(page[1])
    return linkedin(profile).removeprefix("in/") if "/" not in profile else ""


def _known(account: NetworkAccount, incoming: Sequence[Incoming]) -> tuple[dict[str, UUID], dict[str, UUID]]:
    """Return the leads that the account knows, by person and by chat. The latest contact of each counts."""
    people = {each.person_id for each in incoming} - {""}
    chats = {each.chat_id for each in incoming} - {""}
    rows = of_account(account).order_by("updated_at", "pk")
    by_person = {row.provider_id: row.lead_id for row in rows.filter(provider_id__in=people)} if people else {}
    strangers = {each.chat_id for each in incoming if each.person_id not in by_person} & chats
    by_chat = {row.chat_id: row.lead_id for row in rows.filter(chat_id__in=strangers)} if strangers else {}
    return by_person, by_chat


def _by_address(incoming: Sequence[Incoming]) -> dict[str, UUID]:
    found: dict[str, UUID] = {}
    for channel in {each.channel for each in incoming}:
        wanted = {address_key(channel, each.address) for each in incoming if each.channel == channel} - {""}
        found |= _written_to(channel, wanted)
        found = {**_own_address(channel, wanted - set(found)), **found}
    return found


def _own_address(channel: Channel, wanted: Iterable[str]) -> dict[str, UUID]:
    """Return the leads whose own address it is. Of several the oldest."""
    keys = set(wanted)
    if not keys or channel == Channel.WEB:
        return {}
    if channel == Channel.LINKEDIN:
        rows = Lead.objects.filter(linkedin_url__in=written_forms(channel, keys)).order_by("-created_at", "-pk")
        return {linkedin(url): key for key, url in rows.values_list("pk", "linkedin_url")}
    rows = Lead.objects.filter(phone__in=keys).order_by("-created_at", "-pk")
    return {phone: key for key, phone in rows.values_list("pk", "phone")}


def _written_to(channel: Channel, wanted: set[str]) -> dict[str, UUID]:
    """Return the leads to whom somebody of the tenant wrote last at these addresses."""
    if not wanted:
        return {}
    rows = Message.objects.filter(
        to_address__in=written_forms(channel, wanted),
        channel=channel,
        direction=ContactDirection.OUTBOUND,
        lead__isnull=False,
    )
    pairs = rows.order_by("created_at", "pk").values_list("to_address", "lead")
    return {address_key(channel, address): lead for address, lead in pairs}
