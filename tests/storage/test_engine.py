"""One database, its manners, and what is said when it is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from tenon.errors import SettingsError, UnavailableError
from tenon.storage import Storage, engine
from tenon.storage.engine import FairLock

NewStorage = Callable[[str], Storage]
TABLE = "CREATE TABLE number (n INTEGER PRIMARY KEY)"


def write(storage: Storage, statement: str) -> None:
    with storage.writing() as connection:
        connection.execute(sa.text(statement))


def numbers(storage: Storage) -> list[int]:
    with storage.reading() as connection:
        return list(connection.execute(sa.text("SELECT n FROM number ORDER BY n")).scalars())


def test_what_is_written_is_there_when_the_block_ends_well_and_not_otherwise(storage: Storage) -> None:
    write(storage, TABLE)
    with pytest.raises(ZeroDivisionError), storage.writing() as connection:  # noqa: PT012
        connection.execute(sa.text("INSERT INTO number VALUES (1)"))
        raise ZeroDivisionError
    write(storage, "INSERT INTO number VALUES (2)")
    assert numbers(storage) == [2]


def test_a_reader_sees_what_is_committed_and_a_snapshot_one_moment(storage: Storage) -> None:
    write(storage, TABLE)
    count = sa.text("SELECT count(*) FROM number")
    with storage.reading() as reader, storage.snapshot() as snapshot:
        assert reader.execute(count).scalar_one() == snapshot.execute(count).scalar_one() == 0
        write(storage, "INSERT INTO number VALUES (1)")
        assert reader.execute(count).scalar_one() == 1
        assert snapshot.execute(count).scalar_one() == 0


def test_readers_go_on_while_somebody_writes(storage: Storage) -> None:
    write(storage, TABLE)
    with storage.writing() as connection:
        connection.execute(sa.text("INSERT INTO number VALUES (1)"))
        started = time.monotonic()
        assert numbers(storage) == []
        assert time.monotonic() - started < 1


def test_foreign_keys_hold_on_every_connection(storage: Storage) -> None:
    write(storage, TABLE)
    write(storage, "CREATE TABLE link (n INTEGER REFERENCES number (n))")
    for _connection in range(3):
        with pytest.raises(sa.exc.IntegrityError):
            write(storage, "INSERT INTO link VALUES (404)")


def test_sqlite_keeps_its_file_in_wal_and_sorts_without_regard_to_case(
    sqlite_url: str, open_storage: NewStorage
) -> None:
    storage = open_storage(sqlite_url)
    with storage.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.execute(sa.text("SELECT casefold('STRASSE ÄÖ')")).scalar_one() == "strasse äö"
        assert connection.execute(sa.text("SELECT casefold(NULL)")).scalar_one() is None


def test_the_folder_of_a_new_database_is_made(tmp_path: Path, open_storage: NewStorage) -> None:
    storage = open_storage(f"sqlite:///{tmp_path / 'not' / 'there' / 'yet.db'}")
    write(storage, TABLE)
    assert (tmp_path / "not" / "there" / "yet.db").exists()


@pytest.mark.parametrize("url", ["postgresql//ana:s3cret@localhost/crm", "mysql://root:s3cret@localhost/crm"])
def test_an_address_that_is_refused_does_not_show_its_password(url: str, open_storage: NewStorage) -> None:
    with pytest.raises(SettingsError) as refusal:
        open_storage(url)
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://root@localhost/crm", "sqlite://", "sqlite:///:memory:", ""]
)
def test_an_address_that_cannot_be_used_says_what_can(url: str, open_storage: NewStorage) -> None:
    with pytest.raises(SettingsError, match=r"sqlite:///var/tenon\.db"):
        open_storage(url)


def test_a_missing_table_names_the_command_that_makes_it(sqlite_url: str, open_storage: NewStorage) -> None:
    with pytest.raises(UnavailableError, match="tenon db upgrade"):
        numbers(open_storage(sqlite_url))


def test_a_full_disk_is_said_to_be_full_and_loses_nothing(sqlite_url: str, open_storage: NewStorage) -> None:
    storage = open_storage(sqlite_url)
    write(storage, "CREATE TABLE page (text TEXT)")
    write(storage, "INSERT INTO page VALUES ('kept')")
    with storage.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 8")
    with pytest.raises(UnavailableError, match="disk that holds the database is full"):
        write(storage, f"INSERT INTO page VALUES ('{'x' * 200_000}')")
    with storage.reading() as connection:
        assert connection.execute(sa.text("SELECT text FROM page")).scalars().all() == ["kept"]


@pytest.mark.postgresql
def test_a_server_that_is_away_is_said_to_be_away(open_storage: NewStorage) -> None:
    storage = open_storage("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(UnavailableError, match="cannot be reached"):
        numbers(storage)


@pytest.mark.postgresql
def test_a_server_that_went_away_and_came_back_is_used_again(
    postgres_url: str, open_storage: NewStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, killer = open_storage(postgres_url), open_storage(postgres_url)
    write(storage, TABLE)
    hang_up = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    write(killer, hang_up)
    with pytest.raises(UnavailableError):
        numbers(storage)
    assert numbers(storage) == []

    monkeypatch.setattr(engine, "IDLE_SECONDS", 0)
    write(killer, hang_up)
    assert numbers(storage) == []


def test_writing_within_writing_is_a_mistake_and_not_a_standstill(
    sqlite_url: str, open_storage: NewStorage
) -> None:
    storage = open_storage(sqlite_url)
    with pytest.raises(RuntimeError, match="already open"), storage.writing(), storage.writing():
        pass
    write(storage, TABLE)


def test_writers_take_turns_in_the_order_they_came() -> None:
    lock = FairLock()
    order: list[int] = []

    def queue_up(number: int) -> None:
        with lock.hold(10):
            order.append(number)

    threads: list[threading.Thread] = []
    with lock.hold(1):
        for number in range(8):
            threads.append(threading.Thread(target=queue_up, args=(number,)))
            threads[-1].start()
            while len(lock._queue) < number + 2:
                time.sleep(0.001)
    for thread in threads:
        thread.join(10)
    assert order == list(range(8))


def test_who_waited_too_long_leaves_the_queue_to_the_others() -> None:
    lock = FairLock()
    with ThreadPoolExecutor(2) as pool, lock.hold(1):

        def wait(patience: float) -> bool:
            with lock.hold(patience):
                return True

        impatient = pool.submit(wait, 0.02)
        while len(lock._queue) < 2:
            time.sleep(0.001)
        patient = pool.submit(wait, 10)
        with pytest.raises(TimeoutError):
            impatient.result(5)
    assert patient.result(5)


def test_who_is_interrupted_while_waiting_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = FairLock()

    def interrupted(*_args: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lock._condition, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt), lock.hold(1):
            pass
    with lock.hold(1):
        pass


def test_a_timeout_of_something_else_is_not_taken_for_the_databases(storage: Storage) -> None:
    with pytest.raises(TimeoutError, match="the other server"), storage.writing():
        raise TimeoutError("the other server")


def test_eight_writers_at_once_lose_nothing_and_none_waits_long(storage: Storage) -> None:
    write(storage, "CREATE TABLE counter (n INTEGER)")
    write(storage, "INSERT INTO counter VALUES (0)")
    waits: list[float] = []

    def count(_number: int) -> None:
        for _turn in range(25):
            started = time.monotonic()
            write(storage, "UPDATE counter SET n = n + 1")
            waits.append(time.monotonic() - started)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    with storage.reading() as connection:
        assert connection.execute(sa.text("SELECT n FROM counter")).scalar_one() == 200
    assert max(waits) < 5
