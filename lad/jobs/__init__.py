"""Work that outlives a request: rows under a lease, and jobs that people start, watch and cancel."""
