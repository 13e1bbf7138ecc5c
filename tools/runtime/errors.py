"""Errors while LAD starts. Each message says what happened and what to do next."""


class StartupError(Exception):
    """LAD cannot start or continue. The message is for the user at the terminal."""


class AlreadyRunning(StartupError):
    """Another process has locked the state directory."""
