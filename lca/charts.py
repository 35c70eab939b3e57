"""Sankey and waterfall of a footprint: the data, and SVG drawn from them."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Final

from lca.footprint import Footprint
from lca.rulesets import STAGES
from lca.svg import PALETTE, Box, Drawing, Line, Ribbon, Text

STAGE_NAMES: Final = {
    "raw_material_acquisition": "Raw materials",
    "main_production": "Production",
    "distribution": "Distribution",
    "end_of_life": "End of life",
}

_TOP: Final = 9
"""Contributors drawn one by one; the others are drawn together."""

_WITHHELD: Final = "confidential or licensed inputs"
_OTHERS: Final = "all others"
_SANKEY_TOP: Final = 48.0
_SANKEY_HEIGHT: Final = 380.0
_GAP: Final = 14.0
_LABEL: Final = 40
"""Characters of a contributor's name that fit a line of the margin; a Chinese one counts twice."""

_LINE: Final = 15.0


_Flows = dict[tuple[str, str], float]
"""kg CO2e per battery by contributor and stage."""


def _flows(footprint: Footprint, *, public: bool) -> tuple[_Flows, _Flows]:
    """Return what is drawn, the largest apart and the others together, and the credits."""
    sums: _Flows = {}
    credited: _Flows = {}
    pairs = zip(footprint.system.burdens, footprint.contributions.tolist(), strict=True)
    for burden, kg in pairs:
        record, exchange = burden.record, burden.exchange
        licensed = record is not None and not record.redistributable
        name = exchange.name or (record.name if record else burden.factor_id)
        if licensed or (public and exchange.confidential):
            name = _WITHHELD
        target = credited if kg < 0 else sums
        key = (name, burden.stage.value)
        target[key] = target.get(key, 0.0) + kg
    drawn = dict(sorted(sums.items(), key=lambda item: -item[1])[:_TOP])
    for (name, stage), kg in sums.items():
        if (name, stage) not in drawn or name == _OTHERS:
            key = (_OTHERS, stage)
            drawn[key] = drawn.get(key, 0.0) + kg
    return drawn, credited


def sankey_data(footprint: Footprint, *, public: bool = False) -> dict[str, object]:
    """Return nodes and links, kg CO2e per battery: contributors to stages, stages to battery.

    A credit is negative and cannot be drawn as a width; it is listed in `credits`. With `public`,
    confidential inputs are one contributor a stage; licensed ones always are.
    """
    drawn, credited = _flows(footprint, public=public)
    by_stage = {
        stage.value: math.fsum(kg for (_, to), kg in drawn.items() if to == stage.value)
        for stage in STAGES
    }
    flows = [(name, stage, kg) for (name, stage), kg in drawn.items()]
    flows += [(stage, "battery", kg) for stage, kg in by_stage.items() if kg]
    return {
        "unit": "kg CO2e per battery",
        "nodes": list(
            dict.fromkeys(end for source, target, _ in flows for end in (source, target))
        ),
        "links": [_link(*flow) for flow in flows],
        "credits": [_link(name, stage, kg) for (name, stage), kg in credited.items()],
    }


def _link(source: str, target: str, kg: float) -> dict[str, object]:
    return {"source": source, "target": target, "kg_co2e_per_battery": kg}


def waterfall_data(footprint: Footprint) -> dict[str, object]:
    """Return the steps from zero over the stages to the total, kg CO2e per battery."""
    steps: list[dict[str, object]] = []
    level = 0.0
    for stage in STAGES:
        kg = footprint.stage_kg_co2e(stage)
        steps.append({"stage": stage.value, "from": level, "kg_co2e_per_battery": kg})
        level += kg or 0.0
    return {
        "unit": "kg CO2e per battery",
        "steps": steps,
        "total": footprint.total,
        "partial": footprint.partial,
    }


def sankey_svg(footprint: Footprint, *, public: bool = False) -> str:
    """Return the Sankey diagram as an SVG document."""
    return sankey_drawing(footprint, public=public).finish()


def sankey_drawing(footprint: Footprint, *, public: bool = False) -> Drawing:
    """Return the Sankey diagram."""
    drawn, credited = _flows(footprint, public=public)
    order = [stage.value for stage in STAGES]
    inputs = sorted(drawn.items(), key=lambda item: (order.index(item[0][1]), -item[1]))
    total = math.fsum(drawn.values()) or 1.0
    rows = [(label_lines(name), kg / total * _SANKEY_HEIGHT) for (name, _), kg in inputs]
    rooms = [max(tall, _LINE * (len(lines) - 1)) for lines, tall in rows]
    drawing = Drawing(
        920,
        int(_SANKEY_TOP + math.fsum(rooms) + _GAP * (len(inputs) + 2)),
        f"Where the emissions come from: {footprint.system.inventory.title}",
        f"{total:.1f} kg CO2e per battery, by input and life cycle stage",
    )
    drawing.add(Text(20, 26, f"{_number(footprint.total)} kg CO2e per battery", bold=True))
    tops = _stage_blocks(drawing, drawn, total, frozenset(stage for _, stage in credited))
    y = _SANKEY_TOP
    for ((name, stage), kg), (lines, tall), room in zip(inputs, rows, rooms, strict=True):
        tip = f"{name}: {_number(kg)} kg CO2e"
        colour = PALETTE[order.index(stage)]
        top = y + (room - tall) / 2
        first = y + room / 2 + 4 - _LINE * (len(lines) - 1) / 2
        drawing.add(
            Box(300, top, 12, max(tall, 1), colour, tip),
            *(Text(292, first + n * _LINE, line, anchor="end") for n, line in enumerate(lines)),
            Ribbon((312, top), (560, tops[stage]), tall, colour, tip),
        )
        tops[stage] += tall
        y += room + _GAP
    if credited:
        text = f"Credits, not drawn: {_number(math.fsum(credited.values()))} kg CO2e"
        drawing.add(Text(20, drawing.height - 10, text))
    return drawing


def _stage_blocks(
    drawing: Drawing, drawn: _Flows, total: float, credited: frozenset[str]
) -> dict[str, float]:
    """Draw a block for each stage and return where each begins; say where credits are not drawn."""
    tops: dict[str, float] = {}
    y = _SANKEY_TOP
    for index, stage in enumerate(STAGE_NAMES):
        tops[stage] = y
        size = math.fsum(kg for (_, to), kg in drawn.items() if to == stage)
        if size:
            tall = size / total * _SANKEY_HEIGHT
            label = f"{STAGE_NAMES[stage]}, {_number(size)} kg CO2e"
            label += " before credits" if stage in credited else ""
            block = Box(560, y, 14, max(tall, 1), PALETTE[index], label)
            drawing.add(block, Text(584, y + tall / 2 + 4, label))
            y += tall + _GAP
    return tops


def label_lines(name: str) -> list[str]:
    """Return a name in lines that fit the margin, broken at spaces or where the line is full."""
    lines, line, used = [], "", 0
    for piece in re.findall(r"\s+|[\u2e80-\uffef]|[^\s\u2e80-\uffef]{1,20}", name):
        wide = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in piece)
        if used + wide > _LABEL and line.strip():
            lines.append(line.strip())
            line, used = "", 0
        line, used = line + piece, used + wide
    return [*lines, line.strip()] if line.strip() or not lines else lines


def waterfall_svg(footprint: Footprint) -> str:
    """Return the waterfall diagram as an SVG document."""
    return waterfall_drawing(footprint).finish()


def waterfall_drawing(footprint: Footprint) -> Drawing:
    """Return the waterfall diagram: the stages one upon the other, then the total."""
    steps = [(stage, footprint.stage_kg_co2e(stage), index) for index, stage in enumerate(STAGES)]
    levels = [0.0]
    for _, kg, _ in steps:
        levels.append(levels[-1] + (kg or 0.0))
    low, high = min(levels), max(*levels, 1e-12)
    scale = 260.0 / (high - low)
    drawing = Drawing(
        760,
        400,
        f"Footprint by life cycle stage: {footprint.system.inventory.title}",
        f"{footprint.total:.1f} kg CO2e per battery",
    )
    base = 320.0 + low * scale
    for stage, kg, index in steps:
        x = 30.0 + index * 145
        drawing.add(Text(x + 55, 350, STAGE_NAMES[stage.value], anchor="middle"))
        if kg is None:
            text = Text(x + 55, base - 8, "not assessed", anchor="middle", italic=True)
            drawing.add(text)
            continue
        y = base - max(levels[index], levels[index + 1]) * scale
        tip = f"{stage.value}: {_number(kg)} kg CO2e"
        block = Box(x, y, 110, max(abs(kg) * scale, 1), PALETTE[index], tip)
        drawing.add(block, Text(x + 55, y - 6, _number(kg), anchor="middle"))
    x = 30.0 + len(steps) * 145
    y = base - max(footprint.total, 0) * scale
    label = "Total (partial)" if footprint.partial else "Total"
    drawing.add(
        Box(x, y, 110, abs(footprint.total) * scale, PALETTE[4], "total"),
        Text(x + 55, 350, label, anchor="middle", bold=True),
        Text(x + 55, y - 6, _number(footprint.total), anchor="middle", bold=True),
        Text(30, 30, "kg CO2e per battery", fill="#555555"),
        Line(20, 750, base),
    )
    return drawing


def _number(kg: float) -> str:
    return f"{kg:,.1f}"
