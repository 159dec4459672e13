"""What the practice shop sells and where its customers live: plain tables, no behaviour.

The shop is a small Nordic webshop for the home: ceramics, wool, light, coffee, gift cards. Prices are
Danish kroner with 25 % VAT inside, weights are grams. Places carry real postal shapes (a Danish zip has four
digits, a British one letters), because address rules are among the first things a merchant writes.
"""

from __future__ import annotations

from typing import NamedTuple


class Article(NamedTuple):
    """One product: `options` are the values of its single option ("" for a product without variants)."""

    title: str
    kind: str
    vendor: str
    price_dkk: int
    grams: int
    code: str
    option: str
    options: tuple[str, ...]


class Place(NamedTuple):
    """A city as an address needs it; `province` and `province_code` are empty where the country has none."""

    city: str
    zip: str
    province: str
    province_code: str
    streets: tuple[str, ...]


class Country(NamedTuple):
    """A country the shop ships to, with its share of the orders, its currency at checkout and VAT there."""

    code: str
    name: str
    share: int
    currency: str
    locale: str
    vat_percent: int
    vat_title: str
    dial: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    places: tuple[Place, ...]


def _article(row: str) -> Article:
    title, kind, vendor, price, grams, code, option, values = (cell.strip() for cell in row.split("|"))
    options = tuple(value.strip() for value in values.split(",")) if values else ("",)
    return Article(title, kind, vendor, int(price), int(grams), code, option, options)


def _place(row: str) -> Place:
    city, zip_code, province, province_code, streets = (cell.strip() for cell in row.split("|"))
    return Place(city, zip_code, province, province_code, tuple(s.strip() for s in streets.split(",")))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ARTICLES: tuple[Article, ...] = tuple(
    _article(row)
    for row in """\
Stoneware mug 30 cl|Ceramics|Ler & Ild|149|380|MUG30|Colour|Sand, Moss, Ink
Espresso cup 8 cl|Ceramics|Ler & Ild|99|160|CUP08|Colour|Sand, Moss, Ink
Breakfast bowl|Ceramics|Ler & Ild|179|520|BOWLB|Colour|Sand, Moss
Serving bowl 28 cm|Ceramics|Ler & Ild|449|1450|BOWLS|Colour|Sand, Ink
Dinner plate 27 cm|Ceramics|Ler & Ild|199|780|PLT27|Colour|Sand, Moss, Ink
Side plate 20 cm|Ceramics|Ler & Ild|149|460|PLT20|Colour|Sand, Moss, Ink
Teapot 1 l|Ceramics|Ler & Ild|599|980|TPOT1|Colour|Sand, Ink
Pitcher 1.2 l|Ceramics|Ler & Ild|399|1100|PITCH|Colour|Sand, Moss
Bud vase|Ceramics|Ler & Ild|129|240|VASEB|Colour|Sand, Moss, Ink
Floor vase 45 cm|Ceramics|Ler & Ild|899|3900|VASEF|Colour|Sand, Ink
Lambswool throw 130 x 200|Textiles|Fjeld Uld|799|900|THROW|Colour|Oat, Heather, Fjord
Baby blanket merino|Textiles|Fjeld Uld|449|320|BABYB|Colour|Oat, Rose
Wool cushion 50 x 50|Textiles|Fjeld Uld|399|650|CUSH5|Colour|Oat, Heather, Fjord
Linen tea towel, 2 pcs|Textiles|Hør Atelier|159|180|TTOWL|Colour|Natural, Indigo
Linen table cloth 150 x 250|Textiles|Hør Atelier|749|820|TCLTH|Colour|Natural, Indigo
Linen napkin, 4 pcs|Textiles|Hør Atelier|249|260|NAPK4|Colour|Natural, Indigo
Organic bed set 140 x 200|Textiles|Hør Atelier|899|1700|BED14|Colour|White, Mist, Clay
Organic bed set 140 x 220|Textiles|Hør Atelier|949|1850|BED22|Colour|White, Mist, Clay
Bath towel 70 x 140|Textiles|Hør Atelier|229|600|BTOWL|Colour|White, Mist, Clay
Hand towel 50 x 70|Textiles|Hør Atelier|119|280|HTOWL|Colour|White, Mist, Clay
Pendant lamp Halo|Light|Lysverk|2499|3200|HALO1|Colour|Opal, Smoke
Table lamp Skagen|Light|Lysverk|1299|2100|SKAG1|Colour|Brass, Black
Floor lamp Fyr|Light|Lysverk|3499|6800|FYRFL|Colour|Brass, Black
Rechargeable lamp Ild|Light|Lysverk|899|950|ILDRC|Colour|Sand, Black, Red
LED bulb E27, 3 pcs|Light|Lysverk|129|210|LED27||
Pillar candle 15 cm|Candles|Bivoks|89|420|PILL1|Colour|Ivory, Forest
Taper candles, 6 pcs|Candles|Bivoks|119|380|TAPR6|Colour|Ivory, Rust, Forest
Scented candle|Candles|Bivoks|249|460|SCENT|Scent|Birch, Sea, Fig
Candle holder cast iron|Candles|Jernstøberiet|199|740|HOLDR|Size|Small, Large
Cast iron pot 4 l|Kitchen|Jernstøberiet|1199|4600|POT4L|Colour|Black, Cream
Cast iron pan 26 cm|Kitchen|Jernstøberiet|699|2400|PAN26||
Chef's knife 20 cm|Kitchen|Smed|849|280|KNF20||
Paring knife 9 cm|Kitchen|Smed|349|90|KNF09||
Oak cutting board|Kitchen|Egetræ|449|1600|BOARD|Size|Small, Large
Oak salad servers|Kitchen|Egetræ|279|190|SALAD||
Pepper mill|Kitchen|Egetræ|349|310|MILLP|Finish|Oak, Black
Pour-over coffee maker|Kitchen|Morgen|399|720|POURO||
Coffee filters, 100 pcs|Kitchen|Morgen|59|140|FILT1||
Whole bean coffee 500 g|Coffee|Morgen|129|520|BEAN5|Roast|Light, Medium, Dark
Whole bean coffee 1 kg|Coffee|Morgen|229|1030|BEAN1|Roast|Light, Medium, Dark
Loose leaf tea 100 g|Coffee|Morgen|99|130|TEA10|Blend|Earl Grey, Sencha, Rooibos
Glass carafe 1 l|Glass|Klar|299|640|CARAF||
Water glass, 4 pcs|Glass|Klar|249|980|GLAS4||
Wine glass, 2 pcs|Glass|Klar|329|420|WINE2||
Storage jar|Glass|Klar|129|520|JAR01|Size|0.5 l, 1 l, 2 l
Wall mirror round|Living|Egetræ|1499|5200|MIRRO|Size|60 cm, 80 cm
Wall hook oak, 3 pcs|Living|Egetræ|249|260|HOOK3||
Magazine holder|Living|Jernstøberiet|349|900|MAGAZ||
Doormat coir|Living|Hør Atelier|299|1900|DMAT1||
Woven basket|Living|Pil|379|850|BASKT|Size|Small, Medium, Large
Wool slippers|Clothing|Fjeld Uld|449|480|SLIPP|Size|36-37, 38-39, 40-41, 42-43, 44-45
Wool socks|Clothing|Fjeld Uld|129|110|SOCKS|Size|36-40, 41-45
Knitted beanie|Clothing|Fjeld Uld|249|120|BEANI|Colour|Oat, Fjord
Canvas apron|Clothing|Hør Atelier|349|380|APRON|Colour|Clay, Indigo
Notebook A5|Paper|Papirværk|89|240|NOTE5|Paper|Lined, Dotted
Wall calendar|Paper|Papirværk|149|330|CALEN||
Greeting cards, 5 pcs|Paper|Papirværk|79|80|CARDS||
Wooden play kitchen|Children|Leg & Lær|1899|14500|PLAYK||
Stacking rings|Children|Leg & Lær|199|420|STACK||
Knitted rabbit|Children|Leg & Lær|249|180|RABBT|Colour|Oat, Rose""".splitlines()
)

GIFT_CARD_VALUES_DKK = (200, 500, 1000)

#: Files to download: nothing to ship, sent as soon as they are paid. (title, price in kroner, code)
DOWNLOADS = (("Knitting pattern, PDF", 49, "PATTERN"), ("Ceramics at home, e-book", 129, "EBOOK"))

#: Articles sold together, by their codes: each stays an article of its own on the order.
BUNDLES = (
    ("Breakfast for two", ("MUG30-01", "BOWLB-01", "PLT20-01")),
    ("Coffee starter", ("POURO", "FILT1", "BEAN5-02")),
    ("Winter evening", ("THROW-02", "PILL1-01", "TEA10-01")),
)

#: Businesses that buy on terms: (name, the location they order for, their number in the shop's books).
COMPANIES = (
    ("Café Tårnet ApS", "Aarhus C", "K-1001"),
    ("Hotel Havnegade A/S", "København K", "K-1002"),
    ("Nordby & Søn Indretning", "Odense", "K-1003"),
    ("Byens Boghandel", "Svendborg", "K-1004"),
    ("Kontorhuset Ringen", "Aalborg", "K-1005"),
)

COUNTRIES: tuple[Country, ...] = (
    Country(
        "DK",
        "Denmark",
        62,
        "DKK",
        "da",
        25,
        "Moms",
        "+45",
        _words("Anne Mette Lars Søren Freja Emil Ida William Kirsten Jens Camilla Rasmus Sofie Mads Laura Niels"),
        _words("Jensen Nielsen Hansen Pedersen Andersen Christensen Larsen Sørensen Rasmussen Møller Holm Dam"),
        tuple(
            _place(r)
            for r in (
                "København K|1257|||Amaliegade,Bredgade,Store Kongensgade",
                "København Ø|2100|||Østerbrogade,Classensgade",
                "Frederiksberg|1820|||Gammel Kongevej,Vesterbrogade",
                "Aarhus C|8000|||Vestergade,Jægergårdsgade",
                "Odense C|5000|||Kongensgade,Vindegade",
                "Aalborg|9000|||Boulevarden,Vingaardsgade",
                "Esbjerg|6700|||Kongensgade,Skolegade",
                "Roskilde|4000|||Algade,Skomagergade",
                "Rønne|3700|||Store Torvegade,Snellemark",
                "Svendborg|5700|||Møllergade,Brogade",
            )
        ),
    ),
    Country(
        "SE",
        "Sweden",
        14,
        "SEK",
        "sv",
        25,
        "Moms",
        "+46",
        _words("Elsa Erik Astrid Johan Karin Oskar Maja Anders Linnea Gustav"),
        _words("Andersson Johansson Karlsson Nilsson Eriksson Lindqvist Öberg Sjögren"),
        tuple(
            _place(r)
            for r in (
                "Malmö|211 22|||Södergatan,Engelbrektsgatan",
                "Göteborg|411 08|||Vallgatan,Kungsgatan",
                "Stockholm|114 35|||Birger Jarlsgatan,Grev Turegatan",
                "Lund|222 23|||Stora Södergatan,Bytaregatan",
            )
        ),
    ),
    Country(
        "NO",
        "Norway",
        9,
        "NOK",
        "nb",
        25,
        "MVA",
        "+47",
        _words("Ingrid Ola Kari Magnus Sigrid Henrik Nora Sindre"),
        _words("Hansen Johansen Olsen Berg Haugen Solberg Bakke Moen"),
        tuple(
            _place(r)
            for r in (
                "Oslo|0258|||Bygdøy allé,Thomas Heftyes gate",
                "Bergen|5003|||Strandgaten,Kong Oscars gate",
                "Trondheim|7011|||Kongens gate,Munkegata",
                "Stavanger|4006|||Kirkegata,Pedersgata",
            )
        ),
    ),
    Country(
        "DE",
        "Germany",
        8,
        "EUR",
        "de",
        19,
        "USt.",
        "+49",
        _words("Anna Lukas Marie Jonas Katharina Felix Julia Stefan"),
        _words("Müller Schmidt Weber Wagner Becker Hoffmann Krüger Schröder"),
        tuple(
            _place(r)
            for r in (
                "Hamburg|20354|||Jungfernstieg,Große Bleichen",
                "Berlin|10119|||Torstraße,Linienstraße",
                "Flensburg|24937|||Holm,Große Straße",
                "München|80331|||Sendlinger Straße,Rosental",
            )
        ),
    ),
    Country(
        "FR",
        "France",
        2,
        "EUR",
        "fr",
        20,
        "TVA",
        "+33",
        _words("Camille Louis Élise Hugo"),
        _words("Martin Bernard Lefèvre Moreau"),
        tuple(
            _place(r) for r in ("Paris|75003|||Rue de Bretagne,Rue Charlot", "Lyon|69002|||Rue Mercière,Rue Grenette")
        ),
    ),
    Country(
        "GB",
        "United Kingdom",
        3,
        "GBP",
        "en",
        0,
        "VAT",
        "+44",
        _words("Emily Oliver Charlotte Harry"),
        _words("Smith Taylor Wilson Evans Hughes"),
        tuple(
            _place(r)
            for r in (
                "London|E2 7DJ|England|ENG|Columbia Road,Redchurch Street",
                "Edinburgh|EH1 2JL|Scotland|SCT|Victoria Street,Cockburn Street",
            )
        ),
    ),
    Country(
        "US",
        "United States",
        2,
        "USD",
        "en",
        0,
        "Tax",
        "+1",
        _words("Jacob Ava Noah Grace"),
        _words("Johnson Miller Davis Garcia"),
        tuple(
            _place(r)
            for r in (
                "Portland|97205|Oregon|OR|SW Morrison Street,NW 10th Avenue",
                "Brooklyn|11211|New York|NY|Bedford Avenue,Grand Street",
            )
        ),
    ),
)

#: Where a parcel goes now and then; no customer of the month lives there. Its currency has no minor unit.
JAPAN = Country(
    "JP",
    "Japan",
    0,
    "JPY",
    "ja",
    0,
    "Tax",
    "+81",
    _words("Haruto Yui Sakura Ren"),
    _words("Satō Suzuki Takahashi Tanaka"),
    (
        _place("Tokyo|150-0001|Tokyo|JP-13|Jingumae,Omotesando"),
        _place("Kyoto|604-8005|Kyoto|JP-26|Kawaramachi,Sanjo-dori"),
    ),
)

#: How many units of a currency one Danish krone buys, in ten-thousandths: fixed, so that a seed is a world.
RATES_PER_DKK_E4 = {
    "DKK": 10_000,
    "SEK": 15_300,
    "NOK": 15_700,
    "EUR": 1_340,
    "GBP": 1_160,
    "USD": 1_450,
    "JPY": 217_000,
}
