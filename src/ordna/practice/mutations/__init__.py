"""The verbs that change a shop, one file a family.

Each verb takes the `World` and records of it, changes them, writes what happened to the world's outbox and
returns what it made. A verb that may not be done raises `refusal.Refused` and changes nothing. GraphQL and the
life generator use the same verbs; ids, documents and payload shapes are not known here.
"""
