"""Write the API's types as TypeScript: `python scripts/api_types.py > src/api/types.ts`.

The source is server/mltrack_server/resources/; tests/browser/test_types.py fails when the two
differ.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from typing import Final

import msgspec

from mltrack_server import resources

_HEAD: Final = """\
// The API's resources. Written by scripts/api_types.py from server/mltrack_server/resources/:
// change that file and run the script.

export type NonFinite = "NaN" | "Infinity" | "-Infinity";
/** JSON has no NaN and no infinity, and both are values here. `toNumber` reads it. */
export type ApiNumber = number | NonFinite;
export type ParamScalar = null | boolean | number | string;
export type ParamValue = ParamScalar | ParamScalar[];
export type RunState = RunSummary["state"];
export type XAxis = NonNullable<SeriesQuery["x"]>;
"""
# Unions that have a name of their own above, and what else is in a field's union stays beside it.
_NAMED: Final = {
    "ParamValue": {"boolean", "number", "string", "null", "(boolean | number | string | null)[]"},
    "ApiNumber": {"number", '"-Infinity"', '"Infinity"', '"NaN"'},
}
_SIMPLE: Final = {
    "boolean": "boolean",
    "integer": "number",
    "number": "number",
    "string": "string",
    "null": "null",
}


def main() -> None:
    """Print the types."""
    sys.stdout.write(types())


def types() -> str:
    """Return the content of src/api/types.ts."""
    structs = [
        kind
        for kind in vars(resources).values()
        if isinstance(kind, type)
        and issubclass(kind, resources.Resource | resources.Request)
        and kind not in (resources.Resource, resources.Request)
    ]
    _, schemas = msgspec.json.schema_components(structs, ref_template="{name}")
    parts = [_interface(kind, schemas[kind.__name__]) for kind in structs]
    return "\n".join((_HEAD, *parts))


def _interface(kind: type[msgspec.Struct], schema: dict[str, Any]) -> str:
    """Return one resource. What the server leaves to a default may be left out of a request."""
    required = set(schema["required"]) if issubclass(kind, resources.Request) else None
    lines = [f"export interface {kind.__name__} {{"]
    for name, field in schema["properties"].items():
        mark = "" if required is None or name in required else "?"
        lines.append(f"  {name}{mark}: {_type(field)};")
    return "\n".join((*lines, "}", ""))


def _type(schema: dict[str, Any]) -> str:
    """Return the TypeScript of one JSON schema."""
    if "$ref" in schema:
        return str(schema["$ref"])
    members = _members(schema)
    for name, named in _NAMED.items():
        if set(members) >= named:
            members = [name, *(one for one in members if one not in named)]
    return " | ".join(members)


def _members(schema: dict[str, Any]) -> list[str]:
    """Return the members of a union, each once; of anything else, the one type that it is."""
    if "anyOf" in schema:
        members = [member for one in schema["anyOf"] for member in _members(one)]
        return sorted(set(members), key=lambda one: (one == "null", not one.isalpha(), one))
    if "enum" in schema:
        return [json.dumps(value) for value in schema["enum"]]
    if "$ref" in schema:
        return [str(schema["$ref"])]
    if schema.get("type") == "array":
        item = _type(schema["items"])
        return [f"({item})[]" if " | " in item else f"{item}[]"]
    if schema.get("type") == "object":
        # Not its propertyNames, which msgspec tells since 0.23: a Record of these has all of them.
        return [f"Record<string, {_type(schema['additionalProperties'])}>"]
    return [_SIMPLE[schema["type"]]]


if __name__ == "__main__":
    main()
