"""Bodies that a shop sends all day and an order hardly needs: stock levels, products, the app's removal."""

from __future__ import annotations

from datetime import datetime

from ordna.practice.bodies.parts import Body, Tongue, decimal
from ordna.practice.model import Product, Shop, Variant, gid


def inventory_level_body(
    tongue: Tongue, inventory_item_id: int, location_id: int, available: int, at: datetime
) -> Body:
    return {
        "inventory_item_id": inventory_item_id,
        "location_id": location_id,
        "available": available,
        "updated_at": tongue.time(at),
        "admin_graphql_api_id": (f"gid://shopify/InventoryLevel/{location_id}?inventory_item_id={inventory_item_id}"),
    }


def product_body(tongue: Tongue, product: Product, stock: dict[tuple[int, int], int], at: datetime) -> Body:
    created_at = tongue.time(product.created_at or at)
    now = tongue.time(at)
    options = sorted({variant.title for variant in product.variants})
    return {
        "admin_graphql_api_id": gid("Product", product.id),
        "body_html": f"<p>{product.title} by {product.vendor}.</p>",
        "created_at": created_at,
        "handle": product.handle,
        "id": product.id,
        "product_type": product.product_type,
        "published_at": created_at,
        "template_suffix": None,
        "title": product.title,
        "updated_at": now,
        "vendor": product.vendor,
        "status": "active",
        "published_scope": "web",
        "tags": ", ".join(product.tags),
        "variants": [
            _variant(tongue, variant, position, stock, created_at, now)
            for position, variant in enumerate(product.variants, start=1)
        ],
        "options": [
            {
                "id": product.id + 1,
                "name": "Title",
                "position": 1,
                "product_id": product.id,
                "values": options,
            }
        ],
        "images": [],
        "image": None,
        "media": [],
        "variant_gids": [
            {"admin_graphql_api_id": gid("ProductVariant", variant.id), "updated_at": now}
            for variant in product.variants
        ],
        "has_variants_that_requires_components": False,
        "category": None,
    }


def shop_body(tongue: Tongue, shop: Shop, primary_location_id: int, at: datetime) -> Body:
    """What app/uninstalled carries: the shop that removed the app."""
    return {
        "id": shop.id,
        "name": shop.name,
        "email": shop.email,
        "domain": shop.domain,
        "province": None,
        "country": shop.country,
        "address1": "Tigervej 12",
        "zip": "4600",
        "city": "Køge",
        "source": None,
        "phone": None,
        "latitude": None,
        "longitude": None,
        "primary_locale": "da",
        "address2": None,
        "created_at": tongue.time_or_none(shop.created_at),
        "updated_at": tongue.time(at),
        "country_code": shop.country,
        "country_name": "Denmark",
        "currency": shop.currency,
        "customer_email": shop.email,
        "timezone": "(GMT+01:00) Europe/Copenhagen",
        "iana_timezone": shop.zone,
        "shop_owner": "Nora Holm",
        "money_format": "{{amount_with_comma_separator}} kr",
        "money_with_currency_format": "{{amount_with_comma_separator}} DKK",
        "weight_unit": "kg",
        "province_code": None,
        "taxes_included": True,
        "auto_configure_tax_inclusivity": None,
        "tax_shipping": True,
        "county_taxes": True,
        "plan_display_name": shop.plan_name,
        "plan_name": shop.plan_name.lower(),
        "has_discounts": True,
        "has_gift_cards": True,
        "myshopify_domain": shop.domain,
        "google_apps_domain": None,
        "google_apps_login_enabled": None,
        "money_in_emails_format": "{{amount_with_comma_separator}} kr",
        "money_with_currency_in_emails_format": "{{amount_with_comma_separator}} DKK",
        "eligible_for_payments": True,
        "requires_extra_payments_agreement": False,
        "password_enabled": False,
        "has_storefront": True,
        "finances": True,
        "primary_location_id": primary_location_id,
        "checkout_api_supported": True,
        "multi_location_enabled": True,
        "setup_required": False,
        "pre_launch_enabled": False,
        "enabled_presentment_currencies": ["DKK", "EUR", "GBP", "NOK", "SEK", "USD"],
        "marketing_sms_consent_enabled_at_checkout": False,
        "transactional_sms_disabled": False,
    }


def _variant(
    tongue: Tongue,
    variant: Variant,
    position: int,
    stock: dict[tuple[int, int], int],
    created_at: str,
    now: str,
) -> Body:
    on_hand = sum(units for (item, _), units in stock.items() if item == variant.inventory_item_id)
    return {
        "admin_graphql_api_id": gid("ProductVariant", variant.id),
        "barcode": variant.barcode,
        "compare_at_price": None,
        "created_at": created_at,
        "id": variant.id,
        "inventory_policy": "deny",
        "position": position,
        "price": decimal(variant.price),
        "product_id": variant.product.id,
        "sku": variant.sku,
        "taxable": variant.taxable,
        "title": variant.title,
        "updated_at": now,
        "option1": variant.title,
        "option2": None,
        "option3": None,
        "image_id": None,
        "inventory_item_id": variant.inventory_item_id,
        "inventory_quantity": on_hand,
        "old_inventory_quantity": on_hand,
    }
