"""Logs a machine can read: every line carries the tenant, user, request and task, and never a secret."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog
from celery.signals import task_prerun

SECRET_NAME = re.compile(
    r"(password|passwd|secret|token|authorization|cookie|api[-_]?key|session|signature|credential)", re.IGNORECASE
)


SECRET_VALUE = re.compile(r"(Bearer\s+)\S+|eyJ[\w-]+\.[\w-]+\.[\w-]+|gAAAA[\w=-]{20,}", re.IGNORECASE)


SECRET_ASSIGNMENT = re.compile(r"""(?i)((?:password|secret|token|api[-_]?key|code)["']?\s*[=:]\s*["']?)[^\s"'&,}]+""")


MASK = "[masked]"


def mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace what is a secret by its name, and what looks like one wherever it stands."""
    for name, value in event.items():
        event[name] = MASK if SECRET_NAME.search(name) else _masked(value)
    return event


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return SECRET_ASSIGNMENT.sub(rf"\1{MASK}", SECRET_VALUE.sub(MASK, value))
    if isinstance(value, dict):
        return {key: MASK if SECRET_NAME.search(str(key)) else _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value


def configure_logging(options: dict[str, str]) -> None:
    """Route the standard library's logging and structlog through one formatter, to standard error."""
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
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def bind_access(access: Any) -> None:
    """Put the caller into every log line of the request."""
    structlog.contextvars.bind_contextvars(
        tenant=str(access.tenant_id) if access.tenant_id else None,
        user=str(access.user.pk) if access.user is not None else None,
    )


@task_prerun.connect
def bind_task(task: Any = None, task_id: str = "", kwargs: dict[str, Any] | None = None, **_: Any) -> None:
    """Put the task into every log line it writes."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(
        task=getattr(task, "name", None), task_id=task_id, tenant=(kwargs or {}).get("tenant_id")
    )
