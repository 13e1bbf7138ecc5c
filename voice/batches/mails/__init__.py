"""Mails about batches."""
