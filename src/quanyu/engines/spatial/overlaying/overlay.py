"""The overlay of several divisions of one territory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike

from quanyu.engines.arrays import (
    FloatArray,
    GeometryArray,
    IntArray,
    float_array,
    int_array,
    number,
    require_rows,
    whole_number,
)
from quanyu.engines.spatial.overlaying.faces import Faces, faces_of, locate
from quanyu.engines.spatial.overlaying.noding import Network, Snapping, node
from quanyu.engines.spatial.overlaying.outlines import outlines
from quanyu.engines.spatial.overlaying.pieces import Pieces, exchange, gather, number_rows
from quanyu.engines.spatial.overlaying.places import Doubled, Gap, LeftOut, connected
from quanyu.engines.spatial.rings import valid_rings_of
from quanyu.errors import BadValue, EmptyInput, InvalidInput, WrongType

MOST = 10**12


class NoPolygon(InvalidInput):
    """A polygon is to be redrawn that the layer does not have."""

    code = "no_such_polygon"
    template = "The layer has no polygon %(row)s to redraw; it has 0 to %(most)s."


class _Places:
    """Places with households, from west to east."""

    def __init__(self, xy: FloatArray, households: IntArray) -> None:
        self.xy, self.households = xy, households

    @cached_property
    def eastward(self) -> tuple[IntArray, FloatArray]:
        order = np.argsort(self.xy[:, 0], kind="stable")
        return order, self.xy[order, 0]

    def inside(self, frame: Any) -> _Places:
        west, south, east, north = frame.bounds
        order, x = self.eastward
        rows = order[np.searchsorted(x, west) : np.searchsorted(x, east, side="right")]
        rows = rows[(self.xy[rows, 1] >= south) & (self.xy[rows, 1] <= north)]
        return _Places(self.xy[rows], self.households[rows])


class _Arrangement(NamedTuple):
    network: Network
    faces: Faces
    labels: IntArray  # (f, n) of each face
    holders: dict[tuple[int, int], tuple[int, ...]]  # of each face and layer with several


class Overlay:
    """What n divisions of one territory cut it into; made by :func:`overlay`, never changed.

    Attributes
    ----------
    layers : n arrays of polygons
    pieces : the pieces with their area and households
    outside : households of places that no layer holds; None without places
    """

    def __init__(
        self, layers: Sequence[GeometryArray], tolerance_m: float, places: _Places | None = None, frames: int = 0
    ) -> None:
        """Keep the layers; :func:`overlay` checks them. The last ``frames`` of them snap to nothing."""
        self.layers = tuple(layers)
        self._tolerance, self._places, self._frames = tolerance_m, places, frames

    @cached_property
    def pieces(self) -> Pieces:
        """The pieces with their area and households, in the order of their labels."""
        network, faces, labels, _ = self._arrangement
        if self._places is None:
            return gather(labels, faces.area, None)
        held = self._placed(labels[locate(network, faces, self._places.xy)])
        there = self._places.households > 0
        return gather(
            np.concatenate([labels, held[there]]),
            np.concatenate([faces.area, np.zeros(int(there.sum()))]),
            np.concatenate([np.zeros(len(labels), dtype=np.int64), self._places.households[there]]),
        )

    @property
    def snapping(self) -> Snapping:
        """What bringing the borders together moved."""
        return self._arrangement.network.snapping

    @cached_property
    def outside(self) -> int | None:
        """Households of places that no layer holds; None without places."""
        if self._places is None or self.pieces.households is None:
            return None
        return int(self._places.households.sum() - self.pieces.households.sum())

    def polygons(self, rows: ArrayLike) -> GeometryArray:
        """Return the ground of some pieces.

        Parameters
        ----------
        rows : (k,) rows of the pieces

        Returns
        -------
        (k,) polygons and multipolygons; neighbours share their vertices. An empty polygon for a piece without area.
        """
        wanted = int_array("rows", rows, shape=(-1,), low=0, high=len(self.pieces) - 1)
        made = self._arrangement
        kind = number_rows(np.concatenate([made.labels, self.pieces.labels[wanted]]))[1]
        return outlines(made.network, made.faces.beside, kind[: len(made.labels)], kind[len(made.labels) :])

    def gaps(self) -> tuple[Gap, ...]:
        """Return the ground that each layer leaves out, largest first within a layer."""
        return tuple(gap for layer in range(len(self.layers)) for gap in self._gaps(layer))

    def left_out(self, within: int) -> tuple[LeftOut, ...]:
        """Return the ground of a layer that others leave out, each place once, most households first, then largest.

        Parameters
        ----------
        within : the layer whose ground counts, such as that of the communities

        Raises
        ------
        BadValue
            There is no such layer.
        """
        within = whole_number("within", within, low=0, high=len(self.layers) - 1)
        network, faces, labels, _ = self._arrangement
        lacks = labels < 0
        inside, lacks[:, within] = ~lacks[:, within], False
        first, kind = number_rows(lacks.astype(np.int64))
        group = np.full(len(labels), -1, dtype=np.int64)
        for same in np.unique(kind[inside & lacks.any(axis=1)]).tolist():
            # Of ground that lies side by side, each part that others leave out is a place of its own.
            part = connected(faces, inside & (kind == same))
            group = np.where(part >= 0, part + same * len(labels), group)
        counted: dict[int, int] = {}
        if self._places is not None:
            face = locate(network, faces, self._places.xy)
            # On an outer border a polygon beside the ground has the place.
            lost = ((self._placed(labels[face]) < 0) == lacks[face]).all(axis=1)
            for at, households in zip(group[face[lost]].tolist(), self._places.households[lost], strict=True):
                counted[at] = counted.get(at, 0) + int(households)
        found = [
            LeftOut(
                tuple(np.flatnonzero(lacks[first[at // len(labels)]]).tolist()), area,
                None if self._places is None else counted.get(at, 0), x, y,
            )
            for area, (x, y), at in self._grounds(group)
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda each: -(each.households or 0)))

    def doubled(self) -> tuple[Doubled, ...]:
        """Return the ground that several polygons of a layer claim, largest first within a layer."""
        return tuple(each for layer in range(len(self.layers)) for each in self._doubled(layer))

    def redrawn(self, layer: int, polygons: Mapping[int, Any]) -> Overlay:
        """Return the overlay with some polygons of a layer redrawn; only the ground around them is cut again.

        Parameters
        ----------
        layer : which
        polygons : the new polygon of each row that changes

        Raises
        ------
        NoPolygon, NotPolygon, InvalidPolygon, WrongType, OutOfRange, BadValue
            The message names the row; or there is no such layer.
        """
        layer = whole_number("layer", layer, low=0, high=len(self.layers) - 1)
        if not isinstance(polygons, Mapping):
            raise WrongType(name="polygons", got=f"a {type(polygons).__name__}", expected="a polygon for each row")
        rows = np.sort(int_array("the rows of polygons", list(polygons), shape=(-1,)))
        changed = self.layers[layer].copy()
        if len(rows) and not 0 <= rows[0] <= rows[-1] < len(changed):
            raise NoPolygon(row=int(rows[0] if rows[0] < 0 else rows[-1]), most=len(changed) - 1)
        if not len(rows):
            return self
        changed[rows] = [polygons[row] for row in rows.tolist()]
        _check(changed[rows], rows)
        layers = [changed if at == layer else shapes for at, shapes in enumerate(self.layers)]
        frame = shapely.box(*shapely.total_bounds(np.concatenate([changed[rows], self.layers[layer][rows]])))
        around = shapely.buffer(frame, 2 * self._tolerance, join_style="mitre")
        near = [np.sort(tree.query(around)) for tree in self._trees]
        near[layer] = np.union1d(near[layer], rows)
        places = None if self._places is None else self._places.inside(frame)
        before, after = (_inside(frame, each, near, self._tolerance, places) for each in (self.layers, layers))
        result = Overlay(layers, self._tolerance, self._places)
        whole = np.isin(self.pieces.labels[:, layer], rows)
        result.pieces = exchange(self.pieces, before, after, whole)
        result._trees = [*self._trees[:layer], shapely.STRtree(changed), *self._trees[layer + 1 :]]
        return result

    @cached_property
    def _arrangement(self) -> _Arrangement:
        layer_of = np.repeat(np.arange(len(self.layers)), [len(shapes) for shapes in self.layers])
        network = node(self.layers, _names(len(self.layers)), self._tolerance, len(self.layers) - self._frames)
        faces = faces_of(network, layer_of, len(self.layers))
        first = np.cumsum([0, *(len(shapes) for shapes in self.layers[:-1])])
        labels = np.where(faces.polygon >= 0, faces.polygon - first, -1)
        holders = {}
        for layer in range(len(self.layers)):
            # Held by several; or, where snapping folded a polygon over, by none that its borders would tell.
            unclear = np.flatnonzero(faces.unclear[:, layer])
            if not len(unclear):
                continue
            for face, held in zip(unclear.tolist(), self._holding(network, faces, layer, unclear), strict=True):
                labels[face, layer] = held[0] if held else -1
                if len(held) > 1:
                    holders[face, layer] = held
        return _Arrangement(network, faces, labels, holders)

    @cached_property
    def _trees(self) -> list[shapely.STRtree]:
        return [shapely.STRtree(shapes) for shapes in self.layers]

    def _placed(self, labels: IntArray) -> IntArray:
        """Return the polygons of places by those of their faces: what a layer has nothing on goes to its first polygon
        that the place touches, so that nobody is lost on the outer border, as with a locator."""
        assert self._places is not None  # noqa: S101 asked only with places
        labels = labels.copy()
        for layer, column in enumerate(labels.T):
            lost = np.flatnonzero(column < 0)
            if len(lost):
                points = shapely.points(self._places.xy[lost])
                place, polygon = self._trees[layer].query(points, predicate="intersects")
                first = np.full(len(lost), len(self.layers[layer]))
                np.minimum.at(first, place, polygon)
                column[lost] = np.where(first < len(self.layers[layer]), first, -1)
        return labels

    def _holding(self, network: Network, faces: Faces, layer: int, chosen: IntArray) -> list[tuple[int, ...]]:
        """Return the polygons of a layer that hold each of some faces."""
        inner = shapely.point_on_surface(outlines(network, faces.beside, np.arange(len(faces.area)), chosen))
        face, polygon = self._trees[layer].query(inner, predicate="intersects")
        return [tuple(np.sort(polygon[face == at]).tolist()) for at in range(len(chosen))]

    def _gaps(self, layer: int) -> Iterator[Gap]:
        made = self._arrangement
        bare = made.labels[:, layer] < 0
        group = connected(made.faces, bare)
        beyond = group == group[0]
        claimed = beyond & (made.labels >= 0).any(axis=1)
        for group_of_face, enclosed in ((np.where(beyond, -1, group), True), (connected(made.faces, claimed), False)):
            for area, (x, y), _ in self._grounds(group_of_face):
                yield Gap(layer, area, x, y, enclosed)

    def _doubled(self, layer: int) -> Iterator[Doubled]:
        made = self._arrangement
        several = sorted({held for (_, at), held in made.holders.items() if at == layer})
        number = {held: at for at, held in enumerate(several)}
        group = np.full(len(made.labels), -1, dtype=np.int64)
        for (face, at), held in made.holders.items():
            if at == layer:
                group[face] = number[held]
        for area, (x, y), at in self._grounds(group):
            yield Doubled(layer, several[at], area, x, y)

    def _grounds(self, group: IntArray) -> list[tuple[float, tuple[float, float], int]]:
        """Return the area of each group of faces, a point in its largest face, and its number, the largest first."""
        made = self._arrangement
        chosen = np.flatnonzero(group >= 0)
        if not len(chosen):
            return []
        chosen = chosen[np.lexsort((-made.faces.area[chosen], group[chosen]))]
        numbers, first = np.unique(group[chosen], return_index=True)
        area = np.add.reduceat(made.faces.area[chosen], first)
        largest = outlines(made.network, made.faces.beside, np.arange(len(group)), chosen[first])
        inner = shapely.get_coordinates(shapely.point_on_surface(largest)).tolist()
        order = np.argsort(-area, kind="stable").tolist()
        return [(float(area[at]), (inner[at][0], inner[at][1]), int(numbers[at])) for at in order]


def overlay(
    layers: Sequence[GeometryArray],
    *,
    tolerance_m: float = 0.0,
    places: ArrayLike | None = None,
    households: ArrayLike | None = None,
) -> Overlay:
    """Cut a territory into the pieces that have one polygon of every layer.

    All borders are split where they meet; then the faces between them are followed from outside in, and every face
    takes the polygons whose borders were crossed. Areas are those of Green's theorem. Polygons of pieces are built
    when they are asked for.

    Parameters
    ----------
    layers : at least one array of polygons and multipolygons, in metres
        Polygons of a layer should not overlap, nor leave gaps: where they do, the first one counts, and
        :meth:`Overlay.doubled` and :meth:`Overlay.gaps` tell where.
    tolerance_m : borders this near to those of an earlier layer are laid onto them; with 0, none are
        What coincides to a micrometre is one border in any case.
    places : (k, 2) x and y of places with households, such as buildings
    households : (k,) of each place; one each if not given

    Raises
    ------
    EmptyInput, NotPolygon, InvalidPolygon, NotFinite, CoordinateTooLarge, WrongShape, OutOfRange, BadValue
        The message names the first bad row.

    References
    ----------
    Hobby, "Practical segment intersection with finite precision output", Computational Geometry 13 (1999): borders are
    split on a lattice of a micrometre.

    Examples
    --------
    >>> left_right = shapely.box([0, 1], 0, [1, 2], 2)
    >>> low_high = shapely.box(0, [0, 1], 2, [1, 2])
    >>> cut = overlay([left_right, low_high], places=[[0.5, 0.5], [1.5, 1.7]], households=[30, 12])
    >>> cut.pieces.labels.tolist(), cut.pieces.area_m2.tolist(), cut.pieces.households.tolist()
    ([[0, 0], [0, 1], [1, 0], [1, 1]], [1.0, 1.0, 1.0, 1.0], [30, 0, 0, 12])
    """
    if layers is None or not len(layers):
        raise EmptyInput(name="layers")
    shapes = [np.atleast_1d(np.asarray(each, dtype=object)) for each in layers]
    number("tolerance_m", tolerance_m, low=0.0)
    for name, each in zip(_names(len(shapes)), shapes, strict=True):
        require_rows(name, each)
    if places is None and households is not None:
        raise BadValue(name="households", value="given", allowed="given with places only")
    counted = None
    if places is not None:
        xy = float_array("places", places, shape=(-1, 2))
        each_one = np.ones(len(xy), dtype=np.int64) if households is None else households
        counted = _Places(xy, int_array("households", each_one, shape=(len(xy),), low=0, high=MOST))
    made = Overlay(shapes, tolerance_m, counted)
    made.pieces  # noqa: B018 — what is wrong with the polygons is told now, not at the first question
    return made


def _inside(
    frame: Any, layers: Sequence[GeometryArray], near: list[IntArray], tolerance_m: float, places: _Places | None
) -> Pieces:
    """Return the pieces of the ground inside a rectangle, which only the rows ``near`` of each layer meet."""
    chosen = [shapes[rows] for shapes, rows in zip(layers, near, strict=True)]
    part = Overlay([*chosen, np.array([frame], dtype=object)], tolerance_m, places, frames=1).pieces
    kept = part.labels[:, -1] == 0
    labels = np.stack(
        [
            np.where(column >= 0, np.append(rows, -1)[column], -1)
            for column, rows in zip(part.labels[kept].T, near, strict=False)
        ],
        axis=1,
    )
    return gather(labels, part.area_m2[kept], None if part.households is None else part.households[kept])


def warm() -> None:
    """Compile what overlaying needs, so that nobody waits for it later."""
    whole, halves = [shapely.box(0, 0, 4, 4)], [shapely.box(0, 0, 2, 4), shapely.box(2, 0, 4, 4)]
    islands = [shapely.box(1, 1, 1.5, 3), shapely.box(3, 1, 3.5, 3)]
    cut = overlay([np.array(each, dtype=object) for each in (whole, halves, islands)], places=[[1.0, 1.0]])
    cut.polygons(np.arange(len(cut.pieces)))


def _names(count: int) -> list[str]:
    return [f"layers[{layer}]" for layer in range(count)]


def _check(polygons: GeometryArray, rows: IntArray) -> None:
    """Refuse polygons that cannot be overlaid, by their rows."""
    try:
        valid_rings_of("polygons", polygons)
    except InvalidInput as error:
        raise type(error)(**{**error.params, "row": int(rows[error.params["row"]])}) from error
