"""Quanyu: service grids, requests, policies, registers and programmes of a district."""

__version__ = "0.1.0"
