"""The practice shop: a Shopify that behaves like Shopify over HTTP, for trying a flow before the real shop.

It imports nothing of the rest of ordna, and nothing but the command line starts it. `model` and `world` hold
the shop, `mutations` are the verbs that change it, `graphql` and `server` answer the Admin API.
"""
