"""Builds the practice shop before its first order: locations, products with stock, customers, one app.

Everything follows from the seed and the opening time. Customers return: `regular` draws them with a long
tail, so that a rule about a customer's first order finds both kinds. About one customer in forty has an
address that misses something (the zip, the city or the street), because real checkouts let that
through.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from ordna.practice.assortment import (
    ARTICLES,
    COMPANIES,
    COUNTRIES,
    DOWNLOADS,
    GIFT_CARD_VALUES_DKK,
    JAPAN,
    Article,
    Country,
)
from ordna.practice.model import (
    Address,
    App,
    Company,
    Customer,
    Location,
    Product,
    Shop,
    Variant,
)
from ordna.practice.world import World

CUSTOMER_COUNT = 1100
INCOMPLETE_SHARE = 0.025
COUNTRY_BY_CODE = {country.code: country for country in (*COUNTRIES, JAPAN)}
DOWNLOAD = "Download"

_ORDNA_APP_ID = 197_402_112_001
_OTHER_APP_ID = 197_402_112_002


def open_shop(seed: int, at: datetime) -> World:
    """A shop with shelves and customers and no orders; the same seed and time give the same shop."""
    random = Random(f"catalogue {seed}")
    shop = Shop(
        id=68_204_511_233,
        name="Nordlys & Ler",
        domain="practice-shop.myshopify.com",
        email="hello@nordlys-og-ler.example",
        currency="DKK",
        zone="Europe/Copenhagen",
        country="DK",
        created_at=at - timedelta(days=900),
    )
    world = World(shop, at, apps=_apps(seed))
    for location in _locations(world):
        world.locations[location.id] = location
    for article in ARTICLES:
        _shelve(world, article, random)
    _shelve_gift_cards(world)
    for number in range(CUSTOMER_COUNT):
        customer = _customer(world, number, random)
        world.customers[customer.id] = customer
    _shelve_downloads(world)
    for name, place, number_in_books in COMPANIES:
        world.companies.append(_company(world, name, place, number_in_books))
    return world


def regular(world: World, random: Random) -> Customer:
    """Draw a buyer: few customers order often, most rarely."""
    customers = list(world.customers.values())
    position = int(len(customers) * random.random() ** 2.2)
    return customers[position]


def abroad(world: World, random: Random) -> Customer:
    """A buyer from far away whom the shop did not know before."""
    customer = _customer(world, len(world.customers), random, JAPAN)
    world.customers[customer.id] = customer
    return customer


def country_of(customer: Customer) -> Country:
    """The country a customer lives in, decided by the address; Denmark where the address does not say."""
    code = customer.default_address.country_code if customer.default_address else None
    return COUNTRY_BY_CODE.get(code or "DK", COUNTRIES[0])


def incomplete(address: Address, what: str) -> Address:
    """The address without its `what`: zip, city or street."""
    match what:
        case "zip":
            return replace(address, zip=None)
        case "city":
            return replace(address, city=None)
        case _:
            return replace(address, address1=None)


def is_complete(address: Address | None) -> bool:
    """Whether a parcel could be addressed: it has a street, a city and a zip."""
    return address is not None and bool(address.address1 and address.city and address.zip)


def _apps(seed: int) -> list[App]:
    # Secrets of a shop that exists on this machine only; derived from the seed so that a restart keeps them.
    key = Random(f"app {seed}")
    return [
        App(
            id=_ORDNA_APP_ID,
            title="Ordna",
            handle="ordna",
            client_id=f"{key.getrandbits(128):032x}",
            client_secret=f"practice_secret_{key.getrandbits(128):032x}",
            static_token=f"practice_token_{key.getrandbits(128):032x}",
        ),
        App(
            id=_OTHER_APP_ID,
            title="Careful Fraud Check",
            handle="careful-fraud-check",
            client_id=f"{key.getrandbits(128):032x}",
            client_secret=f"practice_secret_{key.getrandbits(128):032x}",
        ),
    ]


def _locations(world: World) -> list[Location]:
    return [
        Location(
            world.next_id("Location"),
            "Lager Køge",
            Address(address1="Tigervej 12", city="Køge", zip="4600", country="Denmark", country_code="DK"),
        ),
        Location(
            world.next_id("Location"),
            "Butik Aarhus",
            Address(address1="Vestergade 29", city="Aarhus C", zip="8000", country="Denmark", country_code="DK"),
        ),
    ]


def _shelve(world: World, article: Article, random: Random) -> None:
    product = Product(
        id=world.next_id("Product"),
        title=article.title,
        vendor=article.vendor,
        product_type=article.kind,
        handle=_handle(article.title),
        tags=[article.kind.lower()],
        created_at=world.now() - timedelta(days=random.randrange(60, 800)),
    )
    for position, option in enumerate(article.options, start=1):
        variant = Variant(
            id=world.next_id("ProductVariant"),
            product=product,
            title=option or "Default Title",
            sku=f"{article.code}-{position:02d}" if option else article.code,
            price=Decimal(article.price_dkk) + _larger_costs_more(article, position),
            inventory_item_id=world.next_id("InventoryItem"),
            barcode=f"57{random.randrange(10**10, 10**11)}",
            grams=article.grams,
        )
        product.variants.append(variant)
        world.variants[variant.id] = variant
        warehouse, store = world.locations.values()
        world.stock[(variant.inventory_item_id, warehouse.id)] = random.randrange(900, 2600)
        if random.random() < 0.4:
            world.stock[(variant.inventory_item_id, store.id)] = random.randrange(20, 120)
    # Some heavy or slow articles stand in the shop only: an order that has one ships from two places.
    if article.kind in ("Living", "Paper"):
        for variant in product.variants:
            world.stock.pop((variant.inventory_item_id, warehouse.id))
            world.stock[(variant.inventory_item_id, store.id)] = random.randrange(600, 1400)
    world.products[product.id] = product


def _larger_costs_more(article: Article, position: int) -> Decimal:
    is_graded = article.option == "Size" and article.kind not in ("Clothing",)
    return Decimal((position - 1) * (article.price_dkk // 4)) if is_graded else Decimal(0)


def _shelve_gift_cards(world: World) -> None:
    product = Product(
        id=world.next_id("Product"),
        title="Gift card",
        vendor=world.shop.name,
        product_type="Gift card",
        handle="gift-card",
        created_at=world.now() - timedelta(days=800),
    )
    for value in GIFT_CARD_VALUES_DKK:
        variant = Variant(
            id=world.next_id("ProductVariant"),
            product=product,
            title=f"{value} kr",
            sku=f"GIFT-{value}",
            price=Decimal(value),
            inventory_item_id=world.next_id("InventoryItem"),
            requires_shipping=False,
            taxable=False,
            gift_card=True,
        )
        product.variants.append(variant)
        world.variants[variant.id] = variant
    world.products[product.id] = product


def _shelve_downloads(world: World) -> None:
    for title, price_dkk, code in DOWNLOADS:
        product = Product(
            id=world.next_id("Product"),
            title=title,
            vendor=world.shop.name,
            product_type=DOWNLOAD,
            handle=_handle(title),
            created_at=world.now() - timedelta(days=400),
        )
        variant = Variant(
            id=world.next_id("ProductVariant"),
            product=product,
            title="Default Title",
            sku=code,
            price=Decimal(price_dkk),
            inventory_item_id=world.next_id("InventoryItem"),
            requires_shipping=False,
        )
        product.variants.append(variant)
        world.downloads.append(variant)
        world.products[product.id] = product


def _company(world: World, name: str, place: str, number_in_books: str) -> Company:
    return Company(
        id=world.next_id("Company"),
        name=name,
        external_id=number_in_books,
        location_id=world.next_id("CompanyLocation"),
        location_name=place,
        contact_id=world.next_id("CompanyContact"),
    )


def _customer(world: World, number: int, random: Random, country: Country | None = None) -> Customer:
    country = country or random.choices(COUNTRIES, weights=[c.share for c in COUNTRIES])[0]
    given, family = random.choice(country.given), random.choice(country.family)
    place = random.choice(country.places)
    phone = f"{country.dial}{random.randrange(20_000_000, 99_999_999)}"
    house = random.randrange(1, 160)
    street = random.choice(place.streets)
    address = Address(
        first_name=given,
        last_name=family,
        company=random.choice(("Studio", "Café", "Kontor")) + f" {family}" if random.random() < 0.06 else None,
        address1=f"{house} {street}" if country.code in ("GB", "US") else f"{street} {house}",
        address2=_floor(country, random),
        city=place.city,
        province=place.province or None,
        province_code=place.province_code or None,
        country=country.name,
        country_code=country.code,
        zip=place.zip,
        phone=phone if random.random() < 0.8 else None,
        latitude=round(55.6 + random.random(), 6),
        longitude=round(12.1 + random.random(), 6),
        id=world.next_id("MailingAddress"),
    )
    if random.random() < INCOMPLETE_SHARE:
        address = incomplete(address, random.choice(("zip", "city", "street")))
    opened_at = world.now() - timedelta(days=random.randrange(1, 700))
    return Customer(
        id=world.next_id("Customer"),
        first_name=given,
        last_name=family,
        email=f"{_handle(given)}.{_handle(family)}{number}@example.com",
        phone=phone if random.random() < 0.3 else None,
        locale=country.locale,
        tags=["newsletter"] if random.random() < 0.3 else [],
        default_address=address,
        created_at=opened_at,
        updated_at=opened_at,
    )


def _floor(country: Country, random: Random) -> str | None:
    if country.code != "DK" or random.random() < 0.5:
        return None
    return f"{random.randrange(1, 6)}. {random.choice(('tv', 'th', 'mf'))}"


_PLAIN = str.maketrans("æøåäöüéßÆØÅÄÖÜÉ", "eoaaoueseoaaoue")


def _handle(text: str) -> str:
    plain = text.lower().translate(_PLAIN)
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())
