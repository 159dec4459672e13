"""The headless API: the same requests as the pages."""
