"""Settings, addresses and the application server's entry points."""
