"""Ids sort by the time they were made and never repeat."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import RFC_4122

from tenon.storage.ids import new_id


def test_an_id_is_a_uuid_of_version_7_that_tells_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, RFC_4122)
    # A burst of other tests may have counted ahead of the clock by some milliseconds.
    assert before <= made.int >> 80 <= after + 1_000


def test_ids_made_one_after_another_sort_so() -> None:
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert [str(one) for one in made] == sorted(map(str, made))


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda _n: [new_id() for _ in range(2_000)], range(16)))
    everything = [one for batch in batches for one in batch]
    assert len(set(everything)) == len(everything)
    assert all(batch == sorted(batch) for batch in batches)


def test_an_id_does_not_tell_the_next_one() -> None:
    tails = {new_id().int & 0x3FFF_FFFF_FFFF_FFFF for _ in range(1_000)}
    assert len(tails) == 1_000
