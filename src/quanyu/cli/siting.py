"""The verb ``site``: choose sites from files. It needs no database."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from quanyu.errors import BrokenFile, EmptyInput, MissingColumn, UnreadableCell

if TYPE_CHECKING:
    from quanyu.engines.arrays import FloatArray, IntArray
    from quanyu.engines.siting import Siting

file_argument = click.Path(exists=True, dir_okay=False, allow_dash=True)
METRES, DEGREES = ("x", "y"), ("lon", "lat")


@click.group()
def site() -> None:
    """Choose sites from files, with a proof of how good they are."""


def _search_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="For programs."),
        click.option("--seed", default=0, show_default=True),
        click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Stop the search after so long."),
    ):
        command = option(command)
    return command


@site.command("p-median")
@click.argument("file", type=file_argument)
@click.option("--format", "kind", type=click.Choice(["orlib"]), default="orlib", show_default=True)
@click.option("--p", type=int, help="Number of sites; default the file's.")
@_search_options
@click.pass_context
def median(
    ctx: click.Context, file: str, kind: str, p: int | None, seconds: float | None, seed: int, as_json: bool
) -> None:  # fmt: skip
    """Find the p nodes of the graph in FILE nearest to all others on average."""
    from quanyu.engines.siting import p_median

    distances, count = read_orlib(file)
    _report(ctx, p_median(distances, p=count if p is None else p, seconds=seconds, seed=seed), as_json, first=1)


@site.command("p-center")
@click.argument("file", type=file_argument)
@click.option("--format", "kind", type=click.Choice(["orlib"]), default="orlib", show_default=True)
@click.option("--p", type=int, help="Number of sites; default the file's.")
@_search_options
@click.pass_context
def center(
    ctx: click.Context, file: str, kind: str, p: int | None, seconds: float | None, seed: int, as_json: bool
) -> None:  # fmt: skip
    """Find the p nodes of the graph in FILE that keep the farthest node nearest."""
    from quanyu.engines.siting import p_center

    distances, count = read_orlib(file)
    _report(ctx, p_center(distances, p=count if p is None else p, seconds=seconds, seed=seed), as_json, first=1)


@site.command("cover-all")
@click.option("--sites", type=file_argument, required=True, help="CSV with x, y (metres) or lon, lat; cost, capacity.")
@click.option("--demand", type=file_argument, required=True, help="CSV with x, y (metres) or lon, lat; weight.")
@click.option("--radius", type=float, required=True, help="Metres in a straight line.")
@_search_options
@click.pass_context
def all_covered(
    ctx: click.Context, sites: str, demand: str, radius: float, seconds: float | None, seed: int, as_json: bool
) -> None:  # fmt: skip
    """Find the fewest (or cheapest) sites that cover every demand."""
    from quanyu.engines.siting import cover_all, cover_by_distance

    places, needs = Table(sites), Table(demand)
    cover = cover_by_distance(*_metres(needs, places), radius)
    capacities = places.whole("capacity") if "capacity" in places.columns else None
    answer = cover_all(
        cover, costs=places.whole("cost", default=1), weights=needs.whole("weight", default=1), capacities=capacities,
        seconds=seconds, seed=seed,
    )  # fmt: skip
    _report(ctx, answer, as_json, names=places, needs=needs)


@site.command("cover-most")
@click.option("--sites", type=file_argument, required=True, help="CSV with x, y (metres) or lon, lat; cost, existing.")
@click.option("--demand", type=file_argument, required=True, help="CSV with x, y (metres) or lon, lat; weight.")
@click.option("--radius", type=float, required=True, help="Metres in a straight line.")
@click.option("--p", type=int, help="Number of new sites.")
@click.option("--budget", type=int, help="What the new sites may cost together.")
@_search_options
@click.pass_context
def most_covered(
    ctx: click.Context, sites: str, demand: str, radius: float, p: int | None, budget: int | None,
    seconds: float | None, seed: int, as_json: bool,
) -> None:  # fmt: skip
    """Find the sites that cover the most weight, by number or by budget."""
    from quanyu.engines.siting import cover_by_distance, cover_most

    places, needs = Table(sites), Table(demand)
    stands = [row for row, value in enumerate(places.whole("existing", default=0)) if value]
    answer = cover_most(
        cover_by_distance(*_metres(needs, places), radius), needs.whole("weight", default=1), p=p, budget=budget,
        costs=places.whole("cost", default=1), existing=stands, seconds=seconds, seed=seed,
    )  # fmt: skip
    _report(ctx, answer, as_json, names=places, needs=needs)


class Table:
    """A CSV file with named columns; row 1 is the first below the names."""

    def __init__(self, file: str) -> None:
        self.file = file
        with _opened(file) as stream:
            lines = csv.DictReader(stream)
            self.columns = [name.strip() for name in lines.fieldnames or []]
            lines.fieldnames = self.columns
            self.rows = list(lines)
        if not self.rows:
            raise EmptyInput(name=file)

    def whole(self, column: str, *, default: int | None = None) -> IntArray:
        """Return a column of whole numbers of 0 or more; ``default`` where the file has no such column."""
        import numpy as np

        if column not in self.columns and default is not None:
            return np.full(len(self.rows), default, dtype=np.int64)
        return np.array([self._cell(row, column, int, "a whole number of 0 or more") for row in range(len(self.rows))])

    def points(self, columns: tuple[str, str]) -> FloatArray:
        import numpy as np

        rows = range(len(self.rows))
        return np.array([[self._cell(row, name, float, "a number") for name in columns] for row in rows])

    def name(self, row: int) -> str | int:
        """Return the ``id`` of a row, its number from 1 where there is none."""
        return self.rows[row]["id"] if "id" in self.columns else row + 1

    def _cell(self, row: int, column: str, kind: type[int] | type[float], expected: str) -> float:
        if column not in self.columns:
            raise MissingColumn(file=self.file, column=column, value=", ".join(self.columns))
        text = (self.rows[row][column] or "").strip()
        fault = partial(UnreadableCell, file=self.file, row=row + 1, column=column, value=text, expected=expected)
        try:
            value = kind(text)
        except ValueError:
            raise fault() from None
        if value != value or abs(value) == float("inf") or (kind is int and not 0 <= value < 2**53):
            raise fault()
        return value


def _metres(needs: Table, places: Table) -> tuple[FloatArray, FloatArray]:
    """Return the places of demands and sites in metres; degrees are projected, both alike."""
    if all(set(DEGREES) <= set(table.columns) and not set(METRES) <= set(table.columns) for table in (needs, places)):
        import numpy as np
        import shapely

        from quanyu.engines.spatial import metric_projection, project

        both = np.concatenate([needs.points(DEGREES), places.points(DEGREES)])
        projection = metric_projection(*both.min(axis=0), *both.max(axis=0))
        flat = shapely.get_coordinates(project(shapely.points(both), projection))
        return flat[: len(needs.rows)], flat[len(needs.rows) :]
    return needs.points(METRES), places.points(METRES)


def read_orlib(file: str) -> tuple[IntArray, int]:
    """Return the shortest ways between all nodes of an OR-Library p-median file, and its p.

    The first line is ``nodes edges p``, then ``node node cost`` for each edge; a repeated edge takes its last cost.
    """
    import numpy as np
    from scipy import sparse

    from quanyu.engines.siting import network_distances

    with _opened(file) as stream:
        lines = [(number, line.split()) for number, line in enumerate(stream, 1) if line.strip()]
    if not lines:
        raise EmptyInput(name=file)
    size, edges, p = _numbers(file, *lines[0], "three whole numbers: nodes, edges, p")
    if len(lines) - 1 != edges:
        raise BrokenFile(
            file=file, row=1, value=f"{edges} edges are stated, {len(lines) - 1} follow", expected="as many"
        )
    cost: dict[tuple[int, int], int] = {}
    for number, words in lines[1:]:
        one, other, length = _numbers(file, number, words, "three whole numbers: node, node, cost")
        if not (1 <= one <= size and 1 <= other <= size):
            raise BrokenFile(file=file, row=number, value=" ".join(words), expected=f"nodes from 1 to {size}")
        cost[min(one, other) - 1, max(one, other) - 1] = length
    pairs = np.array(list(cost), dtype=np.int64).reshape(-1, 2)
    lengths = np.array(list(cost.values()), dtype=np.float64)
    graph = sparse.csr_array((np.tile(lengths, 2), (pairs.T.ravel(), pairs[:, ::-1].T.ravel())), shape=(size, size))
    every = np.arange(size)
    return network_distances(graph, every, every), p


def _numbers(file: str, row: int, words: list[str], expected: str) -> tuple[int, int, int]:
    if len(words) != 3 or not all(word.isdecimal() for word in words):
        raise BrokenFile(file=file, row=row, value=" ".join(words), expected=expected)
    return int(words[0]), int(words[1]), int(words[2])


@contextmanager
def _opened(file: str) -> Iterator[TextIO]:
    if file == "-":
        yield sys.stdin
        return
    with Path(file).open(encoding="utf-8-sig", newline="") as stream:
        try:
            yield stream
        except UnicodeDecodeError as error:
            raise BrokenFile(file=file, row="-", value="the text is not UTF-8", expected="a UTF-8 text file") from error


def _report(
    ctx: click.Context, answer: Siting, as_json: bool, *, names: Table | None = None, needs: Table | None = None,
    first: int = 0,
) -> None:  # fmt: skip
    """Write an answer; exit with 1 where it is not proven best or leaves out what should be covered."""

    def called(table: Table | None, rows: Any) -> list[str | int]:
        return [table.name(int(row)) if table else int(row) + first for row in rows]

    figures = {
        "problem": answer.problem,
        "value": answer.value,
        "bound": answer.bound,
        "gap": answer.gap,
        "proven": answer.is_proven,
        "sites": called(names, answer.sites),
        "assignment": [called(names, [row])[0] if row >= 0 else None for row in answer.assignment],
        "uncovered": called(needs, answer.uncovered),
        "unreachable": called(needs, answer.unreachable),
        "certificate": str(answer.certificate),
        "steps": answer.steps,
        "seconds": round(answer.seconds, 3),
        "stopped": answer.stopped,
    }
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False))
    else:
        click.echo(figures["certificate"])
        click.echo("Sites: " + " ".join(str(name) for name in called(names, answer.sites)))
        if len(answer.unreachable):
            out = " ".join(str(name) for name in called(needs, answer.unreachable))
            click.echo(f"No site reaches {len(answer.unreachable)} demands: {out}", err=True)
    left_out = answer.uncovered if answer.problem == "cover_all" else answer.unreachable[:0]
    ctx.exit(1 if len(left_out) or not answer.is_proven else 0)
