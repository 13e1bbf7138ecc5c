"""The pages of sending accounts."""
