"""Keep what providers say of the state of accounts on networks."""

from django.db import transaction
from django.utils import timezone

from campaigns.accounts.models import AccountStatus, NetworkAccount
from lad.notifier import WorkerNotifier
from lad.outbox.emission import emit


@transaction.atomic
def record(account: NetworkAccount, status: AccountStatus, reason: str = "") -> bool:
    """Keep the state of an account, and return whether it is another one than before.

    Emits ``campaigns.<account>.status_changed`` once for each change, and lets the senders look again when the account
    is active. ``reason`` is a sentence for users. Runs in the scope of the account's tenant.
    """
    rows = type(account)._default_manager.filter(pk=account.pk)
    before = rows.select_for_update(no_key=True).first()
    if before is None:
        return False
    values: dict[str, object] = {"status": status, "status_reason": reason, "last_verified_at": timezone.now()}
    if status == AccountStatus.ACTIVE:
        values |= {"failures": 0, "checkpoint": {}}
    changed = before.status != status
    if changed and status == AccountStatus.ACTIVE:
        # What happened meanwhile is read with the next poll.
        values["next_poll_at"] = None
    if not changed and status != AccountStatus.ACTIVE and not reason:
        # What is known of the trouble stays.
        del values["status_reason"]
    rows.update(**values)
    for name, value in values.items():
        setattr(account, name, value)
    if changed:
        emit(
            f"{account.event_name}.status_changed",
            aggregate=account,
            payload={"status": str(status), "was": str(before.status), "reason": reason},
        )
        if status == AccountStatus.ACTIVE:
            _wake_senders(account)
    return changed


def _wake_senders(account: NetworkAccount) -> None:
    task = "campaigns.send_linkedin" if account.message_column == "linkedin_account" else "campaigns.send_channel"
    WorkerNotifier(task).notify_on_commit()
