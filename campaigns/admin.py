"""Import every admin page of the app, and what its features add to the lead's page, where Django looks for them."""

from lad.packages import import_from_features

import_from_features("campaigns", "admin", "lead_page", "timeline", "tasks_page", "all_page")
