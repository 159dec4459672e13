"""Pure: what an order is, what happened to it, and what is to be done. No clock, no random, no I/O."""
