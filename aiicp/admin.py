"""Import every admin page of the app, where Django looks for them."""

from lad.packages import import_from_features

import_from_features("aiicp", "admin", "lead_page", "lead_list")
