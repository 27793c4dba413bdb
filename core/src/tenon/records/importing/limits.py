"""How large a file, a row and a cell may be. A spreadsheet that people made stays far below."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes of the file as it is read (for XLSX, after unpacking), and counts.

    ``ratio`` is how many times an XLSX may grow when it is unpacked. Sheets of
    repeated values reach 40; a bomb needs 1,000 to be worth the trouble.
    ``strings`` bounds the one part of an XLSX that has to be held in memory.
    """

    row: int = MIB
    cell: int = 128 * KIB
    columns: int = 4096
    rows: int = 10_000_000
    unpacked: int = 1024 * MIB
    strings: int = 128 * MIB
    ratio: int = 250
    parts: int = 2000


LIMITS = Limits()
