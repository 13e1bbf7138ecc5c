"""The WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from lad.tenancy.guard import limit_statements, refuse_to_serve_unguarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")

application = get_wsgi_application()
limit_statements()
refuse_to_serve_unguarded()

# Loaded modules stay in memory: collecting them would stop every request for a tenth of a second.
gc.collect()
gc.freeze()
