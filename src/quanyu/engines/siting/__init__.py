"""Choose sites: the fewest that cover all, the most that a few cover, the nearest on average, the nearest at worst.

Every answer comes with a bound that no choice can beat, counted in whole numbers from dual vectors kept with it.

The problems: ``covering``, ``maximal``, ``median``, ``center``; with ``capacities``. What they stand on: ``coverage``
(which site covers what), ``distances``, ``points`` (too many to write out), ``network`` (streets), ``cells``,
``checks``. Searches: ``cover_search``; ``most_search`` and ``apart_search`` for maximal covering, with ``most_core``,
``most_model``, ``most_parts``, ``benders`` and ``remaining``; ``median_search`` and ``points_search``;
``capacity_search``; all are a ``search`` (branch and bound) and start from ``reductions``. ``proof`` counts every
bound anew, ``result`` is what comes out, ``linear`` the door to HiGHS, ``warming`` compiles the loops of
``_kernels``.
"""

from quanyu.engines.siting.center import p_center
from quanyu.engines.siting.coverage import Cover, cover_by_distance, cover_by_matrix
from quanyu.engines.siting.covering import cover_all
from quanyu.engines.siting.distances import straight_distances
from quanyu.engines.siting.maximal import cover_most
from quanyu.engines.siting.median import p_median
from quanyu.engines.siting.network import Network, cover_by_network, network_distances, street_network
from quanyu.engines.siting.points import PointDistances, point_distances
from quanyu.engines.siting.proof import Evidence, Proof
from quanyu.engines.siting.result import Progress, Sentence, Siting
from quanyu.engines.siting.warming import warm

__all__ = [
    "Cover",
    "Evidence",
    "Network",
    "PointDistances",
    "Progress",
    "Proof",
    "Sentence",
    "Siting",
    "cover_all",
    "cover_by_distance",
    "cover_by_matrix",
    "cover_by_network",
    "cover_most",
    "network_distances",
    "p_center",
    "p_median",
    "point_distances",
    "straight_distances",
    "street_network",
    "warm",
]
