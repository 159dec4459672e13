"""The cheapest set of locations: branch and bound, best bound first.

A node settles some candidates (they send, or they do not) and leaves the others open. Its bound says what no plan
below it can undercut; the locations its prices pay for give a real plan, and the best of those so far is the incumbent.
Nodes whose bound reaches the incumbent are done with.

With few candidates the search always runs to its end: then the plan is the cheapest there is. With more it stops after
a number of nodes, and the smallest bound still open is the proof of how far from the cheapest it can be at most.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from ordna.core.routing.bound import lower_bound
from ordna.core.routing.instance import Instance
from ordna.core.routing.serve import Served, serve

#: Up to so many candidates the search never stops early.
EXACT_MAX = 8
NODES_MAX = 400


@dataclass(frozen=True, slots=True)
class Found:
    """The best way found, and a proved lower bound of all ways, both scaled. `exact`: there is none cheaper."""

    served: Served
    bound: int
    exact: bool


def search(order: Instance, *, nodes_max: int = NODES_MAX) -> Found:
    """The cheapest way to send an order. With at most EXACT_MAX candidates `nodes_max` is not looked at."""
    tree = _Tree(order)
    endless = len(order.candidates) <= EXACT_MAX
    nodes = 1
    while tree.open and tree.open[0][0] < tree.best.cost and (endless or nodes < nodes_max):
        _, senders, undecided, branch = heapq.heappop(tree.open)
        tree.look(senders | branch, undecided & ~branch)
        tree.look(senders, undecided & ~branch)
        nodes += 2
    bound = min(tree.best.cost, tree.loose, tree.open[0][0] if tree.open else tree.best.cost)
    return Found(tree.best, bound, bound == tree.best.cost)


class _Tree:
    """The nodes not yet branched, and the best plan met. `loose`: the least bound of a leaf that could not be served
    exactly."""

    def __init__(self, order: Instance) -> None:
        self.order = order
        #: (bound, senders, undecided, the candidate to settle next)
        self.open: list[tuple[int, int, int, int]] = []
        self.served: dict[int, Served] = {}
        everyone = (1 << len(order.candidates)) - 1
        self.best = self.thinned(self.serve(everyone))
        self.loose = self.best.cost
        self.look(0, everyone, thin=True)

    def look(self, senders: int, undecided: int, *, thin: bool = False) -> None:
        """Bound a node, try the plan its bound suggests, and keep it open unless it is done with."""
        bound, paid = lower_bound(self.order, senders, undecided)
        if bound >= self.best.cost:
            return
        served = self.serve(senders | paid)
        if thin:
            served = self.thinned(served)
        if served.cost < self.best.cost:
            self.best = served
        if bound >= self.best.cost:
            return
        if undecided:
            useful = served.used & undecided or undecided
            heapq.heappush(self.open, (bound, senders, undecided, useful & -useful))
        elif not served.exact:
            self.loose = min(self.loose, bound)

    def serve(self, senders: int) -> Served:
        if senders not in self.served:
            self.served[senders] = serve(self.order, senders)
        return self.served[senders]

    def thinned(self, served: Served) -> Served:
        """A plan without the locations whose part others can take over for less."""
        better: Served | None = served
        while better is not None:
            served, better = better, None
            rest = served.used
            while rest:
                lowest = rest & -rest
                rest ^= lowest
                without = self.serve(served.used & ~lowest)
                if without.cost < (better or served).cost:
                    better = without
        return served
