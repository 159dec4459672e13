"""Checking a document and its variables, with Shopify's own words and codes for what is wrong.

The usual mistakes (an unknown field, argument or type, a missing argument, an impossible literal or variable)
are found here. What is left is checked by graphql-core's rules and reported in its words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLArgument,
    GraphQLInputField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Undefined,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    print_ast,
    type_from_ast,
    validate,
)
from graphql.language import ListValueNode, get_location
from graphql.utilities import value_from_ast

Problem = dict[str, Any]
_TYPENAME = "__typename"


def document_errors(schema: GraphQLSchema, document: DocumentNode) -> list[dict[str, Any]]:
    """What is wrong with the document, as entries of the answer's `errors`; empty when nothing is."""
    found = [error for definition in document.definitions for error in _definition(schema, definition)]
    if found:
        return found
    return [
        {**dict(error.formatted), "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}
        for error in validate(schema, document)
    ]


def variable_errors(
    schema: GraphQLSchema, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> list[dict[str, Any]]:
    """What is wrong with the variables: one INVALID_VARIABLE for each, naming every problem in it."""
    errors = []
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        kind = type_from_ast(schema, definition.type)
        if name not in variables and (definition.default_value or not is_non_null_type(kind)):
            continue
        problems = list(_problems(kind, variables.get(name), []))
        if problems:
            errors.append(_invalid_variable(definition, name, variables.get(name), problems))
    return errors


def _definition(schema: GraphQLSchema, definition: Node) -> Iterator[dict[str, Any]]:
    if isinstance(definition, OperationDefinitionNode):
        name = f" {definition.name.value}" if definition.name else ""
        root = {
            OperationType.QUERY: schema.query_type,
            OperationType.MUTATION: schema.mutation_type,
        }.get(definition.operation)
        if root:
            path = [f"{definition.operation.value}{name}"]
            yield from _selections(schema, root, definition.selection_set, path)
    elif isinstance(definition, FragmentDefinitionNode):
        condition = definition.type_condition.name.value
        found = schema.get_type(condition)
        path = [f"fragment {definition.name.value}"]
        if found is None:
            yield _unknown_type(condition, definition, path)
        else:
            yield from _selections(schema, found, definition.selection_set, path)


def _selections(
    schema: GraphQLSchema, parent: GraphQLNamedType, selections: SelectionSetNode, path: list[Any]
) -> Iterator[dict[str, Any]]:
    for selection in selections.selections:
        if isinstance(selection, FieldNode):
            yield from _field(schema, parent, selection, path)
        elif isinstance(selection, InlineFragmentNode):
            inner: GraphQLNamedType | None = parent
            step = path
            if selection.type_condition:
                condition = selection.type_condition.name.value
                inner, step = schema.get_type(condition), [*path, f"... on {condition}"]
                if inner is None:
                    yield _unknown_type(condition, selection, step)
                    continue
            if inner is not None:
                yield from _selections(schema, inner, selection.selection_set, step)


def _field(
    schema: GraphQLSchema, parent: GraphQLNamedType, node: FieldNode, path: list[Any]
) -> Iterator[dict[str, Any]]:
    name = node.name.value
    path = [*path, node.alias.value if node.alias else name]
    if name in (_TYPENAME, "__schema", "__type"):
        return
    definition = getattr(parent, "fields", {}).get(name)
    if definition is None:
        message = f"Field '{name}' doesn't exist on type '{parent.name}'"
        yield _error(message, node, path, "undefinedField", typeName=parent.name, fieldName=name)
        return
    yield from _arguments(definition.args, node, name, path)
    kind = get_named_type(definition.type)
    if is_composite_type(kind) and not node.selection_set:
        message = f"Field must have selections (field '{name}' returns {kind.name} but has no selections."
        message += f" Did you mean '{name} {{ ... }}'?)"
        yield _error(message, node, path, "selectionMismatch", nodeName=f"field '{name}'", typeName=kind.name)
    elif is_leaf_type(kind) and node.selection_set:
        message = f"Selections can't be made on scalars (field '{name}' returns {kind.name} but has selections)"
        yield _error(message, node, path, "selectionMismatch", nodeName=f"field '{name}'", typeName=kind.name)
    elif node.selection_set:
        yield from _selections(schema, kind, node.selection_set, path)


def _arguments(
    known: dict[str, GraphQLArgument], node: FieldNode, name: str, path: list[Any]
) -> Iterator[dict[str, Any]]:
    given = {argument.name.value: argument for argument in node.arguments or ()}
    missing = [one for one, argument in known.items() if is_required_argument(argument) and one not in given]
    if missing:
        listed = ", ".join(missing)
        message = f"Field '{name}' is missing required arguments: {listed}"
        yield _error(message, node, path, "missingRequiredArguments", className="Field", name=name, arguments=listed)
    for one, argument in given.items():
        if one not in known:
            yield _not_accepted("Field", name, one, argument, path)
        else:
            yield from _literal(known[one].type, argument.value, argument, node, ("Field", name), [*path, one])


def _literal(
    kind: Any, value: ValueNode, at: ArgumentNode | ObjectFieldNode, node: Node, owner: tuple[str, str], path: list[Any]
) -> Iterator[dict[str, Any]]:
    if isinstance(value, VariableNode):
        return
    bare = kind.of_type if is_non_null_type(kind) else kind
    if is_input_object_type(bare) and isinstance(value, ObjectValueNode):
        yield from _object_literal(bare, value, node, path)
        return
    if is_list_type(bare) and isinstance(value, ListValueNode):
        inner = get_named_type(bare)
        if is_input_object_type(inner):
            for index, item in enumerate(value.values):
                if isinstance(item, ObjectValueNode):
                    yield from _object_literal(inner, item, node, [*path, index])
            return
    if _impossible(kind, value):
        message = f"Argument '{at.name.value}' on {owner[0]} '{owner[1]}' has an invalid value"
        message += f" ({print_ast(value)}). Expected type '{kind}'."
        place = node if owner[0] == "Field" else value
        yield _error(
            message,
            place,
            path,
            "argumentLiteralsIncompatible",
            typeName=owner[0],
            argumentName=at.name.value,
        )


def _object_literal(kind: Any, value: ObjectValueNode, node: Node, path: list[Any]) -> Iterator[dict[str, Any]]:
    fields: dict[str, GraphQLInputField] = kind.fields
    given = {one.name.value: one for one in value.fields}
    for name, field in fields.items():
        if is_non_null_type(field.type) and name not in given:
            message = f"Argument '{name}' on InputObject '{kind.name}' is required. Expected type {field.type}"
            yield _error(
                message,
                value,
                [*path, name],
                "missingRequiredInputObjectAttribute",
                argumentName=name,
                argumentType=str(field.type),
                inputObjectType=kind.name,
            )
    for name, one in given.items():
        if name not in fields:
            yield _not_accepted("InputObject", kind.name, name, one, path)
        else:
            yield from _literal(fields[name].type, one.value, one, node, ("InputObject", kind.name), [*path, name])


def _impossible(kind: Any, value: ValueNode) -> bool:
    if isinstance(value, NullValueNode):
        return is_non_null_type(kind)
    if _holds_variable(value):
        return False
    return value_from_ast(value, kind) is Undefined


def _holds_variable(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(_holds_variable(one) for one in value.values)
    if isinstance(value, ObjectValueNode):
        return any(_holds_variable(one.value) for one in value.fields)
    return isinstance(value, VariableNode)


def _problems(kind: Any, value: Any, path: list[Any]) -> Iterator[Problem]:
    if is_non_null_type(kind):
        if value is None:
            yield {"path": path, "explanation": "Expected value to not be null"}
            return
        kind = kind.of_type
    if value is None:
        return
    if is_list_type(kind):
        items = value if isinstance(value, list) else [value]
        for index, item in enumerate(items):
            yield from _problems(kind.of_type, item, [*path, index])
    elif is_input_object_type(kind):
        yield from _object_problems(kind, value, path)
    elif is_enum_type(kind):
        if value not in kind.values:
            choices = ", ".join(kind.values)
            yield {"path": path, "explanation": f'Expected "{value}" to be one of: {choices}'}
    else:
        yield from _scalar_problems(kind.name, value, path)


def _object_problems(kind: Any, value: Any, path: list[Any]) -> Iterator[Problem]:
    if not isinstance(value, dict):
        yield {"path": path, "explanation": f"Expected {value!r} to be a key-value object."}
        return
    for name in value:
        if name not in kind.fields:
            yield {"path": [*path, name], "explanation": f"Field is not defined on {kind.name}"}
    for name, field in kind.fields.items():
        if name in value or (is_non_null_type(field.type) and field.default_value is Undefined):
            yield from _problems(field.type, value.get(name), [*path, name])


def _scalar_problems(name: str, value: Any, path: list[Any]) -> Iterator[Problem]:
    fits = {
        "Int": isinstance(value, int) and not isinstance(value, bool),
        "Float": isinstance(value, int | float) and not isinstance(value, bool),
        "Boolean": isinstance(value, bool),
        "String": isinstance(value, str),
        "ID": isinstance(value, str | int) and not isinstance(value, bool),
        "DateTime": isinstance(value, str),
    }.get(name, True)
    if not fits:
        yield {"path": path, "explanation": f"Could not coerce value {value!r} to {name}"}
    elif name == "ID" and isinstance(value, str) and not value.startswith("gid://"):
        yield {"path": path, "explanation": f"Invalid global id '{value}'", "message": f"Invalid global id '{value}'"}


def _invalid_variable(
    definition: VariableDefinitionNode, name: str, value: Any, problems: list[Problem]
) -> dict[str, Any]:
    kind = print_ast(definition.type)
    message = f"Variable ${name} of type {kind} was provided invalid value"
    named = [one for one in problems if one["path"]]
    if named:
        listed = ", ".join(f"{'.'.join(map(str, one['path']))} ({one['explanation']})" for one in named)
        message += f" for {listed}"
    return {
        "message": message,
        "locations": [_place(definition)],
        "extensions": {"code": "INVALID_VARIABLE", "value": value, "problems": problems},
    }


def _not_accepted(owner: str, name: str, argument: str, node: Node, path: list[Any]) -> dict[str, Any]:
    return _error(
        f"{owner} '{name}' doesn't accept argument '{argument}'",
        node,
        [*path, argument],
        "argumentNotAccepted",
        name=name,
        typeName=owner,
        argumentName=argument,
    )


def _unknown_type(name: str, node: Node, path: list[Any]) -> dict[str, Any]:
    message = f"No such type {name}, so it can't be a fragment condition"
    return _error(message, node, path, "undefinedType", typeName=name)


def _error(message: str, node: Node, path: list[Any], code: str, **extensions: Any) -> dict[str, Any]:
    return {
        "message": message,
        "locations": [_place(node)],
        "path": path,
        "extensions": {"code": code, **extensions},
    }


def _place(node: Node) -> dict[str, int]:
    if node.loc is None:
        return {"line": 1, "column": 1}
    found = get_location(node.loc.source, node.loc.start)
    return {"line": found.line, "column": found.column}
