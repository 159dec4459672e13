"""Shopify: what it says in our words, and what we ask of it in its own."""
