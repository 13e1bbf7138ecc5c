"""Structured logs: every line has the tenant, user, request and task, and no secrets."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any, Final
from uuid import UUID

import structlog
from celery import Task
from celery.signals import task_prerun

SECRET_NAME: Final = re.compile(
    r"(password|passwd|secret|token|authorization|cookie|api[-_]?key|session|signature|credential)", re.IGNORECASE
)
# Bearer tokens, JSON web tokens and encrypted fields. Each long word that begins like a token matches at once, so that
# no word is read twice.
SECRET_VALUE: Final = re.compile(
    r"(?i:Bearer\s+)\S+|eyJ(?:[\w-]{16,}(?:\.[\w-]*){0,2}|[\w-]{1,15}\.[\w-]+\.[\w-]+)|gAAAA[\w=-]{20,}"
)
SECRET_ASSIGNMENT: Final = re.compile(
    r"""(?i)((?:password|secret|token|api[-_]?key|code)["']?\s*[=:]\s*["']?)[^\s"'&,}]+"""
)
# The values that PostgreSQL adds to an error: a duplicate key, or a refused row. They may have line breaks.
DATABASE_DETAIL: Final = re.compile(r"(DETAIL:)[^\n]*(?:\n(?!Traceback|HINT:|CONTEXT:|The above|During|\n)[^\n]*)*")
MASK: Final = "[masked]"


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask values whose name is that of a secret, and anything in other values that looks like a secret."""
    for name, value in event.items():
        event[name] = MASK if SECRET_NAME.search(name) else _masked(value)
    return event


def mask_text(text: str) -> str:
    """Return the text with everything that looks like a secret masked."""
    text = SECRET_ASSIGNMENT.sub(rf"\1{MASK}", SECRET_VALUE.sub(MASK, text))
    return DATABASE_DETAIL.sub(rf"\1 {MASK}", text) if "DETAIL:" in text else text


def _masked(value: object) -> object:
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, dict):
        return {key: MASK if SECRET_NAME.search(str(key)) else _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value


def configure_logging(options: dict[str, str]) -> None:
    """Send the logs of the standard library and of structlog through one formatter to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
    ]
    last: Any = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if options["format"] == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, mask_secrets, last],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(options["level"])
    logging.getLogger("django.utils.autoreload").setLevel(logging.WARNING)
    # They log the addresses that tenants have entered, and the headers of answers.
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Loggers keep the list of their first use, so a second call (Celery sets Django up again) changes that list.
    processors = structlog.get_config()["processors"]
    processors[:] = [*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    structlog.configure(
        processors=processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def bind_caller(*, tenant_id: UUID | None, user_id: UUID | None) -> None:
    """Add the caller to every log line of the request."""
    structlog.contextvars.bind_contextvars(
        tenant=str(tenant_id) if tenant_id else None, user=str(user_id) if user_id else None
    )


@task_prerun.connect
def bind_task(
    task: Task | None = None, task_id: str = "", kwargs: dict[str, object] | None = None, **_: object
) -> None:
    """Add the task to every log line it writes."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        task=getattr(task, "name", None), task_id=task_id, tenant=(kwargs or {}).get("tenant_id")
    )
