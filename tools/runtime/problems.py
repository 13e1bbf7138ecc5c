"""What can go wrong while LAD starts, said in one sentence with what to do next."""


class RuntimeProblem(Exception):
    """LAD cannot start or go on; the message is meant for the person at the terminal."""


class AlreadyRunning(RuntimeProblem):
    """Another process holds the state directory."""
