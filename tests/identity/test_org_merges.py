"""The org tree follows merges of users, and their undoing."""

from __future__ import annotations

from uuid import UUID

from tenon.app import Tenon
from tenon.identity import system
from tenon.records.merge import merge, undo_merge

WHO = system("test of merges")


def user(tenon: Tenon, name: str, manager_id: UUID | None = None) -> UUID:
    with tenon.records.writing(WHO) as work:
        return work.create("user", {"name": name, "manager_id": manager_id}).id


def right(tenon: Tenon) -> bool:
    with tenon.storage.snapshot() as connection:
        return tenon.identity.org.check(connection) == []


def test_who_reported_to_the_one_that_goes_reports_to_the_one_that_stays(tenon: Tenon) -> None:
    boss = user(tenon, "Boss")
    stays, goes = user(tenon, "Maya Fischer", boss), user(tenon, "M. Fischer", boss)
    report = user(tenon, "Report", goes)
    org = tenon.identity.org
    with tenon.records.writing(WHO) as work:
        merged = merge(work, "user", stays, goes).id
    assert org.people_below(stays) == {stays, report}
    assert org.people_below(goes) == {goes}
    assert right(tenon)
    with tenon.records.writing(WHO) as work:
        undo_merge(work, merged)
    assert org.people_below(goes) == {goes, report}
    assert right(tenon)


def test_a_merge_that_would_close_a_circle_leaves_that_report_where_it_is(tenon: Tenon) -> None:
    goes = user(tenon, "M. Fischer")
    between = user(tenon, "Between", goes)
    stays = user(tenon, "Maya Fischer", between)
    with tenon.records.writing(WHO) as work:
        report = merge(work, "user", stays, goes)
    assert [(entity, id_) for entity, id_, _reason in report.kept] == [("user", between)]
    assert "who reports to" in report.kept[0][2]
    assert right(tenon)


def test_a_user_whose_making_is_undone_leaves_no_line(tenon: Tenon) -> None:
    from tenon.records.undo import undo_batch
    from tenon.storage.ids import new_id

    boss, batch = user(tenon, "Boss"), new_id()
    with tenon.records.writing(WHO, batch=batch) as work:
        work.bulk_create("user", [{"name": "One", "manager_id": boss}, {"name": "Two"}])
    with tenon.records.writing(WHO) as work:
        undo_batch(work, batch)
    assert tenon.identity.org.people_below(boss) == {boss}
    assert right(tenon)
