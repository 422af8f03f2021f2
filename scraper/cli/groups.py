"""Help pages whose options stand in groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

__all__ = ["GroupedCommand", "option"]

F = TypeVar("F", bound=Callable[..., Any])


class _Grouped(click.Option):
    """An option that knows under which heading it stands."""

    def __init__(self, *args: Any, heading: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heading = heading


class GroupedCommand(click.Command):
    """A command whose help shows its options under their headings, in the order of their first mention."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                groups.setdefault(getattr(param, "heading", "Messages"), []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records, col_max=28)


def option(heading: str, *names: str, help: str, usual: object = None, **kwargs: Any) -> Callable[[F], F]:  # noqa: A002
    """``click.option`` under ``heading``.

    :param usual: what holds where the option is not given; for the help only. The option itself is None then, so that
        it is left to the settings.
    """
    shown = help if usual is None else f"{help} [default: {usual}]"
    return click.option(*names, cls=_Grouped, heading=heading, help=shown, **kwargs)
