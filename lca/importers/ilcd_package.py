"""An ILCD package: from the flow of an exchange to its unit, by way of property and unit group.

Folders `processes`, `flows`, `flowproperties` and `unitgroups`, each file named by its UUID, with
or without a version behind it; ILCD format 1.1.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

from lca.archives import ARCHIVE_FAULTS
from lca.errors import FactorImportError, Finding, shown
from lca.importers.records import number_of, parse_xml, text_of

MAXIMUM_UNPACKED_BYTES: Final = 500 * 1024 * 1024
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FOLDERS: Final = ("processes", "flows", "flowproperties", "unitgroups")


@dataclass(frozen=True, slots=True)
class IlcdFlow:
    """A flow: its name, the unit that its amounts are in, and whether it goes to air."""

    name: str
    unit: str
    is_to_air: bool


@dataclass
class IlcdPackage:
    """An open package; what was looked up is kept."""

    archive: zipfile.ZipFile
    files: dict[tuple[str, str], str]
    _flows: dict[str, IlcdFlow | None] = field(default_factory=dict)
    _units: dict[str, str] = field(default_factory=dict)

    def names(self, folder: str) -> list[str]:
        """Return the files in a folder."""
        return [name for (place, _), name in self.files.items() if place == folder]

    def read(self, name: str) -> ET.Element:
        """Return the root of a file.

        Raises:
            FactorImportError: Not XML.
        """
        return parse_xml(self.archive.read(name))

    def flow(self, reference: ET.Element | None) -> IlcdFlow | None:
        """Return the flow that an exchange refers to, None where the package lacks it."""
        uuid = _uuid(reference)
        if uuid not in self._flows:
            name = self.files.get(("flows", uuid))
            self._flows[uuid] = None if name is None else self._flow(self.read(name))
        return self._flows[uuid]

    def _flow(self, root: ET.Element) -> IlcdFlow:
        information = root.find("flowInformation")
        wanted = text_of(information, "quantitativeReference/referenceToReferenceFlowProperty")
        unit = ""
        for item in root.findall("flowProperties/flowProperty"):
            if (
                item.get("dataSetInternalID") == wanted
                and number_of(text_of(item, "meanValue") or "1") == 1
            ):
                unit = self._unit(_uuid(item.find("referenceToFlowPropertyDataSet")))
        categories = "dataSetInformation/classificationInformation/elementaryFlowCategorization"
        places = [] if information is None else information.findall(f"{categories}/category")
        named = " ".join((place.text or "").lower() for place in places)
        return IlcdFlow(
            text_of(information, "dataSetInformation/name/baseName"),
            unit,
            is_to_air=not ("water" in named or "soil" in named),
        )

    def _unit(self, property_uuid: str) -> str:
        """Return the reference unit of a flow property, empty where the package does not say."""
        known = self._units.get(property_uuid)
        if known is not None:
            return known
        unit = ""
        property_file = self.files.get(("flowproperties", property_uuid))
        if property_file is not None:
            path = "flowPropertiesInformation/quantitativeReference/referenceToReferenceUnitGroup"
            group = self.files.get(("unitgroups", _uuid(self.read(property_file).find(path))))
            unit = "" if group is None else _reference_unit(self.read(group))
        self._units[property_uuid] = unit
        return unit


def _reference_unit(root: ET.Element) -> str:
    wanted = text_of(root, "unitGroupInformation/quantitativeReference/referenceToReferenceUnit")
    for unit in root.findall("units/unit"):
        if unit.get("dataSetInternalID") == wanted:
            return text_of(unit, "name")
    return ""


def _uuid(reference: ET.Element | None) -> str:
    """Return the UUID of a reference; some exports give it in the address of the file alone."""
    if reference is None:
        return ""
    found = _UUID.search(f"{reference.get('refObjectId', '')} {reference.get('uri', '')}")
    return found[0].lower() if found else ""


@contextmanager
def open_package(data: bytes) -> Iterator[IlcdPackage]:
    """Open a package.

    Raises:
        FactorImportError: Not a zip archive, or one that unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAXIMUM_UNPACKED_BYTES:
                finding = Finding("file", f"{len(data)} bytes", "unpacks to too much", "split it")
                raise FactorImportError([finding])
            yield IlcdPackage(archive, dict(_listed(archive)))
    except ARCHIVE_FAULTS as error:
        reason = "is no ILCD package"
        finding = Finding("file", shown(str(error)), reason, "export it again")
        raise FactorImportError([finding]) from None


def _listed(archive: zipfile.ZipFile) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield folder, UUID and name of the files that matter."""
    for name in archive.namelist():
        *folders, file = name.split("/")
        found = _UUID.search(file)
        if found and file.endswith(".xml") and folders and folders[-1] in _FOLDERS:
            yield (folders[-1], found[0].lower()), name
