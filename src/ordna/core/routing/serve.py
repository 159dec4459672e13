"""What leaves where, once it is settled which locations send at all: the cheapest way, exactly.

Parts of the order that nobody competes with go to the cheapest location that holds them. Where several draw on one
stock, all ways of handing it out are tried, each remainder of stock once.
"""

from __future__ import annotations

from dataclasses import dataclass

from ordna.core.routing.instance import Contest, Instance

#: Remainders of stock looked at in one contest; beyond, the best so far stands and the plan is not called exact.
REMAINDERS_MAX = 20_000
#: Wholes in one contest; beyond, each in turn takes the cheapest sender that still holds it.
WHOLES_MAX = 100


@dataclass(frozen=True, slots=True)
class Served:
    """`cost` is scaled, the locations' own cost and that of units nobody sends included; `used` is the set that sends.

    `shares`: for each free whole and then each contest's wholes and pools, in their order, (candidate, units) pairs.
    """

    cost: int
    used: int
    exact: bool
    shares: tuple[tuple[tuple[int, int], ...], ...]


def serve(order: Instance, senders: int) -> Served:
    """The cheapest way to send the order from a set of candidates; some of them may turn out not to be needed."""
    cost, used, exact = 0, 0, True
    shares: list[tuple[tuple[int, int], ...]] = []
    for whole, holders in order.free:
        able = holders & senders
        if not able:
            cost += order.nowhere_cost * whole.units
            shares.append(())
            continue
        cheapest = able & -able
        index = cheapest.bit_length() - 1
        used |= cheapest
        cost += order.unit_costs[index] * whole.units
        shares.append(((index, whole.units),))
    for contest in order.contests:
        hand_out = _HandOut(order, contest, senders)
        more, given = hand_out.best()
        cost += more
        exact = exact and hand_out.exact
        shares.extend(given)
        for share in given:
            for index, _ in share:
                used |= 1 << index
    return Served(cost + opening(order, used), used, exact, tuple(shares))


def opening(order: Instance, senders: int) -> int:
    """The scaled cost of a parcel from each of a set of candidates."""
    cost = 0
    while senders:
        lowest = senders & -senders
        cost += order.open_costs[lowest.bit_length() - 1]
        senders ^= lowest
    return cost


_Shares = tuple[tuple[tuple[int, int], ...], ...]


class _HandOut:
    """One contest among a set of senders. `left` is the stock that remains, by sender and item, as one flat tuple.

    What it costs to open a location is settled before; here only handling and units left over count.
    """

    def __init__(self, order: Instance, contest: Contest, senders: int) -> None:
        self.order, self.contest = order, contest
        self.senders = [index for index in range(len(order.candidates)) if senders >> index & 1]
        self.items = sorted(contest.stock[0]) if contest.stock else []
        self.place = {item: at for at, item in enumerate(self.items)}
        self.known: dict[tuple[int, tuple[int, ...]], tuple[int, _Shares]] = {}
        self.exact = True

    def best(self) -> tuple[int, _Shares]:
        left = tuple(self.contest.stock[index][item] for index in self.senders for item in self.items)
        return self.wholes(0, left) if len(self.contest.wholes) <= WHOLES_MAX else self.in_turn(left)

    def wholes(self, at: int, left: tuple[int, ...]) -> tuple[int, _Shares]:
        """The cheapest way to send the wholes from `at` on, and then the pools, out of what is left."""
        if at == len(self.contest.wholes):
            return self.pools(left)
        found = self.known.get((at, left))
        if found is not None:
            return found
        whole = self.contest.wholes[at]
        best: tuple[int, _Shares] | None = None
        for sender, index in enumerate(self.senders):
            if best is not None and len(self.known) >= REMAINDERS_MAX:
                self.exact = False
                break
            rest = self.taken(left, sender, whole.needs)
            if rest is not None:
                cost, shares = self.wholes(at + 1, rest)
                cost += self.order.unit_costs[index] * whole.units
                if best is None or cost < best[0]:
                    best = cost, (((index, whole.units),), *shares)
        if best is None or len(self.known) < REMAINDERS_MAX:
            cost, shares = self.wholes(at + 1, left)
            cost += self.order.nowhere_cost * whole.units
            if best is None or cost < best[0]:
                best = cost, ((), *shares)
        self.known[(at, left)] = best
        return best

    def in_turn(self, left: tuple[int, ...]) -> tuple[int, _Shares]:
        self.exact = False
        cost = 0
        shares: list[tuple[tuple[int, int], ...]] = []
        for whole in self.contest.wholes:
            rests = ((index, self.taken(left, sender, whole.needs)) for sender, index in enumerate(self.senders))
            index, rest = next(((index, rest) for index, rest in rests if rest is not None), (None, None))
            if index is None or rest is None:
                cost += self.order.nowhere_cost * whole.units
                shares.append(())
                continue
            left = rest
            cost += self.order.unit_costs[index] * whole.units
            shares.append(((index, whole.units),))
        more, pooled = self.pools(left)
        return cost + more, (*shares, *pooled)

    def taken(self, left: tuple[int, ...], sender: int, needs: tuple[tuple[str, int], ...]) -> tuple[int, ...] | None:
        rest = list(left)
        for item, units in needs:
            slot = sender * len(self.items) + self.place[item]
            rest[slot] -= units
            if rest[slot] < 0:
                return None
        return tuple(rest)

    def pools(self, left: tuple[int, ...]) -> tuple[int, _Shares]:
        """Units that may be spread: from the cheapest sender on, as far as its stock goes."""
        cost = 0
        shares: list[tuple[tuple[int, int], ...]] = []
        for pool in self.contest.pools:
            missing, share = pool.units, []
            for sender, index in enumerate(self.senders):
                take = min(missing, left[sender * len(self.items) + self.place[pool.item]])
                if take > 0:
                    share.append((index, take))
                    cost += self.order.unit_costs[index] * take
                    missing -= take
            cost += self.order.nowhere_cost * missing
            shares.append(tuple(share))
        return cost, tuple(shares)
