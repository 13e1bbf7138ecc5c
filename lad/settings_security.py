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
# Two simultaneous refreshes are both answered. A refresh token that is used again later was stolen.
REFRESH_GRACE = timedelta(seconds=env.int("REFRESH_GRACE_SECONDS", default=10))

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=False)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0)
SECURE_CONTENT_TYPE_NOSNIFF = True
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
