"""Pure computation: arrays, geometries and tables in and out; no Django, no I/O."""
