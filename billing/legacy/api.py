"""The billing domain in the API: read here, moved by services."""

from billing.legacy.models import CreditTransaction, UserCredit
from lad.api import router

router.register(
    CreditTransaction,
    area="billing",
    methods=router.READ,
    filters=["user", "user_credit", "created_at"],
)


router.register(
    UserCredit,
    area="billing",
    methods=router.READ,
    filters=["user", "created_at"],
    includes={"transactions": CreditTransaction},
)
