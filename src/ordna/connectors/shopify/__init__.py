"""Shopify: webhook bodies and Admin GraphQL reads in, holds, tags, notes, fulfillments and cancellations out."""
