"""`voltpass footprint`: compute, compare, audit; sheets, factors; studies of registered models."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from rich.table import Table

from api.commands.audits import footprint_audit
from api.commands.console import (
    AsJson,
    Operator,
    emit,
    err,
    open_voltpass,
    out,
    reported,
)
from api.commands.factors import factors, footprint_import, write_whole
from api.commands.inventories import (
    InventoryFile,
    OwnFactors,
    dataset_with,
    read_footprint_input,
)
from api.environment import EnvironmentFaultError
from passports.errors import Finding

if TYPE_CHECKING:
    from lca.footprint import Footprint
    from passports.footprints import FootprintStudy


footprint = typer.Typer(
    no_args_is_help=True, help="Compute and show carbon footprints.", rich_markup_mode=None
)
footprint.add_typer(factors, name="factors")
footprint.command("import")(footprint_import)
Rulesets = Annotated[
    list[str] | None, typer.Option("--ruleset", help="May be given several times.")
]

Scenarios = Annotated[
    list[str] | None,
    typer.Option(
        "--what-if",
        help="grid=FACTOR, direct=TECHNOLOGY:FACTOR, on-site=TECHNOLOGY:FACTOR:SHARE, "
        "chemistry=NMC811, warranty=10, factor:OLD=NEW, amount:PATH=400, ruleset=ID; joined by +.",
    ),
]


@footprint.command("compute")
def footprint_compute(
    file: InventoryFile,
    ruleset: Rulesets = None,
    own: OwnFactors = None,
    scenario: Scenarios = None,
    draws: Annotated[
        int | None, typer.Option("--monte-carlo", help="Draw the result so many times.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same draws.")] = 1,
    assumed_gsd: Annotated[
        float | None,
        typer.Option(help="Spread (GSD) of inputs whose own is unknown; else they are exact."),
    ] = None,
    bundle: Annotated[
        Path | None,
        typer.Option("--audit-bundle", help="Write what a stranger recomputes it from."),
    ] = None,
    sankey: Annotated[Path | None, typer.Option(help="Write a Sankey diagram (SVG).")] = None,
    waterfall: Annotated[Path | None, typer.Option(help="Write a waterfall (SVG).")] = None,
    study: Annotated[
        Path | None, typer.Option(help="Write the study behind it: FILE.html or FILE.pdf.")
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="What is written leaves out confidential rows.")
    ] = False,
    withhold: Annotated[
        bool, typer.Option("--withhold-licensed", help="For --audit-bundle with licensed factors.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compute a footprint from a file; nothing is stored.

    With several rulesets the files to be written are those of the last one.
    """
    from lca.footprint import Footprint
    from lca.rulesets import load_ruleset
    from lca.sharing import shared_document, shared_sensitivity
    from lca.uncertainty import monte_carlo

    with reported(as_json=as_json):
        given = read_footprint_input(file, dataset_with(own))
        results: dict[str, dict[str, Any]] = {}
        last: Footprint | None = None
        for name in ruleset or ["da-2024"]:
            rules = load_ruleset(name)
            last = given.compute(rules)
            results[name] = {
                **given.with_places(shared_document(last, public=public)),
                "sensitivity": [] if public else shared_sensitivity(last),
            }
            if draws is not None:
                results[name]["monte_carlo"] = monte_carlo(
                    last, draws, seed, assumed_gsd=assumed_gsd
                ).to_document()
            if scenario:
                results[name]["what_if"] = given.what_if(rules, scenario)
        if last is not None:
            kept = _Files(bundle, sankey, waterfall, study)
            _write_files(last, kept, public=public, withhold=withhold)
        emit(results, as_json=as_json, text=lambda: _print(list(results.values())))


class _Files(NamedTuple):
    """What is to be written beside the result."""

    bundle: Path | None
    sankey: Path | None
    waterfall: Path | None
    study: Path | None


def _write_files(result: "Footprint", files: _Files, *, public: bool, withhold: bool) -> None:
    """Write files once all of them are made: what is refused leaves nothing behind."""
    from lca.audit import write_bundle
    from lca.charts import sankey_svg, waterfall_svg

    made: dict[Path, bytes] = {}
    if files.bundle is not None:
        made[files.bundle] = write_bundle(result, withhold_licensed=withhold)
    if files.sankey is not None:
        made[files.sankey] = _encoded(sankey_svg(result, public=public))
    if files.waterfall is not None:
        made[files.waterfall] = _encoded(waterfall_svg(result))
    if files.study is not None:
        made[files.study] = _study(result, files.study, public=public)
    for path, data in made.items():
        write_whole(path, data)


def _study(result: "Footprint", file: Path, *, public: bool) -> bytes:
    from lca.study import study_html
    from lca.study_pdf import study_pdf

    suffix = file.suffix.lower()
    if suffix == ".pdf":
        return study_pdf(result, public=public)
    if suffix in {".html", ".htm"}:
        return _encoded(study_html(result, public=public))
    finding = Finding("--study", str(file), "a study is .html or .pdf", "Name the file so.")
    raise EnvironmentFaultError(finding)


def _encoded(text: str) -> bytes:
    """Encode a text; half a character that came with a name stands as its escape."""
    return text.encode("utf-8", "backslashreplace")


@footprint.command("sheets")
def footprint_sheets(
    file: Annotated[Path, typer.Argument(help="The workbook to write, .xlsx.")],
    empty: Annotated[bool, typer.Option("--empty", help="Without the example in it.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a workbook to fill in: bill of materials, energy, transport, suppliers, a guide."""
    from lca.workbook import write_workbook

    with reported(as_json=as_json):
        if file.exists() and not force:
            reason = "there is such a file already"
            raise EnvironmentFaultError(Finding("file", str(file), reason, "Give --force."))
        write_whole(file, write_workbook(example=not empty))
        text = (
            f"{file} written; once it is filled in: voltpass footprint compute {file},\nor, to store"
            f" the study of a registered model: voltpass footprint study {file} --operator OPERATOR"
            " --model MODEL --facility FACILITY"
        )
        emit({"written": str(file)}, as_json=as_json, text=lambda: out.print(text, markup=False))


@footprint.command("compare")
def footprint_compare(
    files: Annotated[list[Path], typer.Argument(help="Inventories, the first as reference.")],
    ruleset: Annotated[str, typer.Option(help="One ruleset for all.")] = "da-2024",
    own: OwnFactors = None,
    as_json: AsJson = False,
) -> None:
    """Hold several inventories side by side under one ruleset."""
    from lca.comparison import compare_footprints
    from lca.rulesets import load_ruleset

    with reported(as_json=as_json):
        rules = load_ruleset(ruleset)
        base = dataset_with(own)
        results = [read_footprint_input(file, base).compute(rules) for file in files]
        table: Mapping[str, Any] = compare_footprints(results)
        emit(table, as_json=as_json, text=lambda: _print_comparison(table))


def _print_comparison(comparison: Mapping[str, Any]) -> None:
    table = Table("inventory", title_justify="left")
    for head in ("kg CO2e per kWh delivered", "per battery, kg", "change, %"):
        table.add_column(head, justify="right")
    for row in comparison["rows"]:
        change = row["change_percent"]
        table.add_row(
            row["title"],
            f"{row['kg_co2e_per_kwh']:.4f}",
            f"{row['kg_co2e_per_battery']:,.0f}",
            f"{change:+.1f}" if change is not None else "-",
        )
    out.print(table)
    for row in comparison["rows"]:
        for text in row["implausible"]:
            out.print(f"  ! {row['title']}: {text}", markup=False, style="yellow")
    for reason in comparison["reasons"]:
        out.print(f"not comparable: {reason}", markup=False)


footprint.command("audit")(footprint_audit)


@footprint.command("study")
def footprint_study(
    file: Annotated[
        Path,
        typer.Argument(help="JSON: model, facility, rulesets, inventory; or an inventory alone."),
    ],
    operator: Operator,
    model: Annotated[str | None, typer.Option(help="For an inventory: of what.")] = None,
    facility: Annotated[str | None, typer.Option(help="For an inventory: made where.")] = None,
    ruleset: Rulesets = None,
    as_json: AsJson = False,
) -> None:
    """Compute and store the studies of a registered model from a registered factory.

    An inventory (JSON, XLSX, CSV sheets) comes with --model and --facility; product, plant, supply
    and offsets are those that are registered.
    """
    from api.commands.study_requests import read_study_request
    from passports.documents import utc_now
    from passports.footprints import compute_studies

    with reported(as_json=as_json):
        request, said = read_study_request(file, model, facility, ruleset)
        if said:
            err.print(said, markup=False)
        voltpass = open_voltpass()
        studies = compute_studies(voltpass.store, voltpass.dataset, operator, request, utc_now())
        emit(
            [study.to_document() for study in studies],
            as_json=as_json,
            text=lambda: _print_stored(studies),
        )


def _print_stored(studies: "Sequence[FootprintStudy]") -> None:
    for study in studies:
        _print([study.result])
        out.print(f"study {study.id}", markup=False)


@footprint.command("list")
def footprint_list(
    operator: Annotated[str | None, typer.Option(help="Only of this operator.")] = None,
    model: Annotated[str | None, typer.Option(help="Only of this model.")] = None,
    superseded: Annotated[bool, typer.Option("--superseded", help="Replaced studies too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List stored studies, newest first."""
    from passports.footprints import list_studies

    with reported(as_json=as_json), open_voltpass().store.reading() as reading:
        found = list_studies(reading, operator, model, include_superseded=superseded)

        def text() -> None:
            for study in found:
                made = f"{study.operator_id}/{study.model_id} from {study.facility_id}"
                stated = f"{study.result['kg_co2e_per_kwh']:.4f} kg CO2e per kWh delivered"
                gone = ", superseded" if study.superseded_by else ""
                gone += ", with implausible figures" if "implausible" in study.result else ""
                days = f"{study.computed_at:%Y-%m-%d}"
                out.print(
                    f"{study.id}  {days}  {made}, {study.ruleset}: {stated}{gone}", markup=False
                )

        emit([study.to_document() for study in found], as_json=as_json, text=text)


@footprint.command("show")
def footprint_show(
    study_id: Annotated[str, typer.Argument(help="As `footprint list` names it.")],
    bundle: Annotated[
        Path | None,
        typer.Option(
            "--audit-bundle", help="Write what a stranger recomputes it from; it is confidential."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a stored study; or write its audit bundle, to be checked with `footprint audit`."""
    from passports.footprints import get_study

    with reported(as_json=as_json):
        voltpass = open_voltpass()
        with voltpass.store.reading() as reading:
            study = get_study(reading, study_id)
        if bundle is not None:
            from passports.studies import own_audit_bundle

            write_whole(bundle, own_audit_bundle(voltpass.store, voltpass.dataset, study_id))
        emit(study.to_document(), as_json=as_json, text=lambda: _print_stored([study]))


def _print(results: Sequence[Mapping[str, Any]]) -> None:
    from api.commands.footprint_text import (
        contributions_table,
        doubt_lines,
        footprint_table,
        note_lines,
        scenario_doubts,
        scenarios_table,
        sensitivity_rows,
    )

    for result in results:
        out.print(footprint_table(result))
        for line in doubt_lines(result):
            out.print(line, markup=False, style="yellow")
        if result["contributions"]:
            out.print(contributions_table(result))
        if result.get("sensitivity"):
            out.print(sensitivity_rows(result["sensitivity"]))
        for line in note_lines(result):
            out.print(f"  {line}", markup=False)
        if "monte_carlo" in result:
            drawn = result["monte_carlo"]
            points = drawn["percentiles_kg_co2e_per_kwh"]
            span = ", ".join(f"P{name} {value:.4f}" for name, value in points.items())
            out.print(f"  {drawn['draws']} draws, seed {drawn['seed']}: {span} (informative)")
        if "what_if" in result:
            out.print(scenarios_table(result["what_if"]))
            for line in scenario_doubts(result["what_if"]):
                out.print(line, markup=False, style="yellow")
