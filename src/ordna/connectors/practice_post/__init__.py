"""Practice Post, the carrier to practise with."""
