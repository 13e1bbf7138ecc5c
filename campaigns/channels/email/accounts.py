"""TEMPORARY."""

from campaigns.accounts.models import EmailAccount


def choose_accounts(campaign, enrolment_ids):
    account = EmailAccount.objects.filter(is_active=True).exclude(smtp_host="").first()
    return dict.fromkeys(enrolment_ids, account.pk) if account else {}
