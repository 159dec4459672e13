"""The flow file: the merchant's intended way, as data."""
