"""tenon-machines, the example of a third party's plugin, from its wheel beside the kernel's wheel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Stranger

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TENON = ("-c", "from tenon.cli import main; main()")


def test_its_tests_pass_beside_the_kernels_wheel_alone(stranger: Stranger, machines_tests: Path) -> None:
    listed = stranger.run(*TENON, "plugins", "list", cwd=machines_tests).stdout
    assert "machines" in listed
    assert "b2b_accounts" not in listed
    assert stranger.run("-c", "import tenon_b2b_accounts", cwd=machines_tests).returncode == 1

    done = stranger.run("-m", "pytest", "-q", "-rs", cwd=machines_tests)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "b2b_accounts is not installed" in done.stdout


def test_where_b2b_accounts_is_installed_too_its_guard_is_in_force(
    stranger: Stranger, machines_tests: Path, wheel: Callable[[str], Path]
) -> None:
    stranger.install(wheel("b2b_accounts"))

    done = stranger.run("-m", "pytest", "-q", "tests/test_with_b2b_accounts.py", cwd=machines_tests)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_wheel_that_lacks_a_file_is_noticed(stranger: Stranger, machines_tests: Path) -> None:
    next(stranger.site.glob("tenon_machines/templates/machines/panel.html")).unlink()

    done = stranger.run("-m", "pytest", "-q", "tests", "-k", "slots or contacts_page", cwd=machines_tests)

    assert done.returncode == 1
    assert "machines/panel.html" in done.stdout
