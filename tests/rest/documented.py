"""Holds every answer of the tests of this folder to what the OpenAPI document says of it."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
from flask import Response, request

from tenon.rest import PREFIX
from tenon.storage import json

PLACE = re.compile(r"<(?:\w+:)?(\w+?)_?>")


class Documented:
    """Checks answers against a document; ``seen`` holds the operations and statuses that were."""

    def __init__(self, document: Any) -> None:
        self.document = document
        self.seen: set[tuple[str, str, str]] = set()
        self._validators: dict[tuple[str, str, str], jsonschema_rs.Validator | None] = {}

    def check(self, response: Response) -> Response:
        """An ``AssertionError`` where the document does not have this answer."""
        rule = request.url_rule.rule if request.url_rule is not None else ""
        path = PLACE.sub(r"{\1}", rule.removeprefix(PREFIX))
        operation = self.document["paths"].get(path, {}).get(request.method.lower())
        if rule.startswith(PREFIX) and operation is not None:
            self._check(path, operation, response)
        return response

    def _check(self, path: str, operation: Any, response: Response) -> None:
        status = str(response.status_code)
        answers = operation["responses"]
        assert status in answers, f"{request.method} {path} answered {status}, not one of {sorted(answers)}"
        key = (request.method, path, status)
        self.seen.add(key)
        if key not in self._validators:
            self._validators[key] = self._validator(answers[status], response.mimetype)
        validator = self._validators[key]
        if validator is None:
            assert response.get_data() == b"" or status == "304"
            return
        errors = [f"{e.instance_path}: {e.message}" for e in validator.iter_errors(json.loads(response.data))]
        assert not errors, f"{request.method} {path} answered {status}, but: {errors[:3]}"

    def _validator(self, answer: Any, kind: str) -> jsonschema_rs.Validator | None:
        if "$ref" in answer:
            answer = self.document["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
        if "content" not in answer:
            return None
        assert kind in answer["content"], f"{kind} is not among {sorted(answer['content'])}"
        schema = {**answer["content"][kind]["schema"], "components": self.document["components"]}
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
