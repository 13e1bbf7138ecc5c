"""Streams: the web server tells open pages and apps that something changed, as server-sent events."""
