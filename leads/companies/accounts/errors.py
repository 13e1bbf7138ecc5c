"""What looking for an account raises."""

from lad.errors import DomainError


class NoDirectory(DomainError):
    """No directory is connected. Connect an account, or ask LAD's operator for one."""

    code = "no_directory"
    status = 409
    title = "No directory is connected"
