"""Two ways of selling to companies: winning new business, and keeping it."""

from __future__ import annotations

from datetime import timedelta

from tenon.api import Guard, Pipeline, Stage, Stall, _

WORTH = Guard(requires=("amount", "close_date"))
WON = Guard(requires=("account_id", "amount"))
LOST = Guard(requires=("lost_reason",))


def quiet_for(days: int) -> Stall:
    """Stalled after so many days without activity."""
    return Stall(timedelta(days=days))


NEW_BUSINESS = Pipeline(
    key="new_business",
    entity="opportunity",
    label=_("New business"),
    default=True,
    stages=(
        Stage(
            "prospecting",
            _("Prospecting"),
            probability=10,
            category="pipeline",
            stall=quiet_for(30),
            help=_("Find out who they are and whether there is a need."),
        ),
        Stage(
            "engaging",
            _("Engaging"),
            probability=30,
            category="pipeline",
            stall=quiet_for(21),
            help=_("Talk to those who decide about what they want to reach."),
        ),
        Stage(
            "proposal",
            _("Proposal"),
            probability=50,
            category="best_case",
            entry=WORTH,
            stall=quiet_for(14),
            help=_("Put an offer before them, with an amount and a day."),
        ),
        Stage(
            "negotiation",
            _("Negotiation"),
            probability=75,
            category="commit",
            entry=WORTH,
            stall=quiet_for(10),
            help=_("Agree on terms."),
        ),
        Stage("won", _("Won"), status="won", probability=100, category="commit", entry=WON),
        Stage("lost", _("Lost"), status="lost", probability=0, category="omitted", entry=LOST),
    ),
    modes=frozenset({"b2b"}),
)

RENEWAL = Pipeline(
    key="renewal",
    entity="opportunity",
    label=_("Renewal"),
    stages=(
        Stage(
            "upcoming",
            _("Upcoming"),
            probability=60,
            category="pipeline",
            stall=quiet_for(45),
            help=_("The contract ends within the quarter."),
        ),
        Stage(
            "reviewing",
            _("Reviewing"),
            probability=75,
            category="best_case",
            entry=Guard(requires=("account_id", "close_date")),
            stall=quiet_for(21),
            help=_("Go through what they use and what they need next."),
        ),
        Stage(
            "offered",
            _("Offered"),
            probability=85,
            category="commit",
            entry=WORTH,
            stall=quiet_for(14),
            help=_("The offer to renew is with them."),
        ),
        Stage("renewed", _("Renewed"), status="won", probability=100, category="commit", entry=WON),
        Stage("ended", _("Ended"), status="lost", probability=0, category="omitted", entry=LOST),
    ),
    modes=frozenset({"b2b"}),
)
