"""Interfaces for programs: one package per standard or version."""
