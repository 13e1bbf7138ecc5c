"""The settings of sessions and of TLS; lad/settings.py takes them over."""

from datetime import timedelta

import environ

env = environ.Env()

# The address of the API and the admin.
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000")
_over_tls = PUBLIC_URL.startswith("https://")

SESSION_ENGINE = "tenants.accounts.sessions"
SESSION_COOKIE_AGE = int(timedelta(days=14).total_seconds())
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=_over_tls)
SESSION_COOKIE_HTTPONLY = True
# A session of the admin that is not used for so long has ended.
ADMIN_IDLE_LIMIT = timedelta(minutes=env.int("ADMIN_IDLE_MINUTES", default=120))
# Whether LAD's staff must set up a second factor before they may work in the admin.
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=_over_tls)
# For how long somebody who has entered a password or code may do what needs it.
STEP_UP_LIFETIME = timedelta(minutes=env.int("STEP_UP_MINUTES", default=10))
# Two simultaneous refreshes are both answered. A refresh token that is used again later was stolen.
REFRESH_GRACE = timedelta(seconds=env.int("REFRESH_GRACE_SECONDS", default=10))

_behind_proxy = env.bool("BEHIND_PROXY", default=False)
if _behind_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Without a proxy that says so, LAD cannot tell http from https, and a redirect would lead back to itself.
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=_over_tls and _behind_proxy)
# Health checks ask the process itself, past the proxy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.int(
    "SECURE_HSTS_SECONDS", default=int(timedelta(days=365).total_seconds()) if _over_tls else 0
)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_SUBDOMAINS", default=_over_tls)
SECURE_CONTENT_TYPE_NOSNIFF = True
# Scripts come from LAD alone, and none stands in a page. Alpine, which the admin's theme uses, evaluates its
# attributes; styles stand in attributes; pictures of people come from anywhere.
SECURE_CSP = {
    "default-src": ["'self'"],
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:", "https:"],
    # Samples of voices are played from their providers.
    "media-src": ["'self'", "https:"],
    "object-src": ["'none'"],
    "base-uri": ["'self'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'none'"],
}
# Whether browsers ship with a domain as https only is for its owner to decide, not for an application on it.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
