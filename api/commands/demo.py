"""`voltpass demo`: the whole way on real data, told as a story, then served."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape

from api.commands.console import (
    AsJson,
    emit,
    open_settings,
    open_voltpass,
    out,
    progress_bar,
    reported,
)
from api.commands.operating import comparison_table
from api.environment import EnvironmentFaultError
from passports.errors import Finding
from passports.plurals import counted

if TYPE_CHECKING:
    from api.demo.story import Story
    from api.wiring import Voltpass
    from signing.report import VerificationReport


HOST: Final = "127.0.0.1"
_OUR_FILES: Final = (
    "voltpass.sqlite3",
    "voltpass.sqlite3-wal",
    "voltpass.sqlite3-shm",
    "trust-list.jwt",
    "trust-root.jwk.json",
)
_OUR_FOLDERS: Final = ("keys", "demo")
_GOOD: Final = frozenset({"valid", "valid_with_warnings"})


def demo(
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the story.")] = False,
    port: Annotated[int, typer.Option(help="Port of the printed links.", min=1, max=65535)] = 8000,
    factories: Annotated[
        bool,
        typer.Option("--factories", help="Load the 18 reported factories; check their claims."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Go the whole way on real data: meters, footprint, 200 passports, label, verification."""
    from api.demo.story import Story
    from api.serving import free_port, listening_fault, run_server
    from api.settings import DEMONSTRATION_MARKER

    told = Console(quiet=True) if as_json else out
    if factories:
        _show_factories(port, as_json=as_json)
        return
    with reported(as_json=as_json):
        chosen = port if listening_fault(HOST, port) is None else free_port(HOST)
        if chosen != port:
            told.print(f"[yellow]port {port} cannot be used; the links of this run use {chosen}[/]")
        if (open_settings().home / DEMONSTRATION_MARKER).exists():
            told.print("[yellow]the earlier demonstration is cleared away, with what was added[/]")
        voltpass = _start_afresh(chosen)
        story = Story(voltpass, voltpass.settings.home / "demo")
        result = _tell(story, told, chosen, quiet=as_json)
        emit(result, as_json=as_json, text=lambda: _say_what_to_open(result, told))
    if not no_serve:
        told.print(f"\nserving on http://{HOST}:{chosen} - stop with Ctrl-C")
        run_server(voltpass, HOST, chosen)
    voltpass.close()


def _show_factories(port: int, *, as_json: bool) -> None:
    """Load every reported factory, beside a demonstration that is there, and print what the checks found."""
    from api.commands.claims import print_factories, tally
    from api.demo.factories import PRESS_OPERATOR, load_factories

    with reported(as_json=as_json):
        voltpass = _beside_demonstration() or _start_afresh(port)
        checked = load_factories(voltpass)
        every = [check for row in checked for check in row.checks]
        result = {
            "factories": [row.to_document() for row in checked],
            "tally": tally(every),
        }
        emit(result, as_json=as_json, text=lambda: print_factories(out, checked))
        if not as_json:
            out.print(f"voltpass serve shows them at /facilities/{PRESS_OPERATOR}/…", markup=False)
        voltpass.close()


def _beside_demonstration() -> "Voltpass | None":
    """Return the demonstration that is there, to be added to; None where there is none."""
    from api.demo.factories import PRESS_OPERATOR
    from api.settings import DEMONSTRATION_MARKER

    voltpass = open_voltpass(creates=True, database_url="")
    home = voltpass.settings.home
    database = home / "voltpass.sqlite3"
    if not (home / DEMONSTRATION_MARKER).exists() or not _registered(database):
        voltpass.close()
        return None
    if PRESS_OPERATOR in _registered(database):
        voltpass.close()
        reason = "the reported factories are in this demonstration already"
        remedy = f"voltpass facility check FACTORY --operator {PRESS_OPERATOR} checks one again."
        raise EnvironmentFaultError(Finding("--factories", str(home), reason, remedy))
    return voltpass


def _start_afresh(port: int) -> "Voltpass":
    """Clear away an earlier demonstration, and never anything else."""
    from api.platform import ensure_platform
    from api.settings import DEMONSTRATION_MARKER
    from passports.documents import utc_now

    voltpass = open_voltpass(creates=True, public_url=f"http://{HOST}:{port}", database_url="")
    home = voltpass.settings.home
    _refuse_foreign(voltpass)
    home.mkdir(parents=True, exist_ok=True)
    marker = {
        "about": "everything in this folder is the demonstration's",
        "public_url": voltpass.settings.public_url,
    }
    (home / DEMONSTRATION_MARKER).write_text(json.dumps(marker), encoding="utf-8")
    for name in _OUR_FILES:
        (home / name).unlink(missing_ok=True)
    for folder in _OUR_FOLDERS:
        shutil.rmtree(home / folder, ignore_errors=True)
    (home / "demo").mkdir()
    ensure_platform(voltpass, utc_now())
    return voltpass


def _refuse_foreign(voltpass: "Voltpass") -> None:
    """Raise where `home` holds what no demonstration made: records, keys, another's operators."""
    from api.settings import DEMONSTRATION_MARKER

    home = voltpass.settings.home
    found = [name for name in (*_OUR_FILES, *_OUR_FOLDERS) if (home / name).exists()]
    if not (home / DEMONSTRATION_MARKER).exists():
        foreign = found
    else:
        foreign = sorted(_registered(home / "voltpass.sqlite3") - _ours())
    if foreign:
        reason = f"it holds what is not the demonstration's ({', '.join(foreign)})"
        remedy = "Set VOLTPASS_HOME to another folder for the demonstration."
        raise EnvironmentFaultError(Finding("VOLTPASS_HOME", str(home), reason, remedy))


def _ours() -> set[str]:
    from api.demo.factories import PRESS_OPERATOR
    from api.demo.story import operator_ids
    from api.platform import PLATFORM_ID

    return {PLATFORM_ID, PRESS_OPERATOR, *operator_ids()}


def _registered(database: Path) -> set[str]:
    """Return the operators in an earlier demonstration's database; none in one left half made."""
    from passports.operators import list_operators
    from passports.store import Store

    if not database.exists():
        return set()
    store = Store(f"sqlite:///{database.resolve()}")
    try:
        with store.reading() as reading:
            return {operator.id for operator in list_operators(reading)}
    except Exception:  # noqa: BLE001 # a run that was killed leaves a database without tables
        return set()
    finally:
        store.close()


def _tell(story: "Story", told: Console, port: int, *, quiet: bool) -> dict[str, Any]:
    from api.serving import serving_in_background
    from passports.data_carrier import draw_in_terminal

    _chapter(told, 1, "Who takes part")
    for name in story.register_operators():
        told.print(f"  {escape(name)}")
    accepted = story.accept_responsibility()
    told.print(
        f"  {accepted['operator']} signed that it answers for {accepted['maker']}'s passports"
    )
    model = story.register_model()
    told.print(f"  model: {model['name']}, {model['mass_kg']} kg, GTIN {model['gtin']}")

    _chapter(told, 2, "Two factories, their meters, one certificate")
    story.register_facilities()
    story.compute_footprints()
    for facility in story.facilities:
        _tell_facility(told, facility)

    _chapter(told, 3, "200 batteries, 200 signed passports")
    with progress_bar("issuing", quiet=quiet) as progress:
        batch = story.issue(progress)
    # A process of its own without a network; it verifies while the story goes on.
    offline_check = story.start_offline_check(story.write_bundle(batch.passports[0].id))
    picture, label = story.draw(batch)
    told.print(
        f"  {counted(len(batch.passports), 'passports')} issued; QR codes in {picture.parent / 'qr'}"
    )
    told.print(f"  one label: {label}")
    told.print(draw_in_terminal(batch.passports[0].link), markup=False)

    with serving_in_background(story.voltpass, HOST, port):
        qr_payload, online = story.verify_online(picture)
    tampered = story.tamper(batch.passports[0].id)
    rows = story.ask_as_regulator()
    offline = story.finish_offline_check(offline_check)
    _tell_verifications(told, qr_payload, online, offline["verdict"], tampered)
    _chapter(told, 7, "The regulator compares, and computes again")
    told.print(comparison_table(rows))
    return {
        "factories": [_contract(facility) for facility in story.facilities],
        "passports": len(batch.passports),
        "passport_url": batch.passports[0].link,
        "qr_payload": qr_payload,
        "verified": online.verdict in _GOOD,
        "verification": online.to_document(),
        "offline_verified": offline["verdict"] in _GOOD,
        "tampered": {
            "refused": tampered.verdict == "invalid",
            "step": tampered.failed_step.step if tampered.failed_step is not None else None,
        },
        "regulator": rows,
    }


def _tell_verifications(
    told: Console,
    qr_payload: str,
    online: "VerificationReport",
    offline: str,
    tampered: "VerificationReport",
) -> None:
    _chapter(told, 4, "A stranger scans the label")
    told.print(f"  read off the picture: {qr_payload}", markup=False)
    _tell_report(told, online)

    _chapter(told, 5, "The same without any network")
    told.print(f"  in a process whose network is blocked: {offline.replace('_', ' ')}")

    _chapter(told, 6, "Somebody changes one byte")
    failed = tampered.failed_step
    if failed is not None:
        told.print(f"  refused at step {failed.number} ({failed.step}): {failed.message}")


def _contract(facility: dict[str, Any]) -> dict[str, Any]:
    wanted = (
        "kg_co2e_per_kwh",
        "kg_co2e_per_battery",
        "kg_co2e_per_kwh_capacity",
        "partial",
        "not_assessed",
        "functional_unit",
        "stages",
        "electricity_columns",
    )
    return {
        **facility,
        "rulesets": {
            name: {key: result[key] for key in wanted}
            for name, result in facility["rulesets"].items()
        },
    }


def _chapter(told: Console, number: int, title: str) -> None:
    told.print(f"\n[bold]{number}. {title}[/]")


def _tell_facility(told: Console, facility: dict[str, Any]) -> None:
    from api.commands.footprint_text import footprint_table

    told.print(f"\n  [bold]{escape(facility['name'])}[/]")
    for result in facility["rulesets"].values():
        told.print(footprint_table(result))
    result = next(iter(facility["rulesets"].values()))
    told.print("  electricity, three columns that neither add up nor compare:")
    for name, column in result["electricity_columns"].items():
        per_kwh, boundary = column["kg_co2e_per_kwh_electricity"], column["boundary"]
        told.print(f"    {name:16} {per_kwh:.4f} kg per kWh of electricity, boundary {boundary}")
    listed = facility["offsets_listed_t"]
    told.print(f"  offsets listed, never subtracted: {listed:,.1f} t")
    certificate = facility["certificate"]
    if certificate is None:
        told.print("  certificate: none")
        return
    cover = certificate["coverage"].replace("_", " ")
    stated = "coverage as stated, unsigned"
    told.print(
        f"  certificate {certificate['scheme']} by {certificate['issuer']}: {stated}: {cover}"
    )
    for check in certificate["checks"]:
        told.print(f"    {check['outcome']:11} {check['id']}: {check['explanation']}", markup=False)


def _tell_report(told: Console, report: "VerificationReport") -> None:
    for step in report.steps:
        outcome = step.outcome.replace("_", " ")
        told.print(f"    {step.number:2} {step.step:20} {outcome:12} {step.message}", markup=False)
    told.print(f"  verdict: [bold]{report.verdict.replace('_', ' ')}[/]")


def _say_what_to_open(result: dict[str, Any], told: Console) -> None:
    base = result["passport_url"].split("/01/")[0]
    told.print("\n[bold]Pages to open[/]")
    told.print(f"  {base}/  start, verify, factories")
    told.print(f"  {result['passport_url']}  the scanned passport", markup=False)
    told.print(f"  {base}/facilities/demo-maker/catl-xinjin  the factory and its certificate")
    told.print(f"  {base}/compare  footprints across factories")
