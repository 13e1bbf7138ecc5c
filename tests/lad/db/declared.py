"""Build LAD's schema straight from the live models and the newest SQL files, without any migration.

``python -m tests.lad.db.declared`` does it in the empty database of DATABASE_OWNER_URL.
"""

import django
from django.apps import apps
from django.db import connection


def build() -> None:
    from lad.db.sql_files import lad_apps, newest, sql_files
    from lad.tenancy import roles

    files = {config.label: newest(sql_files(config)) for config in lad_apps()}
    roles.prepare_database("default")
    with connection.schema_editor() as editor:
        # The kernel's functions need no table; those of the apps use the row types of theirs.
        for file in files.pop("lad"):
            editor.execute(file.text, params=None)
        for model in apps.get_models():
            if model._meta.can_migrate(connection):
                editor.create_model(model)
        for file in (file for some in files.values() for file in some):
            editor.execute(file.text, params=None)
    roles.grant_framework_tables("default")


if __name__ == "__main__":
    django.setup()
    build()
