"""Divisions, places with household counts, barriers."""
