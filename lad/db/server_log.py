"""Keep the values of statements out of PostgreSQL's log.

psycopg sends statements with their values, and PostgreSQL logs a failed statement as it came, with the row or key that
was refused. Both could hold e-mail addresses, names and hashes of passwords. LAD's own log says which request failed.
"""

from typing import Final

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# No statement of an error, no DETAIL and CONTEXT, and no parameters. tools/runtime/names.py repeats them.
LOG_SETTINGS: Final = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length_on_error": "0",
}


def revealing_settings(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the settings with which the server would log values, read in this session."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(LOG_SETTINGS)])
        found = dict(cursor.fetchall())
    return [name for name, value in LOG_SETTINGS.items() if found.get(name) != value]


def keep_values_out_of_log(connection: BaseDatabaseWrapper) -> list[str]:
    """Set what is missing for this database, if this login may. Return what its administrator has to set."""
    missing = revealing_settings(connection)
    if not missing:
        return []
    database = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            for name, value in LOG_SETTINGS.items():
                cursor.execute(f"ALTER DATABASE {database} SET {name} = '{value}'")
    except DatabaseError:
        return missing
    return []
