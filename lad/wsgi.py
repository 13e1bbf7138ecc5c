"""The WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from lad.tenancy.guard import refuse_to_serve_unguarded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lad.settings")

application = get_wsgi_application()
refuse_to_serve_unguarded()

# Loaded modules stay in memory: collecting them would stop every request for a tenth of a second.
gc.collect()
gc.freeze()
