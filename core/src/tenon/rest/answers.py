"""JSON Schemas of what is answered beside records: history, moves, approvals, merges, the index."""

from __future__ import annotations

from typing import Any

from .schemas import DEFINITION, PROBLEM, UUID_, listed

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}
MAYBE_UUID: Schema = {"type": ["string", "null"], "format": "uuid"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
MAYBE_MOMENT: Schema = {"type": ["string", "null"], "format": "date-time"}
MAYBE_DATE: Schema = {"type": ["string", "null"], "format": "date"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
REASONS: Schema = PROBLEM["properties"]["errors"]


def shaped(properties: Schema, *optional: str) -> Schema:
    """An object that has all of these, save those named optional."""
    needed = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": needed}


def many(item: Schema) -> Schema:
    return {"type": "array", "items": item}


ENTRY = shaped(
    {
        "id": UUID_,
        "at": MOMENT,
        "actor": shaped({"id": MAYBE_UUID, "name": TEXT}),
        "via": TEXT,
        "action": TEXT,
        "version": COUNT,
        "changes": {
            "type": "object",
            "description": "By field, its value before and after.",
            "additionalProperties": shaped({"before": {}, "after": {}}),
        },
        "note": {"type": ["object", "null"]},
        "batch": MAYBE_UUID,
    }
)
HAPPENING = shaped(
    {
        "at": MOMENT,
        "id": UUID_,
        "kind": TEXT,
        "title": TEXT,
        "text": MAYBE_TEXT,
        "actor_id": MAYBE_UUID,
        "entity": MAYBE_TEXT,
        "record_id": MAYBE_UUID,
        "data": {"type": "object"},
    }
)
SUM: Schema = {
    "type": "object",
    "required": ["count"],
    "properties": {"count": COUNT},
    "description": "The values of by, count, and the sums of the fields of.",
}
FIELD = shaped(
    {
        "path": TEXT,
        "label": TEXT,
        "kind": TEXT,
        "origin": {"type": "string", "description": "The plugin that brings it, or custom."},
        "required": FLAG,
        "unique": FLAG,
        "readonly": FLAG,
        "to": MAYBE_TEXT,
        "choices": many(shaped({"key": TEXT, "label": TEXT})),
    }
)
FIELDS: Schema = shaped({"data": many(FIELD), "custom": many(DEFINITION)})
FOUND = listed(shaped({"entity": TEXT, "id": UUID_, "title": TEXT}))
ME = shaped(
    {
        "id": UUID_,
        "name": TEXT,
        "email": MAYBE_TEXT,
        "roles": many(TEXT),
        "team_id": MAYBE_UUID,
        "admin": FLAG,
        "scopes": {"type": ["array", "null"], "items": TEXT, "description": "null: no restriction."},
        "modes": many(TEXT),
    }
)
INDEX = shaped(
    {
        "name": TEXT,
        "version": TEXT,
        "links": {"type": "object", "additionalProperties": TEXT},
        "collections": many(shaped({"entity": TEXT, "label": TEXT, "href": TEXT})),
    }
)
STAGE = shaped(
    {"key": TEXT, "label": TEXT, "status": TEXT, "probability": {"type": ["number", "string", "null"]}}
)
PIPELINE = shaped({"key": TEXT, "entity": TEXT, "label": TEXT, "default": FLAG, "stages": many(STAGE)})
MOVES = shaped(
    {
        "pipeline": MAYBE_TEXT,
        "stage": MAYBE_TEXT,
        "data": many(
            shaped({"to": TEXT, "label": TEXT, "allowed": FLAG, "approvals": many(TEXT), "missing": REASONS})
        ),
    }
)
STAY = shaped(
    {
        "id": UUID_,
        "kind": {"type": "string", "enum": ["stage", "value"]},
        "pipeline": TEXT,
        "stage": TEXT,
        "status": TEXT,
        "from_stage": MAYBE_TEXT,
        "entered_at": MOMENT,
        "left_at": MAYBE_MOMENT,
        "seconds": {"type": ["integer", "null"], "description": "null while the stay goes on."},
        "actor_id": MAYBE_UUID,
        "reason": MAYBE_TEXT,
        "overridden": FLAG,
        "amount": MAYBE_TEXT,
        "previous_amount": MAYBE_TEXT,
        "close_date": MAYBE_DATE,
        "previous_close_date": MAYBE_DATE,
        "category": MAYBE_TEXT,
        "previous_category": MAYBE_TEXT,
    }
)
APPROVAL = shaped(
    {
        "id": UUID_,
        "entity": TEXT,
        "record_id": UUID_,
        "pipeline": TEXT,
        "from": MAYBE_TEXT,
        "to": TEXT,
        "status": TEXT,
        "requested_by": MAYBE_UUID,
        "requested_at": MOMENT,
        "reason": MAYBE_TEXT,
        "step": COUNT,
        "step_since": MOMENT,
        "steps": many(shaped({"approval": TEXT, "label": TEXT, "quorum": COUNT, "approvers": many(UUID_)})),
        "votes": many(
            shaped(
                {
                    "step": COUNT,
                    "seat": UUID_,
                    "by": UUID_,
                    "decision": TEXT,
                    "comment": MAYBE_TEXT,
                    "at": MOMENT,
                }
            )
        ),
        "problems": REASONS,
    }
)
ASKED = shaped({"approval": APPROVAL})
LEFT = many(shaped({"entity": TEXT, "id": UUID_, "reason": TEXT}))
MERGED = shaped({"id": UUID_, "record": {"type": "object"}, "moved": COUNT, "kept": LEFT})
UNDONE = shaped({"undone": COUNT, "conflicts": LEFT})
