"""Health checks: /healthz for a running process, /readyz for one whose database and broker are reachable."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

READY = "ok"


class HealthMiddleware:
    """Answer both addresses before sessions, tenants or views are involved."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": READY})
        if request.path == "/readyz":
            parts = {"database": _database(), "broker": _broker()}
            parts["migrations"] = _migrations() if parts["database"] == READY else "unknown"
            ready = all(state == READY for state in parts.values())
            return JsonResponse({"status": READY if ready else "not ready", **parts}, status=200 if ready else 503)
        return self.get_response(request)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:
        return f"unreachable ({type(error).__name__})"
    return READY


def _broker() -> str:
    try:
        redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2).ping()
    except redis.RedisError as error:
        return f"unreachable ({type(error).__name__})"
    return READY


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return READY if not missing else f"{len(missing)} to apply: run manage.py migrate"
