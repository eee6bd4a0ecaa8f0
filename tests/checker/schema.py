"""Is a JSON value what a schema says? The part of JSON Schema 2020-12 that docs/tutorial.schema.json uses; an unknown
keyword is an error, so that a schema never says more than is looked at."""
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TUTORIAL = json.loads((ROOT / "docs/tutorial.schema.json").read_text())
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
KNOWN = {"$schema", "$defs", "$ref", "title", "description", "type", "required", "properties", "items", "minItems", "maxItems",
         "minLength", "pattern", "minimum", "const", "oneOf"}


def faults(value, schema=TUTORIAL, root=TUTORIAL, at=""):
    """What is wrong, as sentences; members that the schema does not name are faults too."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema:
        return faults(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
    if "oneOf" in schema:
        tried = [faults(value, s, root, at) for s in schema["oneOf"]]
        return [] if sum(not t for t in tried) == 1 else [f"{at}: is {sum(not t for t in tried)} of the forms, not one"]
    if "const" in schema and value != schema["const"]:
        return [f"{at}: {value!r} is not {schema['const']!r}"]
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool))):
        return [f"{at}: is no {kind}"]
    out = []
    if isinstance(value, dict):
        members = schema.get("properties", {})
        out += [f"{at}: has no {name}" for name in schema.get("required", []) if name not in value]
        out += [f"{at}: {name} is not in the schema" for name in value if name not in members]
        for name in value.keys() & members.keys():
            out += faults(value[name], members[name], root, f"{at}/{name}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            out.append(f"{at}: {len(value)} items")
        for i, item in enumerate(value):
            out += faults(item, schema.get("items", {}), root, f"{at}/{i}")
    if isinstance(value, str):
        if len(value) < schema.get("minLength", 0) or not re.search(schema.get("pattern", ""), value):
            out.append(f"{at}: {value[:80]!r} is not of the form")
    if isinstance(value, int) and value < schema.get("minimum", value):
        out.append(f"{at}: {value} is below {schema['minimum']}")
    return out
