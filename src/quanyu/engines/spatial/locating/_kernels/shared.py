"""What the kernels work on, the codes they share, and their tolerances."""

from __future__ import annotations

from typing import NamedTuple

from quanyu.engines.arrays import FloatArray, Int32Array, IntArray

# A code is a polygon (0 and above), or one of these; below them `-3 - code` is twice the number of a node, plus one
# if it is a raster.
OUTSIDE = -1
DOUBT = -2
FIRST = -3

# In units of the cell at hand. A point nearer than BAND to a line is in doubt; lines are kept in single precision and
# lie within BAND / 8 of the edge they stand for. An edge is entered in every cell that it meets or passes by PAD.
BAND = 1e-6
PAD = 1e-7
# A raster is divided no finer than this over the whole extent, so that rounding stays below PAD / 10 of a cell.
FINEST = 2.0**24
# A cell with more edges gets a raster of its own while the budget lasts.
CROWD = 8
# Beyond so many edges a cell is not divided by lines, and its points are all asked exactly.
MOST_LINES = 128


class Edges(NamedTuple):
    """The distinct edges, each from its lower-left end (by x, then y) to the other; left is above, right is below.

    ``ends`` holds x1, y1, x2, y2 of each; ``sides`` the polygon on the left and on the right, −1 for none.
    """

    ends: FloatArray
    sides: Int32Array


class Frame(NamedTuple):
    """The outermost raster: its lower-left corner and the size of a cell."""

    x0: float
    y0: float
    width: float
    height: float
    columns: int
    rows: int


class Hot(NamedTuple):
    """What nearly every query reads: codes of all rasters, ``rasters`` (columns, rows, first code), and the lines.

    A line takes five words of four bytes: a, b, c as floats (``a·u + b·v + c > 0`` is its left), and the codes on its
    left and on its right. ``line`` and ``side`` are the same memory, read as float32 and as int32.
    """

    codes: Int32Array
    rasters: IntArray
    line: FloatArray
    side: Int32Array


class Cold(NamedTuple):
    """What a point in doubt reads: for each leaf its first line, its edges, its corner, and who holds the corner."""

    first_line: Int32Array
    first_edge: IntArray
    edges: Int32Array
    corner: FloatArray
    first_held: IntArray
    held: Int32Array


class Tree(NamedTuple):
    """A packed tree of boxes over the edges with one polygon; level 0 has one box for each ``LEAF`` edges in order."""

    edges: Int32Array
    boxes: FloatArray
    first: IntArray
