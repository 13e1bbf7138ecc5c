"""Import every task of the app, where Celery looks for them."""

from lad.packages import import_from_features

import_from_features("voice", "tasks")
