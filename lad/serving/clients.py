"""Who sent a request."""

from lad.serving.asgi import Scope


def address_of(scope: Scope, *, trusted_proxies: int) -> str:
    """Return the client's address as seen by the outermost trusted proxy."""
    peer = scope.get("client") or ("", 0)
    if trusted_proxies:
        lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        forwarded = [part.strip() for part in ",".join(lines).split(",") if part.strip()]
        if forwarded:
            return forwarded[-min(trusted_proxies, len(forwarded))]
    return str(peer[0])
