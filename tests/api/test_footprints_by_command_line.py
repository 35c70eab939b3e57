"""`voltpass footprint` as a practitioner uses it: fill in, compute, publish, audit, and err."""

import io
import json
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook

from lca.workbook import write_workbook
from tests.api.command_line import invoke, one_document
from tests.lca.test_importers import pact

Change = Callable[[Workbook], None]
EXAMPLE = write_workbook(example=True)
MATERIALS = "bill_of_materials"


def cell(sheet: str, row: int, column: str, value: Any) -> Change:
    """Return a change of one cell."""

    def change(book: Workbook) -> None:
        header = [head.value for head in book[sheet][1]]
        book[sheet].cell(row, header.index(column) + 1).value = value

    return change


def appended(sheet: str, *rows: list[Any]) -> Change:
    """Return a change that adds rows."""

    def change(book: Workbook) -> None:
        for row in rows:
            book[sheet].append(row)

    return change


def saved(path: Path, change: Change) -> Path:
    """Save the example with a change."""
    book = openpyxl.load_workbook(io.BytesIO(EXAMPLE))
    change(book)
    book.save(path)
    return path


def supplier(name: str, primary: float = 50.0) -> list[Any]:
    """Return a row of supplier footprints."""
    return [name, "cathode", 5, "kg", "CN", "2024", "Acme", "PCF 1", primary]


LOOP = ["cells", None, "pack", 1, "piece", "cell_assembly", "secondary", None]
SINGULAR = ["cells", None, "pack", 1 / 60, "piece", "cell_assembly", "secondary", None]
LATE = [["electricity.period.from", "2024-02-01"], ["electricity.period.to", "2024-12-31"]]

MISTAKES: list[tuple[str, Change, str, int, str, str]] = [
    ("an unknown unit", cell(MATERIALS, 3, "unit", "stone"), MATERIALS, 3, "unit", "unknown unit"),
    ("the wrong dimension", cell(MATERIALS, 3, "unit", "kWh"), MATERIALS, 3, "unit", "dimension"),
    (
        "kWh delivered for kWh of capacity",
        cell(MATERIALS, 2, "unit", "kWh delivered"),
        MATERIALS,
        2,
        "unit",
        "dimension delivered_energy, battery_capacity is needed",
    ),
    (
        "kWh of capacity for kWh",
        cell("energy", 2, "unit", "kWh capacity"),
        "energy",
        2,
        "unit",
        "dimension battery_capacity, electricity is needed",
    ),
    ("a negative mass", cell(MATERIALS, 3, "amount", -4), MATERIALS, 3, "amount", "between 0"),
    (
        "a yield above 100 %",
        cell("activities", 3, "yield_percent", 120),
        "activities",
        3,
        "yield_percent",
        "up to 100",
    ),
    (
        "a share above 100 %",
        appended("supplier_footprints", supplier("sup.x", 150)),
        "supplier_footprints",
        2,
        "primary_data_percent",
        "between 0 and 100",
    ),
    (
        "a cycle without a solution",
        appended(MATERIALS, LOOP),
        "activities",
        2,
        "activities",
        "the loop needs more than it yields",
    ),
    (
        "a singular system",
        appended(MATERIALS, SINGULAR),
        "activities",
        2,
        "activities",
        "the loop needs",
    ),
    (
        "two factors for one identifier",
        appended("supplier_footprints", supplier("sup.x"), supplier("sup.x")),
        "supplier_footprints",
        3,
        "id",
        "two factors for one identifier",
    ),
    (
        "a factor for an identifier that is shipped",
        appended("supplier_footprints", supplier("mat.graphite.nat")),
        "supplier_footprints",
        2,
        "id",
        "two factors for one identifier",
    ),
    (
        "a period that does not cover production",
        appended("settings", *LATE),
        "settings",
        24,
        "electricity.period",
        "does not cover the production period",
    ),
    ("NaN", cell(MATERIALS, 3, "amount", "NaN"), MATERIALS, 3, "amount", "must be a number"),
    ("10^400", cell(MATERIALS, 3, "amount", "1e400"), MATERIALS, 3, "amount", "must be a number"),
    ("10^300", cell(MATERIALS, 3, "amount", 1e300), MATERIALS, 3, "amount", "sensible size"),
    ("a formula", cell(MATERIALS, 3, "amount", "=1+1"), MATERIALS, 3, "amount", "is a formula"),
    (
        "a factor that nobody has",
        cell(MATERIALS, 3, "factor", "mat.greet24.pack.lfp.car30"),
        MATERIALS,
        3,
        "factor",
        "no such emission factor. nearest: mat.greet24.pack.lfp.car300",
    ),
]


@pytest.mark.parametrize(
    ("change", "sheet", "row", "field", "reason"),
    [pytest.param(*mistake[1:], id=mistake[0]) for mistake in MISTAKES],
)
def test_a_mistake_is_named_with_file_sheet_row_and_field_and_nothing_is_written(
    tmp_path: Path, change: Change, sheet: str, row: int, field: str, reason: str
) -> None:
    file = saved(tmp_path / "plant.xlsx", change)
    options = ("--study", tmp_path / "s.html", "--audit-bundle", tmp_path / "b.json")
    done = invoke("footprint", "compute", file, *options, home=tmp_path)
    assert done.returncode == 1
    place = f"plant.xlsx, sheet {sheet}, " + (f"row {row}, {field}:" if row else f"{field}:")
    line = next(line for line in done.stderr.splitlines() if place in line)
    assert reason in line
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plant.xlsx"]


def as_text(number: str) -> bytes:
    """Return the JSON inventory of the tests with a mass written like this."""
    assets = Path(__file__).parent.parent / "lca" / "assets"
    return (assets / "lfp_pack.json").read_bytes().replace(b"419.87,", f"{number},".encode())


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (as_text("NaN"), "product.mass_kg"),
        (as_text("-Infinity"), "product.mass_kg"),
        (as_text("1e400"), "product.mass_kg"),
        (as_text("1" + "0" * 400), "product.mass_kg"),
        (as_text("1" + "0" * 5000), "product.mass_kg"),
        (as_text("-1"), "product.mass_kg"),
        (as_text('"419"'), "product.mass_kg"),
        (b"[" * 100_000, "document"),
        (b"\xff\xfe\x00", "document"),
        (b"", "document"),
    ],
    ids=["NaN", "-infinity", "1e400", "10^400", "10^5000", "-1", "text", "deep", "binary", "empty"],
)
def test_a_mistake_in_a_json_file_is_named_with_its_path(
    tmp_path: Path, data: bytes, field: str
) -> None:
    file = tmp_path / "plant.json"
    file.write_bytes(data)
    done = invoke("footprint", "compute", file, "--json", home=tmp_path)
    assert done.returncode == 1
    assert one_document(done)["findings"][0]["field"] == f"plant.json, {field}"


@pytest.mark.parametrize("name", ["plant.xlsx", "plant.json", "plant.zip"])
def test_a_file_of_200_mb_is_refused_unread(tmp_path: Path, name: str) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    done = invoke("footprint", "compute", tmp_path / name, home=tmp_path)
    assert done.returncode == 1
    assert f"{name}, file: '209715200 bytes': is larger than 64 MiB" in done.stderr


@pytest.mark.parametrize(
    ("name", "inside"), [("plant.xlsx", "xl/worksheets/sheet1.xml"), ("plant.zip", "energy.csv")]
)
def test_a_small_file_that_unpacks_to_200_mb_is_refused(
    tmp_path: Path, name: str, inside: str
) -> None:
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(inside, bytes(200 * 1024 * 1024))
    done = invoke("footprint", "compute", tmp_path / name, home=tmp_path)
    assert done.returncode == 1
    assert "larger than 100 MiB" in done.stderr


def csv_of(book: Workbook) -> dict[str, str]:
    """Return the sheets of a workbook as CSV."""
    return {
        f"{sheet.title}.csv": "".join(
            ",".join("" if v is None else f'"{v}"' for v in row) + "\n"
            for row in sheet.iter_rows(values_only=True)
        )
        for sheet in book
        if not sheet.title.startswith("_")
    }


def test_the_same_sheets_give_the_same_result_as_workbook_folder_and_zip(tmp_path: Path) -> None:
    made = invoke("footprint", "sheets", tmp_path / "plant.xlsx", "--json", home=tmp_path)
    assert one_document(made) == {"written": str(tmp_path / "plant.xlsx")}
    folder = tmp_path / "plant"
    folder.mkdir()
    with zipfile.ZipFile(tmp_path / "plant.zip", "w") as archive:
        for name, text in csv_of(openpyxl.load_workbook(tmp_path / "plant.xlsx")).items():
            (folder / name).write_text(text, encoding="utf-8")
            archive.writestr(name, text)
    results = [
        one_document(
            invoke("footprint", "compute", tmp_path / name, "--json", "--ruleset", "iso-14067",
                   "--ruleset", "da-2024", home=tmp_path)
        )
        for name in ("plant.xlsx", "plant", "plant.zip")
    ]  # fmt: skip
    assert list(results[0]) == ["iso-14067", "da-2024"]
    totals = [[result["kg_co2e_per_battery"] for result in r.values()] for r in results]
    assert totals[0] == totals[1] == totals[2]


def test_a_workbook_is_not_written_over_without_being_told_so(tmp_path: Path) -> None:
    file = tmp_path / "mine.xlsx"
    file.write_bytes(b"my own work")
    assert invoke("footprint", "sheets", file, home=tmp_path).returncode == 3
    assert file.read_bytes() == b"my own work"
    assert invoke("footprint", "sheets", file, "--force", "--empty", home=tmp_path).returncode == 0
    assert openpyxl.load_workbook(file)["settings"].cell(2, 1).value == "title"


def test_studies_and_bundle_are_written_and_the_bundle_audits(tmp_path: Path) -> None:
    file = saved(tmp_path / "plant.xlsx", cell(MATERIALS, 3, "confidential", "yes"))
    for name in ("study.html", "study.pdf"):
        done = invoke(
            "footprint", "compute", file, "--study", tmp_path / name, "--public", home=tmp_path
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "study.pdf").read_bytes().startswith(b"%PDF-")
    assert "mat.greet24" not in (tmp_path / "study.html").read_text(encoding="utf-8")
    bundle = tmp_path / "bundle.json"
    invoke("footprint", "compute", file, "--audit-bundle", bundle, home=tmp_path)
    report = one_document(invoke("footprint", "audit", bundle, "--json", home=tmp_path))
    assert report["agrees"] is True
    assert report["not_checked"] == []
    text = bundle.read_text(encoding="utf-8").replace("419.87", "419.88", 1)
    bundle.write_text(text, encoding="utf-8")
    done = invoke("footprint", "audit", bundle, "--json", home=tmp_path)
    assert done.returncode == 1
    named = one_document(done)["findings"]
    assert {
        "field": "bundle.json, inventory",
        "reason": "does not match its hash",
    }.items() <= named[0].items()


def test_a_study_of_an_unknown_kind_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    file = saved(tmp_path / "plant.xlsx", lambda _book: None)
    options = ("--study", tmp_path / "s.docx", "--sankey", tmp_path / "s.svg")
    done = invoke("footprint", "compute", file, *options, home=tmp_path)
    assert done.returncode == 3
    assert not (tmp_path / "s.svg").exists()


def imported(tmp_path: Path, *options: str, value: str = "3.3") -> tuple[Path, Any]:
    """Import an own factor; return its file and what the command did."""
    given, own = tmp_path / "given.csv", tmp_path / "own.json"
    header = "id,name,per,region,period,value,gwp_basis"
    given.write_text(f"{header}\ngraphite,our graphite,kg,CN,2024,{value},ef-3.1\n", "utf-8")
    terms = ("--licence", "ecoinvent EULA", "--source", "our LCA", "--json")
    arguments: list[str | Path] = ["import", given, "--format", "csv", *terms, "-o", own, *options]
    return own, invoke("footprint", *arguments, home=tmp_path)


def test_the_terminal_shows_contributions_what_moves_them_and_what_if(tmp_path: Path) -> None:
    invoke("footprint", "sheets", tmp_path / "plant.xlsx", home=tmp_path)
    asked = ("--what-if", "warranty=10", "--monte-carlo", "500", "--seed", "7")
    spread = ("--assumed-gsd", "1.2")
    done = invoke("footprint", "compute", tmp_path / "plant.xlsx", *asked, *spread, home=tmp_path)
    assert done.returncode == 0, done.stderr
    for words in (
        "largest contributions",
        "71.8",
        "what moves the result most",
        "+255.0",
        "primary data 0 %",
        "500 draws, seed 7",
        "warranty=10",
        "-20.0",
    ):
        assert words in done.stdout


def test_the_walk_in_the_readme_works_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = Path(__file__).parent.parent.parent / "lca" / "README.md"
    block = readme.read_text("utf-8").partition("```console\n")[2].partition("```")[0]
    lines = block.replace("\\\n", " ").splitlines()
    (tmp_path / "casing.json").write_text(json.dumps(pact()), "utf-8")
    monkeypatch.chdir(tmp_path)
    assert len(lines) == 5
    for line in lines:
        prompt, program, *arguments = shlex.split(line, comments=True)
        assert (prompt, program) == ("$", "voltpass")
        done = invoke(*arguments, home=tmp_path)
        assert done.returncode == 0, (line, done.stderr)
    assert (tmp_path / "study.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("plant.xlsx", EXAMPLE, "a ZIP archive or a workbook, not JSON"),
        ("serials.csv", b"serial,link\nA-1,x\n", "this is not JSON"),
        ("cut.json", b'{"format": ', "is not JSON"),
    ],
)
def test_a_file_of_another_kind_is_named_with_what_it_is(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    for command in ("audit", *(["compute"] if name != "plant.xlsx" else [])):
        done = invoke("footprint", command, file, "--json", home=tmp_path)
        assert done.returncode == 1
        finding = one_document(done)["findings"][0]
        assert finding["field"].startswith(name)
        assert reason in finding["reason"]
        assert not [word for word in ("codec", "char", "Expecting") if word in finding["value"]]


def test_a_sheet_that_is_none_of_ours_is_named_once(tmp_path: Path) -> None:
    file = saved(tmp_path / "november.xlsx", lambda book: book.create_sheet("extra").append(["x"]))
    finding = one_document(invoke("footprint", "compute", file, "--json", home=tmp_path))[
        "findings"
    ]
    assert (finding[0]["field"], finding[0]["value"]) == ("november.xlsx, sheet", "extra")


def test_own_factors_are_used_and_their_values_do_not_leave(tmp_path: Path) -> None:
    own, done = imported(tmp_path, value="3.3141592")
    assert one_document(done)["factors"] == ["own.graphite"]
    row = ["pack", "own.graphite", None, 50, "kg", "anode_active_material", "secondary", "g"]
    file = saved(tmp_path / "plant.xlsx", appended(MATERIALS, row))
    assert "own.graphite" in invoke("footprint", "compute", file, home=tmp_path).stderr
    compute: tuple[str | Path, ...] = ("footprint", "compute", file, "--factors", own)
    study = tmp_path / "s.html"
    done = invoke(*compute, "--study", study, "--json", home=tmp_path)
    result = one_document(done)["da-2024"]
    assert result["withheld_by_stage"]["raw_material_acquisition"] == pytest.approx(50 * 3.3141592)
    assert "own.graphite" not in json.dumps(result["sensitivity"])
    assert {row["kind"] for row in result["sensitivity"]} == {"factor"}
    for text in (json.dumps(result["contributions"]), study.read_text(encoding="utf-8")):
        assert "3.3141592" not in text
    bundle = tmp_path / "b.json"
    refused = invoke(*compute, "--audit-bundle", bundle, home=tmp_path)
    assert refused.returncode == 1
    assert "may not leave in an export" in refused.stderr
    assert not bundle.exists()
    invoke(*compute, "--audit-bundle", bundle, "--withhold-licensed", home=tmp_path)
    assert b"3.3141592" not in bundle.read_bytes()
    compared = invoke("footprint", "compare", file, file, "--factors", own, "--json", home=tmp_path)
    assert len(one_document(compared)["rows"]) == 2
    search = invoke(
        "footprint", "factors", "search", "graphite", "--factors", own, "--json", home=tmp_path
    )
    found = one_document(search)["factors"]
    assert "own.graphite" in [record["id"] for record in found]


@pytest.mark.parametrize(
    ("options", "value", "reason"),
    [
        ((), "nan", "no finite value"),
        ((), "9000", "outside the plausible band"),
        (("--prefix", "mat", "--override", "mat.graphite"), "9000", "an override needs a reason"),
    ],
)
def test_an_import_that_is_refused_writes_nothing(
    tmp_path: Path, options: tuple[str, ...], value: str, reason: str
) -> None:
    own, done = imported(tmp_path, *options, value=value)
    assert done.returncode == 1
    findings = one_document(done)["findings"]
    assert any(reason in finding["reason"] for finding in findings)
    assert findings[0]["field"].startswith("given.csv, ")
    assert not own.exists()


def test_an_outlier_is_taken_with_a_reason_that_is_printed(tmp_path: Path) -> None:
    own, done = imported(tmp_path, "--override", "own.graphite=measured", value="9000")
    assert done.returncode == 0
    assert "measured" in one_document(done)["warnings"][0]
    assert own.exists()


def test_a_file_of_factors_that_was_changed_is_refused_by_name(tmp_path: Path) -> None:
    own, _ = imported(tmp_path)
    own.write_text(own.read_text(encoding="utf-8").replace("3.3", "0.3"), encoding="utf-8")
    file = saved(tmp_path / "plant.xlsx", lambda _book: None)
    done = invoke("footprint", "compute", file, "--factors", own, home=tmp_path)
    assert done.returncode == 1
    assert "own.json, own.graphite" in done.stderr
    assert "does not match its hash" in done.stderr
