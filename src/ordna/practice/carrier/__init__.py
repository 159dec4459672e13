"""Practice Post: a carrier to try shipping with, over HTTP, bad days included. It knows nothing of Ordna."""
