"""The base of every Celery task: nothing of one task's scope reaches the next."""

from typing import Any
from uuid import UUID

from celery import Task

from lad.tenancy.context import current_scope, origin, platform_context, tenant_context


class LadTask(Task):
    """Runs its body under the task's own id, with no scope left over from anything before."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if current_scope() is not None and not self.app.conf.task_always_eager:
            raise RuntimeError(f"{self.name} started inside somebody else's scope.")
        with origin(self.request.id or "", source=self.name):
            return self.run_in_scope(*args, **kwargs)

    def run_in_scope(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **kwargs)


class TenantTask(LadTask):
    """A task of one tenant: called with ``tenant_id``, its body runs inside that tenant."""

    abstract = True

    def run_in_scope(self, *args: Any, **kwargs: Any) -> Any:
        tenant_id = kwargs.pop("tenant_id", None)
        if not tenant_id:
            raise ValueError(f"{self.name} needs tenant_id=…: it works inside one tenant.")
        with tenant_context(UUID(str(tenant_id))):
            return super().run_in_scope(*args, **kwargs)


class PlatformTask(LadTask):
    """A task over all tenants, in one transaction as the platform."""

    abstract = True

    def run_in_scope(self, *args: Any, **kwargs: Any) -> Any:
        with platform_context():
            return super().run_in_scope(*args, **kwargs)
