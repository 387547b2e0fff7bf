"""Array types and their checks, shared by every engine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import ArrayLike, NDArray

from quanyu.errors import BadValue, EmptyInput, NotFinite, OutOfRange, WrongShape, WrongType

type_names = {"i": "integers", "u": "integers", "f": "decimal numbers", "b": "true/false", "O": "objects", "U": "text"}

NUMBERS = (int, float, np.integer, np.floating)

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]
BoolArray = NDArray[np.bool_]
GeometryArray = NDArray[np.object_]


def any_array(name: str, values: Any, *, expected: str) -> NDArray[Any]:
    """Return ``values`` as an array of whatever they are, but for rows of different lengths, which are none."""
    try:
        return np.asarray(values)
    except ValueError as error:
        raise WrongType(name=name, got="rows of different lengths", expected=expected) from error


def float_array(
    name: str, values: ArrayLike, *, shape: tuple[int, ...] | None = None, low: float | None = None
) -> FloatArray:
    """Return ``values`` as float64, finite, of ``shape`` (−1 is any length) and not below ``low``.

    Raises
    ------
    WrongType, WrongShape, NotFinite, OutOfRange
        The message names the array and the first bad row.
    """
    array = any_array(name, values, expected="decimal numbers")
    if array.dtype.kind not in "iuf":
        raise WrongType(name=name, got=type_names.get(array.dtype.kind, str(array.dtype)), expected="decimal numbers")
    result = array.astype(np.float64, copy=False)
    _check_shape(name, result, shape)
    finite = np.isfinite(result)
    if not finite.all():
        raise NotFinite(name=name, **first_bad(~finite, result))
    if low is not None and (result < low).any():
        raise OutOfRange(name=name, allowed=f"at least {low:g}", **first_bad(result < low, result))
    return result


def int_array(
    name: str,
    values: ArrayLike,
    *,
    shape: tuple[int, ...] | None = None,
    low: int | None = None,
    high: int | None = None,
) -> IntArray:
    """Return ``values`` as int64 of ``shape`` (−1 is any length) within [low, high].

    Whole decimal numbers (``3.0``) are taken; fractions and NaN are refused.

    Raises
    ------
    WrongType, WrongShape, NotFinite, OutOfRange
        The message names the array and the first bad row.
    """
    array = any_array(name, values, expected="integers")
    if array.dtype.kind == "f":
        finite = np.isfinite(array)
        if not finite.all():
            raise NotFinite(name=name, **first_bad(~finite, array))
        if (array != np.floor(array)).any():
            raise OutOfRange(name=name, allowed="whole numbers", **first_bad(array != np.floor(array), array))
    elif array.dtype.kind not in "iub":
        raise WrongType(name=name, got=type_names.get(array.dtype.kind, str(array.dtype)), expected="integers")
    if array.dtype.kind in "uf" and (beyond := abs(array) >= 2**63).any():
        raise OutOfRange(name=name, allowed="whole numbers of 64 bits", **first_bad(beyond, array))
    result = array.astype(np.int64, copy=False)
    _check_shape(name, result, shape)
    if low is not None and (result < low).any():
        raise OutOfRange(name=name, allowed=f"at least {low}", **first_bad(result < low, result))
    if high is not None and (result > high).any():
        raise OutOfRange(name=name, allowed=f"at most {high}", **first_bad(result > high, result))
    return result


def bool_array(name: str, values: ArrayLike, *, shape: tuple[int, ...] | None = None) -> BoolArray:
    """Return ``values`` as true/false of ``shape`` (−1 is any length); 1 and 0 are taken for them.

    Raises
    ------
    WrongType, WrongShape, OutOfRange
        The message names the array and the first bad row. NaN is neither true nor false, and text is no flag.
    """
    array = any_array(name, values, expected="true/false")
    if array.dtype.kind not in "biuf":
        raise WrongType(name=name, got=type_names.get(array.dtype.kind, str(array.dtype)), expected="true/false")
    _check_shape(name, array, shape)
    unclear = (array != 0) & (array != 1)
    if unclear.any():
        raise OutOfRange(name=name, allowed="true or false, or 1 or 0", **first_bad(unclear, array))
    return array.astype(np.bool_, copy=False)


def csr_array(name: str, matrix: Any, *, expected: str = "decimal numbers") -> sparse.csr_array:
    """Return a matrix, sparse or dense, as float64 in compressed rows; what they hold is not looked at.

    Raises
    ------
    WrongType, WrongShape
        There are not two dimensions, or no numbers.
    """
    entries: Any = matrix if sparse.issparse(matrix) else any_array(name, matrix, expected=expected)
    if entries.dtype.kind not in "biuf":
        raise WrongType(name=name, got=type_names.get(entries.dtype.kind, str(entries.dtype)), expected=expected)
    if entries.ndim != 2:
        raise WrongShape(name=name, got=entries.shape, expected=("n", "m"))
    return sparse.csr_array(entries, dtype=np.float64)


def number(name: str, value: Any, *, low: float, high: float = math.inf) -> float:
    """Return a single finite number within [low, high].

    Raises
    ------
    BadValue
        Naming the argument, its value and what is allowed.
    """
    allowed = f"a number of at least {low:g}" if high == math.inf else f"a number from {low:g} to {high:g}"
    if not isinstance(value, NUMBERS) or not math.isfinite(value) or not low <= value <= high:
        raise BadValue(name=name, value=value, allowed=allowed)
    return float(value)


def whole_number(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Return a single whole number within [low, high]; ``3.0`` is one.

    Raises
    ------
    BadValue
        Naming the argument, its value and what is allowed.
    """
    fits = isinstance(value, NUMBERS) and math.isfinite(value) and value == int(value) and value >= low
    if not fits or (high is not None and value > high):
        allowed = f"a whole number of at least {low}" if high is None else f"a whole number from {low} to {high}"
        raise BadValue(name=name, value=value, allowed=allowed)
    return int(value)


def require_rows(name: str, array: NDArray[Any]) -> None:
    """Refuse an array without rows."""
    if array.shape[:1] == (0,):
        raise EmptyInput(name=name)


def _check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...] | None) -> None:
    if shape is None:
        return
    fits = array.ndim == len(shape) and all(want in (-1, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits:
        raise WrongShape(name=name, got=array.shape, expected=tuple("n" if want == -1 else want for want in shape))


def first_bad(bad: NDArray[np.bool_], array: NDArray[Any]) -> dict[str, Any]:
    """Return the ``row`` of the first bad entry, "row, column" in a table, and its ``value``, as errors name them."""
    index = tuple(int(i) for i in np.argwhere(bad)[0])
    return {"row": index[0] if len(index) == 1 else ", ".join(map(str, index)), "value": array[index].item()}
