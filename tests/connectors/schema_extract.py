"""The part of a GraphQL schema that a set of documents uses, as SDL: small, and enough to validate them."""

from __future__ import annotations

from collections.abc import Iterable

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)

BUILT_IN = frozenset(("String", "Int", "Float", "Boolean", "ID"))
Used = dict[str, set[str]]


def extract(schema: GraphQLSchema, documents: Iterable[str]) -> str:
    """SDL of every field the documents select, every argument and input field they may give, enums in full."""
    used = _used(schema, documents)
    types: dict[str, str] = {}
    waiting = [*used, *(name for name, each in schema.type_map.items() if name in used)]
    while waiting:
        name = waiting.pop()
        if name in types or name in BUILT_IN or name not in schema.type_map:
            continue
        text, mentioned = _written(schema, schema.type_map[name], used)
        types[name] = text
        waiting += mentioned
    roots = f"schema {{ query: {schema.query_type} mutation: {schema.mutation_type} }}"
    return "\n\n".join([roots, *(types[name] for name in sorted(types))]) + "\n"


def _used(schema: GraphQLSchema, documents: Iterable[str]) -> Used:
    """Fields by type: those selected, and those of input objects written out in a document."""
    used: Used = {}
    info = TypeInfo(schema)

    class Collector(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            parent = info.get_parent_type()
            if parent is not None:
                used.setdefault(parent.name, set()).add(node.name.value)

        def enter_object_field(self, node: ObjectFieldNode, *_: object) -> None:
            parent = info.get_parent_input_type()
            if parent is not None:
                used.setdefault(get_named_type(parent).name, set()).add(node.name.value)

    for document in documents:
        tree = parse(document)
        visit(tree, TypeInfoVisitor(info, Collector()))
        for definition in tree.definitions:
            condition = getattr(definition, "type_condition", None)
            if condition is not None:
                used.setdefault(condition.name.value, set())
    return used


def _written(schema: GraphQLSchema, kind: GraphQLNamedType, used: Used) -> tuple[str, list[str]]:
    name = kind.name
    if isinstance(kind, GraphQLEnumType):
        return f"enum {name} {{ {' '.join(kind.values)} }}", []
    if isinstance(kind, GraphQLInputObjectType):
        chosen = used.get(name) or set(kind.fields)
        fields = {each: field for each, field in kind.fields.items() if each in chosen}
        rows = [f"  {each}: {field.type}" for each, field in fields.items()]
        return "input " + name + " {\n" + "\n".join(rows) + "\n}", [
            get_named_type(f.type).name for f in fields.values()
        ]
    if isinstance(kind, GraphQLUnionType):
        members = sorted(member.name for member in kind.types if member.name in used)
        return f"union {name} = {' | '.join(members)}", members
    if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
        return f"scalar {name}", []
    chosen = used.get(name, set()) | {"id"} if "id" in kind.fields else used.get(name, set())
    rows, mentioned = [], []
    for each in sorted(chosen & set(kind.fields)):
        field = kind.fields[each]
        arguments = ", ".join(f"{arg}: {spec.type}" for arg, spec in field.args.items())
        rows.append(f"  {each}{f'({arguments})' if arguments else ''}: {field.type}")
        mentioned += [get_named_type(field.type).name, *(get_named_type(a.type).name for a in field.args.values())]
    word = "interface" if isinstance(kind, GraphQLInterfaceType) else "type"
    of = " implements Node" if any(i.name == "Node" for i in kind.interfaces) else ""
    return f"{word} {name}{of} {{\n" + "\n".join(rows) + "\n}", [*mentioned, *(["Node"] if of else [])]
