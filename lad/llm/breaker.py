"""Leave an endpoint alone after several failures in a row. All workers share what they learn of it."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import redis
import structlog
from django.conf import settings
from django.core.cache import cache

from lad.llm.errors import ILLNESSES, EndpointError, Fault
from lad.llm.models import ModelConnection

FAILURES_REMEMBERED_SECONDS: Final = 300
log = structlog.get_logger("lad.llm")


@dataclass(frozen=True, slots=True)
class Breaker:
    """The breaker of one endpoint. A tenant's own connection has one of its own: nobody rests another's endpoint."""

    key: str

    @classmethod
    def of(cls, connection: ModelConnection) -> "Breaker":
        place = f"{connection.tenant_id}|{connection.base_url}|{connection.model}"
        return cls(f"lad:llm:breaker:{sha256(place.encode()).hexdigest()[:32]}")

    def check(self) -> None:
        """Raise EndpointError while the endpoint rests. After that, one call tries it again before the others."""
        try:
            if cache.get(f"{self.key}:tripped") is None:
                return
            # Whoever sets this key is the one call that may try.
            resting = not cache.add(f"{self.key}:rests", "", settings.LLM_BREAKER_SECONDS)
        except redis.RedisError:
            # Without Valkey the endpoint is simply asked.
            return
        if resting:
            raise EndpointError(Fault.RESTING)

    def succeeded(self) -> None:
        """Forget failures. Costs one look at Valkey while there are none."""
        try:
            if cache.get(f"{self.key}:failures") is not None:
                cache.delete_many([f"{self.key}:failures", f"{self.key}:tripped", f"{self.key}:rests"])
        except redis.RedisError:
            return

    def failed(self, error: EndpointError) -> None:
        """Count a failure of the endpoint itself."""
        if error.fault not in ILLNESSES:
            return
        try:
            cache.add(f"{self.key}:failures", 0, FAILURES_REMEMBERED_SECONDS)
            if cache.incr(f"{self.key}:failures") >= settings.LLM_BREAKER_FAILURES:
                cache.set(f"{self.key}:tripped", "", FAILURES_REMEMBERED_SECONDS)
                cache.set(f"{self.key}:rests", "", settings.LLM_BREAKER_SECONDS)
                log.warning("model endpoint rests", fault=error.fault.value)
        except (redis.RedisError, ValueError):
            # The count expired between the two, or Valkey is away.
            return
