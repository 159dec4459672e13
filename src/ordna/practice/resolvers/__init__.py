"""From the shop's records to the fields of the Admin API, and from its mutations to the verbs.

Each file offers tables `{type: {field: resolver}}`; `graphql` binds them to the schema. A field without an entry
is read from the record's attribute of the same name in snake case, or from the key of a dictionary.
"""
