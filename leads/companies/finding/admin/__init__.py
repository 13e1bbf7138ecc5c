"""The pages that find people."""
