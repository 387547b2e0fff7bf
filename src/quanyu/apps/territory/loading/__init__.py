"""Take files in as a whole: check first, then apply in one transaction, once."""
