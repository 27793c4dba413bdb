"""Every operation of the API, in one table."""

from __future__ import annotations

from . import answers, customizing, index, listing, schemas, selling, writing
from .openapi import document
from .operations import Operation, Parameter

LIST = (
    Parameter("sort", "Fields to sort by, comma-separated, - in front for descending."),
    Parameter("fields", "The fields to answer with, comma-separated."),
    Parameter("include", "References to embed, comma-separated, under included."),
    Parameter("search", "Words that must stand in the record's search fields."),
    Parameter(
        "archived", "Whether archived records count.", {"type": "string", "enum": ["no", "only", "all"]}
    ),
    Parameter("total", "Whether to count the whole list.", {"type": "string", "enum": ["true", "false"]}),
    Parameter("page[size]", "Records a page.", {"type": "integer", "minimum": 1, "maximum": 200}),
    Parameter("page[after]", "The next of the page before."),
)
PAGE = LIST[-2:]
MAY_MATCH = Parameter(
    "If-Match", "Only if the record is there at this version.", {"type": "string"}, where="header"
)
NONE_MATCH = Parameter("If-None-Match", "*: only if there is none yet.", {"type": "string"}, where="header")
GROUP = (
    Parameter("by", "Fields to group by, comma-separated."),
    Parameter("of", "Numbers and amounts to sum, comma-separated."),
    LIST[3],
    LIST[4],
)
ONE = (
    LIST[1],
    LIST[2],
    Parameter(
        "as_of", "A moment: answer with the record as it was then.", {"type": "string", "format": "date-time"}
    ),
)

RECORD = "/{collection}/{id}"

COLLECTIONS = (
    Operation(
        "GET",
        "/{collection}",
        listing.list_records,
        "List",
        answer=schemas.page,
        filtered=True,
        parameters=LIST,
        refusals=(400, 403),
    ),
    Operation(
        "POST",
        "/{collection}",
        writing.create_record,
        "Create",
        status=(201,),
        answer=schemas.ref,
        body=schemas.create,
        refusals=(400, 403, 409, 413, 415, 422),
        idempotent_key=True,
    ),
    Operation(
        "POST",
        "/{collection}/search",
        listing.search_records,
        "Search with nested and, or, not",
        answer=schemas.page,
        body=lambda _type: {"$ref": "#/components/schemas/Search"},
        refusals=(400, 403, 413, 415),
    ),
    Operation(
        "GET",
        "/{collection}/sums",
        listing.sums,
        "Counts and sums, grouped",
        parameters=GROUP,
        answer=lambda _type: schemas.listed(answers.SUM),
        filtered=True,
        refusals=(400, 403),
    ),
    Operation(
        "POST",
        "/{collection}/bulk",
        writing.bulk,
        "Create, change, archive or restore many, each with its result",
        answer=lambda _type: schemas.BULK_ANSWER,
        body=schemas.bulk,
        refusals=(400, 403, 409, 413, 415, 422),
        idempotent_key=True,
    ),
    Operation(
        "GET",
        "/{collection}/fields",
        customizing.list_fields,
        "Every field there is",
        answer=lambda _type: answers.FIELDS,
        refusals=(403,),
    ),
    Operation(
        "POST",
        "/{collection}/fields",
        customizing.define,
        "Add a field of one's own",
        status=(201,),
        answer=lambda _type: schemas.DEFINITION,
        body=lambda _type: schemas.NEW_DEFINITION,
        idempotent_key=True,
        refusals=(400, 403, 409, 413, 415, 422),
    ),
    Operation(
        "PATCH",
        "/{collection}/fields/{key}",
        customizing.redefine,
        "Change a field of one's own",
        answer=lambda _type: schemas.DEFINITION,
        body=lambda _type: schemas.CHANGED_DEFINITION,
        refusals=(400, 403, 404, 409, 413, 415, 422),
    ),
    Operation(
        "GET",
        "/{collection}/by-external-id/{system}/{external_id}",
        writing.get_external,
        "Read by another system's id",
        answer=schemas.ref,
        refusals=(403,),
        status=(200, 304),
    ),
    Operation(
        "PUT",
        "/{collection}/by-external-id/{system}/{external_id}",
        writing.put_external,
        "Create or change by another system's id",
        status=(200, 201),
        answer=schemas.ref,
        body=schemas.patch,
        parameters=(MAY_MATCH, NONE_MATCH),
        refusals=(400, 403, 409, 412, 413, 415, 422),
    ),
)

RECORDS = (
    Operation(
        "GET",
        RECORD,
        listing.get_record,
        "Read",
        status=(200, 304),
        answer=schemas.ref,
        parameters=ONE,
        refusals=(400, 403),
    ),
    Operation(
        "PATCH",
        RECORD,
        writing.patch_record,
        "Change (JSON merge patch)",
        answer=schemas.ref,
        body=schemas.patch,
        conditional=True,
        refusals=(400, 403, 409, 413, 415, 422),
    ),
    Operation(
        "DELETE",
        RECORD,
        writing.archive_record,
        "Archive",
        answer=schemas.ref,
        conditional=True,
        refusals=(403, 409, 422),
    ),
    Operation(
        "POST",
        f"{RECORD}/restore",
        writing.restore_record,
        "Restore from the archive",
        answer=schemas.ref,
        idempotent_key=True,
        refusals=(403, 409, 422),
    ),
    Operation(
        "GET",
        f"{RECORD}/history",
        listing.history,
        "Who changed what, when",
        parameters=PAGE,
        answer=lambda _type: schemas.listed(answers.ENTRY),
        refusals=(400, 403),
    ),
    Operation(
        "GET",
        f"{RECORD}/timeline",
        listing.timeline,
        "Everything that happened around it",
        parameters=PAGE,
        answer=lambda _type: schemas.listed(answers.HAPPENING),
        refusals=(400, 403),
    ),
    Operation(
        "POST",
        f"{RECORD}/merge",
        writing.merge_records,
        "Merge a duplicate into it",
        answer=lambda _type: answers.MERGED,
        body=lambda _type: schemas.MERGE,
        idempotent_key=True,
        refusals=(400, 403, 409, 412, 413, 415, 422),
    ),
)


def _staged(type_: object) -> bool:
    return getattr(type_, "stages", None) is not None


STAGED = (
    Operation(
        "GET",
        f"{RECORD}/transitions",
        selling.moves,
        "Where it can go, and what is missing",
        only=_staged,
        answer=lambda _type: answers.MOVES,
        refusals=(403,),
    ),
    Operation(
        "POST",
        f"{RECORD}/transitions",
        selling.move,
        "Move to a stage; 202 where others have to agree first",
        status=(200, 202),
        answer=schemas.ref,
        answers={202: lambda _type: answers.ASKED},
        parameters=(MAY_MATCH,),
        body=lambda _type: schemas.MOVE,
        only=_staged,
        refusals=(400, 403, 409, 412, 413, 415, 422),
        idempotent_key=True,
    ),
    Operation(
        "GET",
        f"{RECORD}/stage-history",
        selling.stage_history,
        "Its stages, with durations",
        only=_staged,
        answer=lambda _type: schemas.listed(answers.STAY),
        refusals=(403,),
    ),
    Operation(
        "GET",
        f"{RECORD}/approvals",
        selling.record_approvals,
        "Its approval requests",
        only=_staged,
        answer=lambda _type: schemas.listed(answers.APPROVAL),
        refusals=(403,),
    ),
)

SINGLE = (
    Operation(
        "GET",
        "/",
        index.index,
        "Every collection, and where to go",
        public=True,
        tag="about",
        answer=lambda _type: answers.INDEX,
    ),
    Operation(
        "GET",
        "/openapi.json",
        document,
        "This document",
        public=True,
        tag="about",
        answer=lambda _type: schemas.anything(),
    ),
    Operation(
        "GET",
        "/me",
        customizing.me,
        "Who the key acts for",
        tag="about",
        answer=lambda _type: answers.ME,
    ),
    Operation(
        "GET",
        "/search",
        listing.search_everywhere,
        "Search every kind of record",
        refusals=(400,),
        parameters=(
            Parameter("q", "Words to look for.", {"type": "string", "minLength": 1}, required=True),
            Parameter("size", "Records of each kind.", {"type": "integer", "minimum": 1, "maximum": 50}),
        ),
        tag="search",
        answer=lambda _type: answers.FOUND,
    ),
    Operation(
        "GET",
        "/pipelines",
        selling.pipelines,
        "Every pipeline with its stages",
        tag="pipelines",
        answer=lambda _type: schemas.listed(answers.PIPELINE),
    ),
    Operation(
        "GET",
        "/approvals",
        selling.inbox,
        "What waits for one's own vote",
        tag="approvals",
        answer=lambda _type: schemas.listed(answers.APPROVAL),
    ),
    Operation(
        "GET",
        "/approvals/{id}",
        selling.get_approval,
        "One approval request",
        tag="approvals",
        answer=lambda _type: answers.APPROVAL,
        refusals=(403, 404),
    ),
    Operation(
        "POST",
        "/approvals/{id}/decision",
        selling.decide,
        "Approve, reject or recall",
        tag="approvals",
        answer=lambda _type: answers.APPROVAL,
        body=lambda _type: schemas.DECISION,
        idempotent_key=True,
        refusals=(400, 403, 404, 409, 413, 415, 422),
    ),
    Operation(
        "POST",
        "/merges/{id}/undo",
        writing.undo_merge,
        "Take a merge apart again",
        tag="merges",
        answer=lambda _type: answers.UNDONE,
        idempotent_key=True,
        refusals=(403, 404, 409, 422),
    ),
)

OPERATIONS = (*SINGLE, *COLLECTIONS, *RECORDS, *STAGED)
