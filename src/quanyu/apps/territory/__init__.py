"""Divisions, places with household counts, barriers.

What is kept: ``models``. Counts: ``households``; kinds of places: ``kinds``; cells and neighbours: ``fabric``; the
map's background: ``tiles``; the demo's territories: ``samples``. Files come in through ``loading``, one module for
each kind of file (``divisions``, ``boundaries``, ``city``, ``households``, ``aliases``): ``files`` opens it safely,
``layers`` and ``tables`` read it, ``mapping`` finds its columns, ``survey`` and ``listing`` say what it means,
``faults`` what is wrong, ``storing`` keeps it, ``reports`` tells it; ``uploads`` are files handed in on a page.
"""
