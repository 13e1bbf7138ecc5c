"""Why a session may not go on without a second factor, and why one is refused."""

from lad.errors import Conflict, Invalid, NotAuthenticated, Throttled


class SecondFactorRequired(NotAuthenticated):
    """Enter the code of your authenticator app as well."""

    code = "second_factor_required"
    continue_at = "admin:second_factor"


class SecondFactorNotSetUp(NotAuthenticated):
    """Your account needs a second factor: set up an authenticator app first."""

    code = "second_factor_not_set_up"
    continue_at = "admin:second_factor_set_up"


class WrongCode(Invalid):
    """This code is not right, or it was used before."""

    code = "wrong_code"


class CodesLocked(Throttled):
    """Too many wrong codes; wait a little."""

    code = "codes_locked"


class AppEnrolled(Conflict):
    """You have an authenticator app already: remove it first."""

    code = "app_enrolled"


class PasskeyRefused(Invalid):
    """This passkey was not accepted. Try again, or use a code."""

    code = "passkey_refused"
