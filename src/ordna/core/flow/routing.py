"""Reading the section `routing` of a flow file: where orders may leave from, what that costs, and the limits.

Without the section the shop's own routing stands, and nothing here applies.
"""

from collections.abc import Collection
from datetime import time
from functools import lru_cache

from babel import Locale

from ordna.core.flow.read import Reader
from ordna.core.flow.vocabulary import nearest
from ordna.core.flow.yaml_tree import Items, Mapping, Text, Tree
from ordna.core.hours import HoursError, read_time_of_day
from ordna.core.routing.model import OTHERS, Location, RoutingPolicy
from ordna.core.values import BadValue, minor_units

LOCATIONS_MAX = 200
ZONES_MAX = 60
LISTS_MAX = 500
CAPACITY_MAX = 1_000_000
#: What `keep_together` says instead of lists when an order leaves as a whole or not at all.
WHOLE_ORDER = "order"

ROUTING_KEYS = (
    "zones", "locations", "split_cost", "split_lines", "wait_cost", "keep_together", "channels",
)  # fmt: skip
LOCATION_KEYS = ("title", "shop_id", "parcel", "unit", "capacity", "cutoff")


def read_routing(reader: Reader, top: Mapping, *, currency: str, has_hours: bool) -> RoutingPolicy | None:
    """The section as a policy, None without one; problems go to the reader."""
    tree = reader.mapping(reader.child(top, "", "routing"), "routing", ROUTING_KEYS)
    return _Section(reader, tree, currency).policy(has_hours=has_hours) if tree is not None else None


class _Section:
    def __init__(self, reader: Reader, tree: Mapping, currency: str) -> None:
        self.reader, self.tree, self.currency = reader, tree, currency

    def policy(self, *, has_hours: bool) -> RoutingPolicy:
        zones = self.zones()
        locations = self.locations(zones, has_hours=has_hours)
        together, order_together = self.together()
        split_lines = self.reader.choice(self.tree, "routing", "split_lines", ("true", "false")) == "true"
        return RoutingPolicy(
            currency=self.currency,
            locations=locations,
            zones=zones,
            split_cost=self.amount(self.tree, "routing", "split_cost") or 0,
            wait_cost=self.amount(self.tree, "routing", "wait_cost") or 0,
            split_lines=split_lines,
            together=together,
            order_together=order_together,
            channels=self.channels(locations),
        )

    def zones(self) -> dict[str, tuple[str, ...]]:
        reader = self.reader
        tree = reader.mapping(reader.child(self.tree, "routing", "zones", required=True), "routing.zones")
        if tree is None:
            return {}
        if len(tree.entries) > ZONES_MAX:
            reader.problem(tree, "routing.zones", "too_many", f"a flow has at most {ZONES_MAX} zones")
            return {}
        zones: dict[str, tuple[str, ...]] = {}
        seen: dict[str, str] = {}
        for zone, (key, value) in tree.entries.items():
            path = f"routing.zones.{zone}"
            reader.name(key, path)
            countries = []
            for text in self.texts(value, path):
                if text.value != OTHERS and text.value not in _countries():
                    sentence = (
                        f"'{text.value}' is not a country code such as DK, or {OTHERS} for all that no zone names"
                    )
                    reader.problem(text, path, "unknown_country", sentence)
                elif seen.setdefault(text.value, zone) != zone:
                    reader.problem(
                        text, path, "country_twice", f"{text.value} is already in the zone {seen[text.value]}"
                    )
                else:
                    countries.append(text.value)
            zones[zone] = tuple(countries)
        return zones

    def locations(self, zones: Collection[str], *, has_hours: bool) -> dict[str, Location]:
        reader, path = self.reader, "routing.locations"
        tree = reader.mapping(reader.child(self.tree, "routing", "locations", required=True), path)
        if tree is None:
            return {}
        if len(tree.entries) > LOCATIONS_MAX:
            reader.problem(tree, path, "too_many", f"a flow has at most {LOCATIONS_MAX} locations")
            return {}
        found: dict[str, Location] = {}
        shop_ids: dict[str, str] = {}
        for name, (key, value) in tree.entries.items():
            reader.name(key, f"{path}.{name}")
            entry = reader.mapping(value, f"{path}.{name}", LOCATION_KEYS)
            if entry is not None:
                found[name] = self.location(name, entry, zones, shop_ids, has_hours=has_hours)
        return found

    def location(
        self, name: str, entry: Mapping, zones: Collection[str], shop_ids: dict[str, str], *, has_hours: bool
    ) -> Location:
        reader, path = self.reader, f"routing.locations.{name}"
        shop_id = reader.text(entry, path, "shop_id")
        if shop_id and shop_ids.setdefault(shop_id.value, name) != name:
            sentence = f"{shop_ids[shop_id.value]} is already that location of the shop"
            reader.problem(shop_id, f"{path}.shop_id", "duplicate_shop_id", sentence)
        return Location(
            name=name,
            title=reader.word(entry, path, "title", name.replace("_", " ").capitalize()),
            parcel_costs=self.parcel(entry, path, zones),
            unit_cost=self.amount(entry, path, "unit") or 0,
            capacity=self.capacity(entry, path),
            cutoff=self.cutoff(entry, path, has_hours=has_hours),
            shop_id=shop_id.value if shop_id else None,
        )

    def parcel(self, entry: Mapping, path: str, zones: Collection[str]) -> dict[str, int]:
        reader, path = self.reader, f"{path}.parcel"
        tree = reader.mapping(reader.child(entry, path.removesuffix(".parcel"), "parcel", required=True), path)
        costs = {}
        for zone, (key, _) in tree.entries.items() if tree else ():
            if zone not in zones:
                close = nearest(zone, zones)
                sentence = f"unknown zone '{zone}'" + (f", did you mean '{close}'?" if close else "")
                reader.problem(key, f"{path}.{zone}", "unknown_zone", sentence, close)
            elif tree is not None:
                cost = self.amount(tree, path, zone, required=True)
                costs[zone] = cost or 0
        return costs

    def amount(self, mapping: Mapping, path: str, key: str, *, required: bool = False) -> int | None:
        """An amount in minor units of the flow's currency: 39 DKK, or a bare 39 in major units."""
        reader, where = self.reader, f"{path}.{key}"
        found = reader.text(mapping, path, key, required=required)
        if found is None:
            return None
        number, _, currency = found.value.partition(" ")
        currency = currency.strip() or self.currency
        try:
            minor = minor_units(number, currency)
        except BadValue as error:
            reader.problem(found, where, error.code, f"write an amount such as 39 {self.currency}. {error}")
            return None
        if currency != self.currency:
            sentence = f"costs are compared, so all are in {self.currency}, the flow's currency"
            reader.problem(found, where, "wrong_currency", sentence, self.currency)
        elif minor < 0:
            reader.problem(found, where, "bad_amount", "a cost can't be less than 0")
        return minor

    def capacity(self, entry: Mapping, path: str) -> int | None:
        found = self.reader.text(entry, path, "capacity")
        if found is None:
            return None
        number = found.value
        if not (number.isascii() and number.isdigit() and len(number) < 8 and int(number) <= CAPACITY_MAX):
            sentence = f"a capacity is a number of parcels a day, 0 to {CAPACITY_MAX}"
            self.reader.problem(found, f"{path}.capacity", "bad_capacity", sentence)
            return None
        return int(number)

    def cutoff(self, entry: Mapping, path: str, *, has_hours: bool) -> time | None:
        reader, where = self.reader, f"{path}.cutoff"
        found = reader.text(entry, path, "cutoff")
        if found is None:
            return None
        if not has_hours:
            reader.problem(found, where, "missing_hours", "a cut-off needs the hours of the flow")
        try:
            return read_time_of_day(found.value)
        except HoursError as error:
            reader.problem(found, where, "bad_cutoff", str(error))
            return None

    def together(self) -> tuple[tuple[tuple[str, ...], ...], bool]:
        """The lists of SKUs, and whether all of an order leaves together."""
        reader, path = self.reader, "routing.keep_together"
        tree = reader.child(self.tree, "routing", "keep_together")
        if tree is None:
            return (), False
        if isinstance(tree, Text):
            if tree.value != WHOLE_ORDER:
                sentence = f"write {WHOLE_ORDER}, or a list of lists of SKUs"
                reader.problem(tree, path, "wrong_kind", sentence, nearest(tree.value, (WHOLE_ORDER,)))
            return (), True
        lists = reader.items(tree, path)
        if len(lists) > LISTS_MAX:
            reader.problem(tree, path, "too_many", f"a flow has at most {LISTS_MAX} lists to keep together")
            return (), False
        read = []
        for index, each in enumerate(lists):
            if not isinstance(each, Items):
                reader.problem(each, f"{path}[{index}]", "wrong_kind", "write a list of SKUs: [MUG-RED, SAUCER-RED]")
                continue
            read.append(tuple(text.value for text in self.texts(each, f"{path}[{index}]")))
        return tuple(read), False

    def channels(self, locations: Collection[str]) -> dict[str, tuple[str, ...]]:
        reader = self.reader
        tree = reader.mapping(reader.child(self.tree, "routing", "channels"), "routing.channels")
        channels: dict[str, tuple[str, ...]] = {}
        for name, (_, value) in tree.entries.items() if tree else ():
            path = f"routing.channels.{name}"
            allowed = []
            for text in self.texts(value, path):
                if text.value not in locations:
                    close = nearest(text.value, locations)
                    sentence = f"unknown location '{text.value}'" + (f", did you mean '{close}'?" if close else "")
                    reader.problem(text, path, "unknown_location", sentence, close)
                allowed.append(text.value)
            channels[name] = tuple(allowed)
        return channels

    def texts(self, tree: Tree, path: str) -> list[Text]:
        """A list of texts, of which one alone needs no brackets; an empty one is a problem."""
        found = []
        for one in tree.items if isinstance(tree, Items) else (tree,):
            if not isinstance(one, Text) or one.empty or not one.value.strip():
                self.reader.problem(one, path, "wrong_kind", f"{path} must be a list of texts")
            else:
                found.append(one)
        if isinstance(tree, Items) and not tree.items:
            self.reader.problem(tree, path, "empty_list", f"{path} is empty")
        return found


#: Groups and private codes among CLDR's territories.
_NO_COUNTRY = {"EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"}


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    """ISO 3166 codes of countries and territories."""
    codes = map(str, Locale("en").territories)
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRY
