"""The domains, one Django app each; an app imports only those before it in the order of the design."""
