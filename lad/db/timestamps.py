"""Read timestamps in C. Django's own loader runs in Python, for each timestamp of each row."""

from datetime import UTC, datetime
from typing import Any, Final

from django.db.backends.postgresql.psycopg_any import BaseTzLoader, get_adapters_template

# PostgreSQL formats timestamps in the connection's time zone, which Django sets to UTC.
USE_TIME_ZONES: Final = True


class UtcLoader(BaseTzLoader):
    """Loads a timestamptz of a connection in UTC."""

    timezone = UTC

    def load(self, data: Any) -> datetime:
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:
            # Infinity and years that Python does not know: the slow loader says what is wrong.
            loaded: datetime = super().load(data)
            return loaded


def install_loader() -> None:
    """Use the loader for all connections that Django opens from now on."""
    get_adapters_template(USE_TIME_ZONES, UTC).register_loader("timestamptz", UtcLoader)
