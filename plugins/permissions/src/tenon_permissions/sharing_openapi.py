"""What the API's document says of sharing."""

from __future__ import annotations

from typing import Any

from .models import CAUSES, LEVELS, PRINCIPALS

ID = {"type": "string", "format": "uuid"}
MAYBE_ID = {"type": ["string", "null"], "format": "uuid"}
MOMENT = {"type": "string", "format": "date-time"}
MAYBE_TEXT = {"type": ["string", "null"]}
LEVEL = {"type": "string", "enum": [choice.key for choice in LEVELS]}
KIND = {"type": "string", "enum": list(PRINCIPALS)}
PLACE = [
    {"name": "collection", "in": "path", "required": True, "schema": {"type": "string"},
     "description": "The kind of record as in other addresses: accounts"},
    {"name": "id", "in": "path", "required": True, "schema": ID},
]  # fmt: skip
REFUSED = {
    "403": {"description": "You may not share this record, or not so far"},
    "404": {"description": "There is no such record, or you may not see it"},
}
INVALID = {
    "422": {
        "description": "Some values were not accepted",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
LIST = {
    "description": "Everybody the record is shared with",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Shares"}}},
}
CONFLICT = {
    "description": "It is shared by a rule, a team or a territory, and ends there",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def _giving(summary: str, schema: str) -> dict[str, Any]:
    body = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": body},
        "responses": {"200": LIST, **REFUSED, **INVALID},
    }


def _taking(summary: str, parameter: str) -> dict[str, Any]:
    named = {"name": parameter, "in": "query", "required": True, "schema": ID}
    done = {"204": {"description": "It is taken away"}, "409": CONFLICT}
    return {"summary": summary, "parameters": [named], "responses": {**done, **REFUSED}}


SHARED = {
    "principal_kind": KIND,
    "principal_id": ID,
    "name": {**MAYBE_TEXT, "description": "null where you may not see them"},
    "level": LEVEL,
    "cause": {"type": "string", "enum": list(CAUSES)},
    "function": {**MAYBE_TEXT, "description": "What a member of its team does"},
    "until": {"type": ["string", "null"], "format": "date-time"},
    "at": MOMENT,
    "granted_by": MAYBE_ID,
    "origin": {**MAYBE_ID, "description": "The rule, or the record it came from in a merge"},
    "by_hand": {"type": "boolean", "description": "Whether it can be taken away here"},
}
OPENAPI: dict[str, Any] = {
    "paths": {
        "/{collection}/{id}/shares": {
            "parameters": PLACE,
            "get": {
                "summary": "With whom a record is shared, and why",
                "responses": {"200": LIST, **REFUSED},
            },
            "post": _giving("Share a record with a person, a team or a territory", "NewShare"),
            "delete": _taking("Take back what was shared by hand", "principal_id"),
        },
        "/{collection}/{id}/team": {
            "parameters": PLACE,
            "post": _giving("Take a person into the team of a record", "NewTeamMember"),
            "delete": _taking("Take a person out of the team of a record", "user_id"),
        },
        "/{collection}/{id}/territories": {
            "parameters": PLACE,
            "post": _giving("Put a record in a territory by hand", "NewPlacement"),
            "delete": _taking("Take a record out of a territory", "territory_id"),
        },
    },
    "components": {
        "schemas": {
            "Share": _closed(SHARED, *SHARED),
            "Shares": _closed(
                {
                    "data": {"type": "array", "items": {"$ref": "#/components/schemas/Share"}},
                    "may_give": {
                        "type": ["string", "null"],
                        "description": "The highest level that you may give",
                    },
                },
                "data",
                "may_give",
            ),
            "NewShare": _closed(
                {
                    "principal_kind": KIND,
                    "principal_id": ID,
                    "level": {**LEVEL, "default": "read"},
                    "until": {"type": ["string", "null"], "format": "date-time"},
                },
                "principal_kind",
                "principal_id",
            ),
            "NewTeamMember": _closed(
                {
                    "user_id": ID,
                    "function": {**MAYBE_TEXT, "maxLength": 100},
                    "level": {**LEVEL, "default": "read"},
                },
                "user_id",
            ),
            "NewPlacement": _closed({"territory_id": ID}, "territory_id"),
        }
    },
}
