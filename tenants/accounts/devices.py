"""Name the device of a session, and the network it was used from."""

from ipaddress import ip_address, ip_network
from typing import Final

# The first match wins: every browser also calls itself by the names of others.
BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
MAX_NAME_LENGTH: Final = 100
# The part of an address that stays the same while a provider gives its customer new ones.
NETWORK_BITS: Final = {4: 24, 6: 48}


def device_name(user_agent: str) -> str:
    """Return a name such as "Firefox on Linux"; for other programs the first word they call themselves by."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or user_agent.partition(" ")[0].partition("/")[0][:MAX_NAME_LENGTH] or system


def provider_network(address: str) -> str:
    """Return the network of an IP address, or an empty string for an empty address."""
    if not address:
        return ""
    return str(ip_network(f"{address}/{NETWORK_BITS[ip_address(address).version]}", strict=False))
