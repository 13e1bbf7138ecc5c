"""Import every admin page of the app, where Django looks for them."""

from importlib import import_module

from lad.packages import import_from_features

import_from_features("billing", "admin")
import_module("billing.dashboard")
