"""The hash-chained trail of every change."""
