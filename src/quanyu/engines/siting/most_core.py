"""Maximal covering as a proof sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quanyu.engines.arrays import IntArray
from quanyu.engines.siting import _kernels
from quanyu.engines.siting.coverage import Cover
from quanyu.engines.siting.proof import Rule
from quanyu.engines.siting.remaining import SHARE


@dataclass(frozen=True)
class MostCore:
    """Maximal covering as a proof sees it: the weight left uncovered is least.

    A dual is the share of each row's weight (0 to ``SHARE``) that its sites are paid for covering it.
    """

    cover: Cover
    weight: IntArray
    limit: Rule

    @property
    def sites(self) -> int:
        return self.cover.sites

    @property
    def rule(self) -> Rule:
        return self.limit

    def price(self, dual: IntArray, scale: int) -> tuple[int, IntArray]:
        value = self.weight * (np.clip(dual, 0, SHARE) * (scale // SHARE))
        return int(value.sum()), -_kernels.sum_by_site(self.cover.indptr, self.cover.indices, value, self.sites)
