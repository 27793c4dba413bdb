"""Routes of the plugin's own: ``/api/v1/x/b2b_accounts/accounts/<id>/rollup``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify

from tenon.api import Endpoint, current_actor

from .rollup import rollup

ROLLUP_PATH = "/accounts/{id}/rollup"
OPENAPI = {
    ROLLUP_PATH: {
        "get": {
            "summary": "The open amount of an account and of all below it, by currency",
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
            ],
            "responses": {
                "200": {
                    "description": "The roll-up",
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/AccountRollup"}}
                    },
                },
                "404": {"description": "There is no such account, or you may not see it"},
            },
        }
    }
}
SCHEMAS = {
    "AccountRollup": {
        "type": "object",
        "required": ["account_id", "accounts", "opportunities", "amounts"],
        "properties": {
            "account_id": {"type": "string", "format": "uuid"},
            "accounts": {"type": "integer", "description": "Accounts in the tree, this one included"},
            "opportunities": {"type": "integer"},
            "amounts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["currency", "amount", "opportunities"],
                    "properties": {
                        "currency": {"type": ["string", "null"]},
                        "amount": {"type": "string"},
                        "opportunities": {"type": "integer"},
                    },
                },
            },
        },
    }
}


def endpoints_of(tenon: Any) -> tuple[Endpoint, ...]:
    """The plugin's routes, on a blueprint of this deployment's own."""
    routes = Blueprint("b2b_accounts_api", __name__)

    @routes.get("/accounts/<uuid:account_id>/rollup")
    def show_rollup(account_id: UUID) -> Response:
        with tenon.records.reading(current_actor(), via="api") as work:
            found = rollup(work, account_id)
        return jsonify(
            account_id=str(found.account_id),
            accounts=found.accounts,
            opportunities=found.opportunities,
            amounts=[
                {
                    "currency": part.currency,
                    "amount": f"{part.amount:.2f}",
                    "opportunities": part.opportunities,
                }
                for part in found.amounts
            ],
        )

    return (
        Endpoint(
            "accounts",
            routes,
            openapi={"paths": OPENAPI, "components": {"schemas": SCHEMAS}},
            modes=frozenset({"b2b"}),
        ),
    )
