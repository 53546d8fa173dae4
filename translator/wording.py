"""What is wrong with a value, in the words of somebody who does not know pydantic.

A model's errors are told with what its JSON Schema allows, the same that editors show.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from rapidfuzz import fuzz, process

Place = tuple[int | str, ...]
"""Keys and indexes that lead to a value."""


def refused(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Place, str]]:
    """Each place at which the model refuses a value, and why."""
    for one in _causes(error.errors()):
        place = tuple(part for part in one["loc"] if part != "[key]")
        yield place, _told(one, place, model)


def _causes(errors: Sequence[Any]) -> Iterator[Any]:
    """Without lists that are too short because what is in them is wrong."""
    inside = {error["loc"][:end] for error in errors for end in range(len(error["loc"]))}
    return (one for one in errors if one["type"] != "too_short" or one["loc"] not in inside)


def _told(error: Any, place: Place, model: type[BaseModel]) -> str:
    *outer, last = place or ("",)
    match error["type"]:
        case "extra_forbidden":
            known = _node(model, tuple(outer)).get("properties", {})
            return f"there is no such key{nearest(str(last), known)}; allowed: {', '.join(known)}"
        case "missing":
            return f"is missing{_example(_node(model, place))}"
        case "value_error":
            return str(error["ctx"]["error"])
        case _:
            return worded(error) + _allowed(_node(model, place))


def nearest(word: str, known: Mapping[str, Any] | list[str]) -> str:
    """`; did you mean 'speak'?`, or nothing where no known word is like it."""
    found = process.extractOne(word, list(known), scorer=fuzz.ratio, score_cutoff=60)
    return f"; did you mean {found[0]!r}?" if found else ""


def worded(error: Any) -> str:
    """What is wrong with a value: one of pydantic's `errors()`, in plain words."""
    words = _TEXTS.get(error["type"])
    if words is None:
        return str(error["msg"])
    return words.format_map(
        {key: _plain(value) for key, value in error.get("ctx", {}).items()}
        | {"name": next(reversed(error["loc"]), "")}
    )


def _plain(value: object) -> object:
    """A bound as people write it: 0, not 0.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


_TEXTS = {
    "missing": "{name} is missing",
    "unexpected_keyword_argument": "there is no {name}",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_type": "must be lines of `key: value`",
    "model_attributes_type": "must be lines of `key: value`",
    "dict_type": "must be lines of `key: value`",
    "mapping_type": "must be lines of `key: value`",
    "dataclass_type": "must be lines of `key: value`",
    "tuple_type": "must be a list, such as [one, two]",
    "list_type": "must be a list, such as [one, two]",
    "set_type": "must be a list, such as [one, two]",
    "frozen_set_type": "must be a list, such as [one, two]",
    "iterable_type": "must be a list, such as [one, two]",
    "string_type": "must be a word; put it into quotes",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "literal_error": "is not allowed",
    "enum": "is not allowed",
    "string_pattern_mismatch": "cannot be written so",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
    "too_long": "is too long",
    "string_too_long": "is too long",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
}


def _allowed(node: Mapping[str, Any]) -> str:
    """What the schema allows at a place, as the end of a sentence."""
    if "const" in node:
        return f"; allowed: {node['const']}"
    if "enum" in node:
        return f"; allowed: {', '.join(map(str, node['enum']))}"
    if "minimum" in node and "maximum" in node:
        return f"; allowed: {node['minimum']:g} to {node['maximum']:g}"
    if "maxLength" in node:
        return f"; allowed: up to {node['maxLength']} characters"
    if "maxItems" in node:
        return f"; allowed: up to {node['maxItems']}"
    if "properties" in node:
        return f"; allowed: {', '.join(node['properties'])}"
    return _example(node)


def _example(node: Mapping[str, Any]) -> str:
    examples = node.get("examples", [node["const"]] if "const" in node else [])
    return f"; for example {json.dumps(examples[0], ensure_ascii=False)}" if examples else ""


@cache
def _schema(model: type[BaseModel]) -> Mapping[str, Any]:
    return model.model_json_schema()


def _node(model: type[BaseModel], place: Place) -> Mapping[str, Any]:
    """The part of the model's schema that is about `place`; empty where it says nothing."""
    schema = _schema(model)
    node = schema
    for part in place:
        node = _step(_resolved(node, schema), part)
    return _resolved(node, schema)


def _step(node: Mapping[str, Any], part: int | str) -> Mapping[str, Any]:
    if isinstance(part, int):
        found = node.get("items", {})
    else:
        found = node.get("properties", {}).get(part, node.get("additionalProperties", {}))
    return found if isinstance(found, dict) else {}


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`node` without references; of alternatives the one that has parts."""
    while True:
        if "$ref" in node:
            found = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
        elif "anyOf" in node:
            found = max(node["anyOf"], key=lambda one: "$ref" in one or "items" in one)
        else:
            return node
        node = {**found, **{key: node[key] for key in ("examples",) if key in node}}
