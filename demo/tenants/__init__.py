"""Demo data: three companies with people, invitations and features, made by the same services people use."""
