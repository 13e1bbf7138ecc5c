"""Twilio's signatures of callbacks: about calls, and about messages.

A signature covers the address that Twilio called, so it must be built from LAD's public address: behind a proxy, the
request has another scheme, host or port. Callbacks may repeat and come in any order, as every provider's do.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Iterable, Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

STANDARD_PORTS: Final = {"https": 443, "http": 80}
Parameters = Iterable[tuple[str, str]]


def is_genuine(
    *,
    url: str,
    signature: str,
    tokens: Collection[str],
    parameters: Parameters = (),
    body: bytes | None = None,
) -> bool:
    """Return whether a request was signed with one of the account's auth tokens; two of them while one is replaced.

    ``url`` is the whole address that Twilio was given, with its query. A form is given as its ``parameters``; any
    other content as ``body``, whose digest the query must hold as ``bodySHA256``.
    """
    if not signature or not all(tokens) or not tokens:
        return False
    pairs = list(parameters)
    if body is not None and (pairs or not _is_digest_of(body, url)):
        return False
    # Twilio signs with or without the port, depending on the product.
    wanted = [_signature(address, pairs, token) for address in _with_and_without_port(url) for token in tokens]
    return any(hmac.compare_digest(each, signature.encode()) for each in wanted)


def _signature(url: str, parameters: Sequence[tuple[str, str]], token: str) -> bytes:
    signed = url + "".join(name + value for name, value in sorted(set(parameters)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest())


def _is_digest_of(body: bytes, url: str) -> bool:
    given = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
    return hmac.compare_digest(hashlib.sha256(body).hexdigest().encode(), given.lower().encode())


def _with_and_without_port(url: str) -> list[str]:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = host[: host.rindex(":")] if parts.port is not None else host
    user = parts.netloc[: len(parts.netloc) - len(host)]
    port = parts.port or STANDARD_PORTS.get(parts.scheme)
    if port != STANDARD_PORTS.get(parts.scheme):
        return [url]
    return [parts._replace(netloc=f"{user}{bare}").geturl(), parts._replace(netloc=f"{user}{bare}:{port}").geturl()]
