"""Opportunity: a sale that may come about."""

from __future__ import annotations

import sqlalchemy as sa

from tenon.api import (
    Base,
    Change,
    Choice,
    Entity,
    OwnedColumns,
    RecordColumns,
    StageColumns,
    StageTracking,
    Work,
    _,
    fields,
)

FORECAST_CATEGORIES = (
    Choice("pipeline", _("Pipeline"), "secondary"),
    Choice("best_case", _("Best case"), "azure"),
    Choice("commit", _("Commit"), "green"),
    Choice("omitted", _("Omitted"), "red"),
)
SOURCES = (
    Choice("website", _("Website")),
    Choice("referral", _("Referral")),
    Choice("partner", _("Partner")),
    Choice("event", _("Trade fair or event")),
    Choice("campaign", _("Campaign")),
    Choice("outbound", _("Outbound call or mail")),
    Choice("existing", _("Existing customer")),
    Choice("other", _("Other")),
)
LOST_REASONS = (
    Choice("price", _("Price")),
    Choice("competitor", _("Went to a competitor")),
    Choice("no_budget", _("No budget")),
    Choice("no_decision", _("No decision")),
    Choice("timing", _("Timing")),
    Choice("product", _("The product does not fit")),
    Choice("other", _("Other")),
)
SUMMED = ("stage", "amount_currency", "archived_at", "pipeline", "amount")


class Opportunity(Base, RecordColumns, OwnedColumns, StageColumns):
    """``number`` is its number in another system, ``probability`` the owner's own estimate."""

    __tablename__ = "b2b_accounts_opportunity"
    __table_args__ = (
        sa.Index(None, "owner_id", "stage_status", "close_date", "id"),
        sa.Index(None, "owner_id", "created_at", "id"),
        sa.Index(None, "pipeline", "stage", "close_date", "id"),
        sa.Index(None, "pipeline", "stage", "stage_since", "id"),
        sa.Index(None, "account_id", "stage_status", "id"),
        sa.Index(None, "close_date", "id"),
        sa.Index(None, "created_at", "id"),
        sa.Index(None, "name", "id"),
        # Each holds all that amounts summed by stage ask for, of everybody and of one owner.
        sa.Index("ix_b2b_accounts_opportunity_sums", *SUMMED),
        sa.Index("ix_b2b_accounts_opportunity_own_sums", "owner_id", *SUMMED),
    )

    owner_id = fields.reference(_("Owner"), to="user", column="identity_user.id", index=False)
    name = fields.text(_("Name"), required=True, search=True)
    number = fields.text(
        _("Number"), max_length=60, unique=True, search=True, help=_("Its number in the system it came from.")
    )
    account_id = fields.reference(_("Account"), to="account", column="b2b_accounts_account.id", index=False)
    contact_id = fields.reference(_("Contact"), to="contact", column="nouns_contact.id")
    product_id = fields.reference(_("Product"), to="product", column="nouns_product.id")
    amount = fields.money(_("Amount"), currency="amount_currency")
    amount_currency = fields.currency(_("Currency"))
    close_date = fields.date(
        _("Close date"), help=_("When you expect the decision; when it fell, once closed.")
    )
    probability = fields.integer(
        _("Probability"), help=_("Your own estimate in percent, where it differs from the stage's.")
    )
    forecast_category = fields.choice(_("Forecast category"), FORECAST_CATEGORIES, default="pipeline")
    next_step = fields.text(_("Next step"))
    source = fields.choice(_("Source"), SOURCES)
    lost_reason = fields.choice(_("Reason lost"), LOST_REASONS)
    description = fields.long_text(_("Description"))


def validate_opportunity(work: Work, change: Change) -> None:
    """Refuse figures that cannot be."""
    if change.changed("amount") and (change.value("amount") or 0) < 0:
        change.refuse("/amount", "negative", _("Enter an amount that is not below zero"))
    if change.changed("probability") and not 0 <= (change.value("probability") or 0) <= 100:
        change.refuse("/probability", "percent", _("Enter a percentage from 0 to 100"))


OPPORTUNITY = Entity(
    name="opportunity",
    model=Opportunity,
    label=_("Opportunity"),
    label_plural=_("Opportunities"),
    plural="opportunities",
    natural_key=("number",),
    list_columns=("name", "account_id", "stage", "amount", "close_date", "owner_id"),
    search=("name", "number"),
    default_sort="close_date",
    stages=StageTracking(amount="amount", close_date="close_date", category="forecast_category"),
    validate=validate_opportunity,
    icon="target-arrow",
    description=_("Sales that may come about, in the stages of a pipeline."),
    modes=frozenset({"b2b"}),
)
