"""The headless API: the same requests as the pages, through the same door."""
