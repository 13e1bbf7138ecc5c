"""A client for Apollo's API, as https://docs.apollo.io describes it."""
