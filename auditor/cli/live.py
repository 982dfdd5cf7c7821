"""What the commands that reach Google have in common: how it is reached, what is collected from, how far it is."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from auditor.cli import fail_usage

if TYPE_CHECKING:
    from auditor.cli.asking import Asking
    from auditor.sources.base import Source
    from auditor.sources.live.collection import Progress
    from auditor.sources.live.connection import Connection
    from auditor.sources.live.needs import Needs
    from auditor.sources.live.plan import Order
    from auditor.sources.live.run import Access

INCOMPLETE = 3
F = TypeVar("F", bound=Callable[..., Any])


def scope_options(function: F) -> F:
    """The options that say what of the targets is collected, and how."""
    options = (
        click.option(
            "--in", "inside", multiple=True, metavar="WHAT", help="Only these: projects/ID, folders/N or label:K=V."
        ),
        click.option(
            "--not-in", "outside", multiple=True, metavar="WHAT", help="Without projects/ID, folders/N or label:K=V."
        ),
        click.option(
            "--skip",
            multiple=True,
            metavar="SERVICE",
            help="Do not ask this one, as groups; what rests on it is not assessed. Repeatable.",
        ),
        click.option(
            "--thorough",
            is_flag=True,
            help="Wait for slow quotas (deny policies: 5 requests a minute), and ask each project when its accounts "
            "and keys were last used.",
        ),
        click.option(
            "--residency",
            multiple=True,
            type=click.Choice(("eu", "us", "sa")),
            help="Where Security Command Center keeps data, if that was chosen when it was activated. Repeatable.",
        ),
        click.option(
            "--via", default="", metavar="gs://BUCKET/PREFIX", help="Export the bulk there: for large estates."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def refuse_unused(targets: Sequence[str], options: dict[str, Any]) -> None:
    """End the command where an option is about live targets and none is given: it would do nothing."""
    if any(map(is_live, targets)):
        return
    names = {"--in": "inside", "--not-in": "outside", "--skip": "skip", "--residency": "residency", "--via": "via"}
    for option, name in {**names, "--thorough": "thorough"}.items():
        if options[name]:
            raise fail_usage(f"{option} goes with a live target: organizations/NUMBER, folders/NUMBER or projects/ID")


def order_of(
    targets: Sequence[str],
    needs: Needs,
    options: dict[str, Any],
    *,
    skip: Sequence[str],
    services: Sequence[str] = (),
) -> Order:
    """What those options order. Raises `NotAScope`, `NotABucket`, `UnknownName`."""
    from auditor.sources.live.plan import Order
    from auditor.sources.live.scope import Filter, check_targets
    from auditor.sources.live.via import bucket_of

    check_targets(targets)
    check_services((*services, *skip))
    if options["via"]:
        bucket_of(options["via"])
    return Order(
        targets=tuple(targets),
        needs=needs,
        rules=Filter(options["inside"], options["outside"]),
        services=tuple(services),
        skip=tuple(skip),
        thorough=options["thorough"],
        residency=options["residency"],
        via=options["via"],
        begun=f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}",
    )


def check_services(names: Sequence[str]) -> None:
    """Raises `UnknownName` where no collector is called so."""
    from auditor.names import UnknownName
    from auditor.sources.live.collectors import COLLECTORS

    known = {collector.name for collector in COLLECTORS}
    for name in names:
        if name not in known:
            raise UnknownName("service", name, known)


@contextlib.contextmanager
def reaching() -> Iterator[None]:
    """Where orders are made and carried out: what makes that impossible ends the command with a sentence."""
    from auditor.names import UnknownName
    from auditor.sources.live.connection import UnusableEndpoint
    from auditor.sources.live.failures import NoCredentials
    from auditor.sources.live.journal import NotResumable
    from auditor.sources.live.scope import NotAScope
    from auditor.sources.live.via import NotABucket

    try:
        yield
    except (NotAScope, NotABucket, NoCredentials, NotResumable, UnknownName, UnusableEndpoint) as problem:
        raise fail_usage(problem) from None


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Where the end of the machine or of the terminal stops the work as Ctrl-C does: by a KeyboardInterrupt."""
    default = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else the caller wants it otherwise
    ends = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if default and hasattr(signal, name)]
    before = {end: handler for end in ends if (handler := signal.getsignal(end)) is signal.SIG_DFL}
    for end in before:
        signal.signal(end, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for end, handler in before.items():
            signal.signal(end, handler)


def is_live(target: str) -> bool:
    """Whether a target of a scan is meant to be read live: it is written so, and no file or folder is called that."""
    from auditor.sources.live.scope import TARGET

    return TARGET.fullmatch(target) is not None and not Path(target).exists()


def live_sources(targets: Sequence[str], asking: Asking, options: dict[str, Any]) -> list[Source]:
    """The live targets as one source, collected now; none where no target is live.

    Ends the command with exit code 3 where every read was refused or somebody stops it: then nothing can be judged.
    """
    from auditor.sources.live.run import NothingRead, live_source

    wanted = list(dict.fromkeys(filter(is_live, targets)))
    if not wanted:
        return []
    with reaching():
        order, access = order_of(wanted, asking.needs, options, skip=asking.config.scan.skip), access_of(options)
        connection = access.connect()
        warn(connection)
        try:
            with stoppable(), progress(quiet=options["quiet"]) as watched:
                source = live_source(order, access, watched, connection=connection)
        except NothingRead as problem:
            tell(f"Error: {problem}")
            sys.exit(INCOMPLETE)
        except KeyboardInterrupt:
            tell(
                f"Stopped; nothing was judged. `auditor collect {' '.join(wanted)} -o estate.ndjson.gz` keeps what it "
                "collects, goes on after a stop with --resume, and `auditor scan estate.ndjson.gz` judges it"
            )
            sys.exit(INCOMPLETE)
    source.needs = asking.needs
    return [source]


def warn(connection: Connection) -> None:
    """Tell what is to be said against the identity that the connection uses."""
    for warning in connection.identity.warnings if connection.identity else ():
        tell(f"Warning: {warning}")


def access_options(function: F) -> F:
    """The options that say how Google is reached, for each command that reaches it."""
    options = (
        click.option("--impersonate", default="", metavar="EMAIL", help="Act as this service account."),
        click.option("--quota-project", default="", metavar="ID", help="The project whose quota is used."),
        click.option("--transport", type=click.Choice(("grpc", "rest")), default="grpc", show_default=True),
        click.option(
            "--endpoint",
            default="",
            metavar="HOST",
            help="Reach services at HOST; {service} in it is replaced, as in {service}-audit.p.googleapis.com.",
        ),
        click.option("--universe", default="googleapis.com", metavar="DOMAIN", help="The universe's domain."),
        click.option(
            "--at-once",
            type=click.IntRange(1, 256),
            default=16,
            show_default=True,
            metavar="N",
            help="Requests under way at the same time.",
        ),
        click.option(
            "--patience",
            type=click.FloatRange(min=0.1),
            default=300.0,
            show_default=True,
            metavar="SECONDS",
            help="How long to go on asking an API that does not answer.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def access_of(options: dict[str, Any]) -> Access:
    """What those options say."""
    from auditor.sources.live.network import Patience
    from auditor.sources.live.run import Access

    return Access(
        impersonate=options["impersonate"],
        quota_project=options["quota_project"],
        transport=options["transport"],
        endpoint=options["endpoint"],
        universe=options["universe"],
        at_once=options["at_once"],
        patience=Patience(attempt=min(60.0, options["patience"]), total=options["patience"]),
    )


def tell(text: str) -> None:
    """Print a line on the error stream, whatever characters it has."""
    from auditor.model.text import visible

    click.echo(visible(text), err=True)


@contextlib.contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """How far a collection is: bars on a terminal, lines elsewhere, nothing where that is wanted."""
    from auditor.sources.live.collection import Progress

    if quiet:
        yield Progress()
    elif not sys.stderr.isatty():
        yield _lines()
    else:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
            yield _bars(bars)


def _lines() -> Progress:
    from auditor.sources.live.collection import Progress

    class Lines(Progress):
        def __init__(self) -> None:
            self._steps: dict[str, int] = {}

        def say(self, text: str) -> None:
            tell(text)

        def begin(self, work: str, total: int | None = None) -> None:
            self._steps[work] = 0
            if total:
                tell(f"{work}: {total:,} to ask")

        def advance(self, work: str, steps: int = 1) -> None:
            before = self._steps.get(work, 0)
            self._steps[work] = before + steps
            if before // 10_000 != self._steps[work] // 10_000:
                tell(f"{work}: {self._steps[work]:,} so far")

        def end(self, work: str) -> None:
            tell(f"{work}: done" + (f", {self._steps[work]:,}" if self._steps.get(work) else ""))

    return Lines()


def _bars(bars: Any) -> Progress:
    from auditor.sources.live.collection import Progress

    class OnTerminal(Progress):
        def __init__(self) -> None:
            self._tasks: dict[str, Any] = {}

        def say(self, text: str) -> None:
            bars.console.print(text, markup=False, highlight=False)

        def begin(self, work: str, total: int | None = None) -> None:
            self._tasks[work] = bars.add_task(work, total=total)

        def advance(self, work: str, steps: int = 1) -> None:
            bars.advance(self._tasks[work], steps)

        def end(self, work: str) -> None:
            bars.remove_task(self._tasks.pop(work))

    return OnTerminal()
