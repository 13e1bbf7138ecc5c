"""All settings. Only this module and settings_security, _billing, _mail and _llm read the environment.

docs/operations.md lists the variables.
"""

import sys
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from lad.admin.templating import LOADERS
from lad.admin.theme import COLOURS
from lad.settings_billing import *  # noqa: F403
from lad.settings_directories import *  # noqa: F403
from lad.settings_llm import *  # noqa: F403
from lad.settings_mail import *  # noqa: F403
from lad.settings_outreach import *  # noqa: F403
from lad.settings_security import *  # noqa: F403
from lad.settings_security import PUBLIC_URL, SILENCED_SYSTEM_CHECKS
from lad.settings_sidebar import *  # noqa: F403
from lad.settings_voice import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()

LAD_HOME = Path(env.str("LAD_HOME", default=str(BASE_DIR / ".lad")))
DEBUG = env.bool("DEBUG", default=False)

# These commands need no secret and no database, but they load the settings.
_KEYLESS_COMMANDS = {
    "collectstatic",
    "makemigrations",
    "spectacular",
    "schema_docs",
    "event_catalogue",
    "help",
    "check",
}
_keyless = len(sys.argv) > 1 and sys.argv[1] in _KEYLESS_COMMANDS


def _secret(name: str) -> str:
    value = env.str(name, default="")
    if value or _keyless:
        return value or f"no-{name.lower()}-needed-for-{'-'.join(sys.argv[1:2])}-and-long-enough"
    raise ImproperlyConfigured(f"Set {name}. `make up` generates one in .lad/secrets.env.")


SECRET_KEY = _secret("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Newest first. Addresses that must not be contacted are looked up under all keys, so an old key stays in the list.
ADDRESS_HASH_KEYS = env.list("ADDRESS_HASH_KEYS", default=[]) or [SECRET_KEY, *SECRET_KEY_FALLBACKS]
# Newest first: the first key encrypts and signs, the others only decrypt and verify.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS", default=[])
JWT_SIGNING_KEYS = env.list("JWT_SIGNING_KEYS", default=[])

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
# The address of the single-page app that mails link to. Without an app, mails link to pages of the admin.
APP_URL = env.str("APP_URL", default="")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])

INSTALLED_APPS = [
    "lad.admin.apps.LadAdminSiteConfig",
    # Before Django's own apps, whose commands it adapts.
    "tenants",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "lad.admin.apps.LadAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "lad.audit",
    "lad.outbox",
    "lad.jobs",
    "lad.mail",
    "lad.idempotency",
    "lad.llm",
    "lad.streams",
    "billing",
    "leads",
    "campaigns",
    "voice",
    "aiicp",
    "lad.apps.LadConfig",
    "demo",
    "tools",
]

MIDDLEWARE = [
    "lad.request_ids.RequestIdMiddleware",
    "lad.hosts.PublicLinkHostMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "lad.headers.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "lad.health.HealthMiddleware",
    "lad.api.middleware.ApiSlashMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "lad.api.uploads.RefusedBodyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lad.tenancy.middleware.TenancyMiddleware",
    "lad.idempotency.middleware.IdempotencyMiddleware",
]

ROOT_URLCONF = "lad.urls"
WSGI_APPLICATION = "lad.wsgi.application"
ASGI_APPLICATION = "lad.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "OPTIONS": {
            "loaders": LOADERS,
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"languages": "lad.languages.template_tags"},
        },
    }
]

FORM_RENDERER = "lad.admin.templating.FormRenderer"

# The database. Web and worker sign in as a role that can only switch to the restricted ones;
# manage.py chooses the owner for the commands that change the schema.
DB_SCHEMA = env.str("DB_SCHEMA", default="lad_dev")
DATABASE_ACCESS = env.str("LAD_DATABASE_ACCESS", default="login")
# Each web worker runs pages in this many threads, and in so many others what streamed answers do with the database.
WEB_THREADS = env.int("WEB_THREADS", default=8)
WEB_BACKGROUND_THREADS = env.int("WEB_BACKGROUND_THREADS", default=4)
# Of a request. Tasks and commands may take their time.
DB_STATEMENT_SECONDS = env.int("DB_STATEMENT_SECONDS", default=30)
DB_IDLE_SECONDS = env.int("DB_IDLE_SECONDS", default=60)


def _database() -> dict:
    name = "DATABASE_OWNER_URL" if DATABASE_ACCESS == "owner" else "DATABASE_URL"
    database = env.db_url(name, default="postgresql:///lad")
    options = database.setdefault("OPTIONS", {})
    options["options"] = f"-c search_path={DB_SCHEMA} -c idle_in_transaction_session_timeout={DB_IDLE_SECONDS}s"
    options["pool"] = (
        # With a minimum of 1, the first query opens a second connection, because the first is still on its way.
        # A thread that waits for a connection of the others would lose an answer that is finished already.
        {
            "min_size": 0,
            "max_size": env.int("DB_POOL_SIZE", default=WEB_THREADS + WEB_BACKGROUND_THREADS),
            "timeout": 10,
        }
        if env.bool("DB_POOL", default=DATABASE_ACCESS != "owner")
        else False
    )
    return {**database, "ENGINE": "lad.postgres", "ATOMIC_REQUESTS": False, "DISABLE_SERVER_SIDE_CURSORS": True}


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["tenants.accounts.backends.EmailBackend"]
SILENCED_SYSTEM_CHECKS += ["auth.W004"]  # users.email is unique among live rows, by a conditional key

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

# Signing in. Sessions and TLS are in lad/settings_security.py.
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "tenants.accounts.hashers.ImportedBcryptHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "tenants.accounts.password_validators.VarietyValidator"},
    {"NAME": "tenants.accounts.password_validators.BreachedPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = int(timedelta(hours=1).total_seconds())
ACCESS_TOKEN_LIFETIME = timedelta(minutes=env.int("ACCESS_TOKEN_MINUTES", default=15))
REFRESH_TOKEN_LIFETIME = timedelta(days=env.int("REFRESH_TOKEN_DAYS", default=30))
INVITATION_LIFETIME = timedelta(days=env.int("INVITATION_DAYS", default=7))
# How many invitations a tenant may mail at once and in a day, and all tenants together to one address.
INVITATIONS_PER_DAY = env.int("INVITATIONS_PER_DAY", default=50)
INVITATIONS_PER_ADDRESS_PER_DAY = env.int("INVITATIONS_PER_ADDRESS_PER_DAY", default=5)
TRIAL_LENGTH = timedelta(days=env.int("TRIAL_DAYS", default=14))
# Outside issuers whose tokens are accepted; see docs/operations.md for the members of each entry.
EXTERNAL_ISSUERS = env.json("EXTERNAL_ISSUERS", default={})
# The password of every demo account; only `manage.py demo` uses it.
DEMO_PASSWORD = env.str("LAD_DEMO_PASSWORD", default="lad-demo-password")
ACCESS_RESOLVER = "tenants.accounts.authentication.resolve_access"
TENANT_ACCESS_RESOLVER = "tenants.accounts.authentication.access_in_tenant"

# Mail. In development every mail lands as a file.
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="filemail://")
EMAIL_BACKEND = EMAIL_CONFIG["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL_CONFIG.get("EMAIL_HOST", "")
EMAIL_PORT = EMAIL_CONFIG.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL_CONFIG.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = EMAIL_CONFIG.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = EMAIL_CONFIG.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = EMAIL_CONFIG.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
EMAIL_FILE_PATH = str(LAD_HOME / "mail")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="LAD <no-reply@lad.localhost>")

# Jobs. How many may run at once, over all workers, how long a dead worker holds one, and how long they are kept.
JOBS_AT_ONCE = env.int("JOBS_AT_ONCE", default=1)
JOB_LEASE = timedelta(seconds=env.int("JOB_LEASE_SECONDS", default=15))
JOB_RETENTION = timedelta(days=env.int("JOB_RETENTION_DAYS", default=90))

# The API.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["lad.api.authentication.AccessAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["lad.api.permissions.HasRight"],
    "DEFAULT_RENDERER_CLASSES": ["lad.api.renderers.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["lad.api.parsers.JsonParser"],
    "DEFAULT_PAGINATION_CLASS": "lad.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["lad.api.filters.FilterBackend", "lad.api.filters.OrderingFilter"],
    "DEFAULT_SCHEMA_CLASS": "lad.api.openapi.LadAutoSchema",
    "EXCEPTION_HANDLER": "lad.api.errors.exception_handler",
    "PAGE_SIZE": 50,
    "DEFAULT_THROTTLE_RATES": {
        "sign-in": env.str("THROTTLE_SIGN_IN", default="60/min"),
        "sign-up": env.str("THROTTLE_SIGN_UP", default="20/hour"),
        "token": env.str("THROTTLE_TOKEN", default="120/min"),
        "mail": env.str("THROTTLE_MAIL", default="20/hour"),
        "api": env.str("THROTTLE_API", default="1200/min"),
        "link": env.str("THROTTLE_LINK", default="60/min"),
        "connect": env.str("THROTTLE_CONNECT", default="30/hour"),
    },
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "LAD API",
    "VERSION": "1",
    "DESCRIPTION": "Find leads, talk to them, pay for what you use.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["lad.api.openapi.finish_document"],
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[APP_URL] if APP_URL else [])
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-csrftoken",
    "x-request-id",
    "x-tenant-id",
]
CORS_EXPOSE_HEADERS = ["etag", "location", "retry-after", "x-request-id", "idempotent-replayed"]

# The web server. Each worker holds streams on its event loop. WEB_THREADS is above, with the database.
# Bodies of one client address that may be arriving at once in each web worker. The next one is answered with 429.
WEB_UNFINISHED_BODIES = env.int("WEB_UNFINISHED_BODIES", default=64)
STREAMS_PER_WORKER = env.int("STREAMS_PER_WORKER", default=2_000)
STREAMS_PER_TENANT = env.int("STREAMS_PER_TENANT", default=1_000)
STREAM_LIFETIME = timedelta(minutes=env.int("STREAM_MINUTES", default=15))

# Workers. Messages in the broker only wake workers; all data is in PostgreSQL.
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_AUTOSCALER = "lad.autoscale:PatientAutoscaler"
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 120}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TIME_LIMIT = 90
CELERY_TASK_SOFT_TIME_LIMIT = 60
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "lad"

# The admin's theme, read once in each process. lad/settings_sidebar.py says what its sidebar holds.
UNFOLD = {
    "SITE_TITLE": "LAD",
    "SITE_HEADER": "LAD",
    "SITE_SUBHEADER": "Lead generation",
    "SITE_SYMBOL": "conversion_path",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "STYLES": ["lad.admin.theme.styles"],
    "SCRIPTS": ["lad.admin.theme.badges"],
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "lad.admin.theme.favicon"}],
    "COLORS": COLOURS,
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
    },
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
# LAD speaks English only: looking every text up in an empty catalogue would cost a twentieth of a page.
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = "lad.formats"

# The longest request without files. A longer one is answered with 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("REQUEST_MAX_KB", default=2_560) * 1024
# A form may repeat the ids of every row that an action changes at once.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

STATIC_URL = "/static/"
STATIC_ROOT = str(LAD_HOME / "static")
MEDIA_ROOT = str(LAD_HOME / "media")

# Uploaded files are stored outside the web server's folders and served through signed links only.
UPLOAD_MAX_SIZE = env.int("UPLOAD_MAX_MB", default=25) * 1024 * 1024
# Allowance for a form's other fields and the headers of its parts.
UPLOAD_FORM_OVERHEAD = 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "lad.api.uploads.SizeLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
ATTACHMENT_LINK_LIFETIME = timedelta(seconds=env.int("ATTACHMENT_LINK_SECONDS", default=300))
ATTACHMENT_RETENTION = timedelta(days=env.int("ATTACHMENT_RETENTION_DAYS", default=30))
ATTACHMENTS_BUCKET = env.str("ATTACHMENTS_BUCKET", default="")


def _attachments() -> dict:
    """Return the storage of attachments: S3-compatible if a bucket is set, otherwise a directory in LAD_HOME."""
    if not ATTACHMENTS_BUCKET:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": str(Path(MEDIA_ROOT) / "attachments"),
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        }
    return {
        "BACKEND": "leads.files.storage.s3.AttachmentBucket",
        "OPTIONS": {
            "bucket_name": ATTACHMENTS_BUCKET,
            "endpoint_url": env.str("ATTACHMENTS_ENDPOINT", default="") or None,
            "region_name": env.str("ATTACHMENTS_REGION", default="") or None,
            "access_key": env.str("ATTACHMENTS_ACCESS_KEY", default="") or None,
            "secret_key": env.str("ATTACHMENTS_SECRET_KEY", default="") or None,
            "addressing_style": env.str("ATTACHMENTS_ADDRESSING", default="auto"),
            "location": env.str("ATTACHMENTS_PREFIX", default=""),
        },
    }


STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "attachments": _attachments(),
    "staticfiles": {
        # Compression takes half a minute, so developers turn it off.
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.bool("COMPRESS_STATIC", default=True)
        else "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    },
}

LOG_FORMAT = env.str("LOG_FORMAT", default="json")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING_CONFIG = "lad.observability.configure_logging"
LOGGING: dict = {"level": LOG_LEVEL, "format": LOG_FORMAT}
