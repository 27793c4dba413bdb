"""Whether the plugin loads: alone, in each mode, left out, with those it can work with, offline."""

from __future__ import annotations

import subprocess
import sys

from ...plugin import contributions as c
from ...plugin.loaded import LoadedPlugins
from ...plugin.loader import load_plugins
from ...settings import MODES
from .subject import Installed, Subject, none_of

CALLS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname")

OFFLINE = """
import sys

def refuse(event, args):
    if event in {calls!r}:
        raise SystemExit(f"{{event}}{{args[:2]}} while importing")

sys.addaudithook(refuse)
import {module}
"""


class LoadingChecks(Subject):
    """Checks that load plugins, without a database."""

    def test_it_loads_with_the_kernel_and_what_it_requires_alone(self, installed: Installed) -> None:
        loaded = installed.loaded()
        plugin = loaded.get(installed.name)
        assert plugin is not None, f"{installed.name} was left out: {loaded.off}"
        assert plugin.hooks, "it implements no hook, so it adds nothing; is a function without @hookimpl?"

    def test_it_loads_in_each_of_its_modes(self, installed: Installed) -> None:
        for mode in installed.modes:
            loaded = installed.loaded(modes={mode})
            assert loaded.get(installed.name) is not None, f"it does not run in the mode {mode}"

    def test_it_is_left_out_in_modes_it_does_not_serve(self, installed: Installed) -> None:
        others = frozenset(MODES) - installed.modes
        if others:
            loaded = load_plugins(installed.chosen(modes=others))
            assert loaded.get(installed.name) is None
            assert not given(loaded, installed.name), (
                "it contributes in a mode that its manifest does not name"
            )

    def test_it_loads_with_those_it_can_work_with(self, installed: Installed) -> None:
        loaded = installed.loaded(*installed.optional, modes=MODES)
        assert loaded.get(installed.name) is not None

    def test_it_gives_the_same_each_time(self, installed: Installed) -> None:
        first, second = (given(installed.loaded(), installed.name) for _time in range(2))
        assert first == second, "A contribution hook returns the same data whenever it is called."

    def test_importing_it_opens_no_connection(self, installed: Installed) -> None:
        program = OFFLINE.format(calls=CALLS, module=installed.candidate.module)
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"Importing {installed.candidate.module} failed offline:\n{done.stderr}"

    def test_its_commands_say_what_they_do(self, installed: Installed) -> None:
        commands = [
            one.command for one in given(installed.loaded(), installed.name) if isinstance(one, c.Command)
        ]
        none_of(
            (f"the command {command.name!r} has no help" for command in commands if not command.help),
            "Write a docstring: its first line is what `tenon PLUGIN --help` shows.",
        )


def given(loaded: LoadedPlugins, name: str) -> list[object]:
    """Everything that the plugin contributes, in the order in which it gives it."""
    return [one.contribution for one in loaded.world.given if one.plugin == name]
