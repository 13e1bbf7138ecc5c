"""What campaigns achieved, kept as counts: triggers write each change, a worker folds the changes into the counts."""
