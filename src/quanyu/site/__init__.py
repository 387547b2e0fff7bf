"""The assembled Django site."""
