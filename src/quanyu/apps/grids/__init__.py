"""Networks, plans, grids, planning runs, locating."""
