"""Pages of lead files: the import, and the rows that wait for a job."""
