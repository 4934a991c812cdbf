"""Releases as publishers lay them out, a few codes each. What is not in the public domain is invented."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

Files = dict[str, str]


def write(folder: Path, files: Mapping[str, str | bytes], encoding: str = "utf-8") -> Path:
    """Write files below `folder`."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return folder


def pack(file: Path, files: Mapping[str, str | bytes]) -> Path:
    """The same files in a `.zip`."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file


def order(lines: Sequence[tuple[str, str, str, str]]) -> str:
    """Lines of an ICD-10 order file: code, flag, short and long description."""
    return "".join(
        f"{number:05d} {code:<7} {flag} {short:<60} {long}\r\n"
        for number, (code, flag, short, long) in enumerate(lines, 1)
    )


ICD_CM: Final[Files] = {
    "icd10cm-order-2027.txt": order((
        ("E11", "0", "Type 2 diabetes mellitus", "Type 2 diabetes mellitus"),
        ("E119", "1", "Type 2 diabetes mellitus without complications",
         "Type 2 diabetes mellitus without complications"),
        ("S525", "0", "Fracture of lower end of radius", "Fracture of lower end of radius"),
        ("S5250", "0", "Unspecified fracture of the lower end of radius",
         "Unspecified fracture of the lower end of radius"),
        ("S52501", "0", "Unsp fracture of the lower end of right radius",
         "Unspecified fracture of the lower end of right radius"),
        ("S52501A", "1", "Unsp fracture of the lower end of right radius, init",
         "Unspecified fracture of the lower end of right radius, initial encounter for closed fracture"),
        ("S52502", "0", "Unsp fracture of the lower end of left radius",
         "Unspecified fracture of the lower end of left radius"),
        ("S52509", "0", "Unsp fracture of the lower end of unspecified radius",
         "Unspecified fracture of the lower end of unspecified radius"),
    )),
    "icd10cm_order_addenda_2027.txt": "Add:   E11.9 something\r\n",
}  # fmt: skip
TABULAR: Final = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2027</version>
  <chapter><name>4</name><desc>Endocrine, nutritional and metabolic diseases (E00-E89)</desc>
    <includes><note>disorders of glands</note></includes>
    <section id="E08-E13"><desc>Diabetes mellitus (E08-E13)</desc>
      <diag><name>E11</name><desc>Type 2 diabetes mellitus</desc>
        <inclusionTerm><note>diabetes due to insulin   resistance</note></inclusionTerm>
        <excludes1><note>type 1 diabetes mellitus (E10.-)</note></excludes1>
        <useAdditionalCode><note>code to identify control using insulin (Z79.4)</note></useAdditionalCode>
        <diag><name>E11.9</name><desc>Type 2 diabetes mellitus without complications</desc></diag>
      </diag>
    </section>
  </chapter>
  <chapter><name>19</name><desc>Injury (S00-T88)</desc>
    <section id="S52"><desc>Fracture of forearm (S52)</desc>
      <diag><name>S52</name><desc>Fracture of forearm</desc>
        <sevenChrDef><extension char="A">initial encounter for closed fracture</extension></sevenChrDef>
        <diag><name>S52.5</name><desc>Fracture of lower end of radius</desc></diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""
ICD_PCS: Final[Files] = {
    "icd10pcs_order_2027.txt": order((
        ("001", "0", "Central Nervous System and Cranial Nerves, Bypass",
         "Central Nervous System and Cranial Nerves, Bypass"),
        ("0016070", "1", "Bypass Cereb Vent to Nasophar with Autol Sub, Open Approach",
         "Bypass Cerebral Ventricle to Nasopharynx with Autologous Tissue Substitute, Open Approach"),
    )),
}  # fmt: skip


def hcpcs(*records: str) -> str:
    """Lines of the alpha-numeric file, as wide as CMS writes them."""
    return "".join(record.ljust(320) + "\r\n" for record in records)


def hcpcs_record(
    code: str,
    number: int,
    kind: str,
    long: str,
    short: str = "",
    pricing: str = "",
    added: str = "",
    ended: str = "",
) -> str:
    """One record of it."""
    text = f"{code:>5}{number:05d}{kind}{long:<80}{short:<28}{pricing:<8}".ljust(229) + "C"
    return text.ljust(256) + "O1A A".ljust(12) + f"{added:<8}{added:<8}{ended:<8}N"


HCPCS: Final[Files] = {
    "HCPC2026_OCT_ANWEB.txt": hcpcs(
        hcpcs_record("A0021", 100, "3", "Ambulance service, outside state per mile, transport",
                     "Outside state ambulance serv",
                     "00", "19820101"),
        hcpcs_record("A0021", 200, "4", "(medicaid only)"),
        hcpcs_record("A1", 100, "7", "Dressing for one wound", "Dressing for one wound", added="19950101"),
        hcpcs_record("G9999", 100, "3", "A measure that ended", "Measure ended", "00", "20200101", "20251231"),
        hcpcs_record("99213", 100, "3", "A code of Level I", "Level I", "11"),
    ),
    "HCPC2026_recordlayout.txt": "CMS RIF REPORT\r\n",
}  # fmt: skip

CONCEPTS: Final = (  # invented numbers and words in the layout of the real ones
    ("138875005", "Everything (root)", "Everything", ()),
    ("1001", "Wumple (disorder)", "Wumple", ("138875005",)),
    ("1002", "Wumple of ear (disorder)", "Ear wumple", ("1001", "1003")),
    ("1003", "Ear trouble (disorder)", "Trouble of ear", ("138875005",)),
    ("1004", "Old wumple (disorder)", "Old wumple", ()),
    ("2001", "Ear (body structure)", "Ear", ("138875005",)),
    ("3001", "List of wumples (foundation metadata concept)", "List of wumples", ("138875005",)),
)


def rf2(header: str, rows: Sequence[Sequence[object]]) -> str:
    """A file of Release Format 2."""
    lines = [header.replace(" ", "\t"), *("\t".join(map(str, row)) for row in rows)]
    return "".join(line + "\r\n" for line in lines)


def snomed(where: str = "US1000124", day: str = "20260901") -> Files:
    """A snapshot of RF2."""
    core, terms, refset = "900000000000207008", "Snapshot/Terminology", "Snapshot/Refset"
    tail = f"_{where}_{day}.txt"
    descriptions: list[Sequence[object]] = []
    acceptable: list[Sequence[object]] = []
    number = 500
    for code, full, preferred, _ in CONCEPTS:
        synonyms = (
            ("900000000000003001", full, True),
            ("900000000000013009", preferred, True),
            ("900000000000013009", f'{preferred} "so called"', False),
        )
        for kind, term, is_preferred in synonyms:
            number += 1
            descriptions.append((number, day, 1, core, code, "en", kind, term, "900000000000448009"))
            level = "900000000000548007" if is_preferred else "900000000000549004"
            acceptable.append((f"a{number}", day, 1, core, "900000000000509007", number, level))
    descriptions.append((900, day, 0, core, "1001", "en", "900000000000013009", "Never shown", "x"))
    relations: list[Sequence[object]] = []
    for code, _, _, parents in CONCEPTS:
        for parent in parents:
            relations.append(
                (7000 + len(relations), day, 1, core, code, parent, 0, "116680003", "900000000000011006", "m")
            )
    relations.append((7900, day, 1, core, "1002", "2001", 1, "363698007", "900000000000011006", "m"))
    relations.append((7901, day, 0, core, "1002", "1004", 0, "116680003", "900000000000011006", "m"))
    relations.append((7902, day, 1, core, "1002", "1004", 0, "116680003", "900000000000010007", "m"))
    columns = "sourceId destinationId relationshipGroup typeId characteristicTypeId modifierId"
    relation_header = f"id effectiveTime active moduleId {columns}"
    refset_header = "id effectiveTime active moduleId refsetId referencedComponentId"
    map_header = (
        f"{refset_header} mapGroup mapPriority mapRule mapAdvice mapTarget correlationId mapCategoryId"
    )
    maps = [
        (
            "m2",
            day,
            1,
            core,
            "6011000124106",
            "1002",
            1,
            2,
            "OTHERWISE TRUE",
            "ALWAYS H93.90",
            "H93.90",
            "447561005",
            "447637006",
        ),
        (
            "m1",
            day,
            1,
            core,
            "6011000124106",
            "1002",
            1,
            1,
            "IFA 248152002",
            "IF FEMALE CHOOSE H93.91",
            "H93.91",
            "447561005",
            "447637006",
        ),
        (
            "m3",
            day,
            1,
            core,
            "6011000124106",
            "1001",
            1,
            1,
            "TRUE",
            "CANNOT BE CLASSIFIED",
            "",
            "447561005",
            "447638001",
        ),
        ("m4", day, 1, core, "999", "1001", 1, 1, "TRUE", "to nowhere", "X1", "447561005", "447637006"),
        (
            "m5",
            day,
            0,
            core,
            "6011000124106",
            "1003",
            1,
            1,
            "TRUE",
            "withdrawn",
            "A00",
            "447561005",
            "447637006",
        ),
    ]
    return {
        f"{terms}/sct2_Concept_Snapshot{tail}": rf2(
            "id effectiveTime active moduleId definitionStatusId",
            [(code, day, int(code != "1004"), core, "900000000000073002" if code == "1002" else "900000000000074008")
             for code, *_ in CONCEPTS],
        ),
        f"{terms}/sct2_Description_Snapshot-en{tail}": rf2(
            "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId", descriptions
        ),
        f"{terms}/sct2_TextDefinition_Snapshot-en{tail}": rf2(
            "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
            [(990, day, 1, core, "1001", "en", "900000000000550004", "A wumple is what we say it is.", "x")],
        ),
        f"{terms}/sct2_Relationship_Snapshot{tail}": rf2(relation_header, relations),
        f"{terms}/sct2_RelationshipConcreteValues_Snapshot{tail}": rf2(
            relation_header.replace("destinationId", "value"),
            [(8000, day, 1, core, "1001", "#5", 0, "1142135004", "900000000000011006", "m")],
        ),
        f"{refset}/Language/der2_cRefset_LanguageSnapshot-en{tail}": rf2(
            f"{refset_header} acceptabilityId", acceptable
        ),
        f"{refset}/Map/der2_iisssccRefset_ExtendedMapSnapshot{tail}": rf2(map_header, maps),
        f"{refset}/Map/der2_sRefset_SimpleMapSnapshot{tail}": rf2(
            f"{refset_header} mapTarget", [("s1", day, 1, core, "446608001", "2001", "C30.1")]
        ),
        f"{refset}/Content/der2_Refset_SimpleSnapshot{tail}": rf2(
            refset_header, [("r1", day, 1, core, "3001", "1001"), ("r2", day, 1, core, "3001", "1002")]
        ),
        f"Full/Terminology/sct2_Concept_Full{tail}": "not read\r\n",
    }  # fmt: skip


LOINC_COLUMNS: Final = (
    "LOINC_NUM", "COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP", "CLASS",
    "VersionLastChanged", "DefinitionDescription", "STATUS", "CONSUMER_NAME", "CLASSTYPE", "SHORTNAME", "ORDER_OBS",
    "EXTERNAL_COPYRIGHT_NOTICE", "LONG_COMMON_NAME", "RELATEDNAMES2", "DisplayName",
)  # fmt: skip


def quoted(*rows: Sequence[str]) -> str:
    """CSV with every field in quotation marks."""
    return "".join(",".join('"' + field.replace('"', '""') + '"' for field in row) + "\r\n" for row in rows)


LOINC: Final[Files] = {
    "LoincTable/Loinc.csv": "\ufeff" + quoted(
        LOINC_COLUMNS,
        ("99990-1", "Wumple", "MCnc", "Pt", "Ear", "Qn", "", "CHEM", "2.80", "Two lines:\r\nof text", "ACTIVE",
         "Wumple level", "1", "Wumple Ear-mCnc", "Both", "Its owner wants this said.", "Wumple [Mass/volume] in Ear",
         "Wmpl; Point in time", "Wumple (Ear)"),
        ("99991-9", "Wumple kind", "Prid", "Pt", "Ear", "Nom", "", "CHEM", "2.81", "", "DEPRECATED", "", "1",
         "Wumple Ear Ql",
         "Observation", "", "Wumple kind in Ear", "", ""),
    ),
    "LoincTableCore/LoincTableCore.csv": quoted(("LOINC_NUM",), ("99990-1",)),
    "AccessoryFiles/ComponentHierarchyBySystem/ComponentHierarchyBySystem.csv": quoted(
        ("PATH_TO_ROOT", "SEQUENCE", "IMMEDIATE_PARENT", "CODE", "CODE_TEXT"),
        ("", "1", "", "LP432695-7", "{component}"),
        ("LP432695-7", "1", "LP432695-7", "LP99990-0", "Wumples"),
        ("LP432695-7.LP99990-0", "1", "LP99990-0", "99990-1", "Wumple Ear-mCnc"),
    ),
    "AccessoryFiles/AnswerFile/AnswerList.csv": quoted(
        ("AnswerListId", "AnswerListName", "AnswerStringId", "SequenceNumber", "DisplayText"),
        ("LL9999-1", "Kinds of wumple", "LA99992-6", "2", "Flat"),
        ("LL9999-1", "Kinds of wumple", "LA99991-8", "1", "Round"),
        ("LL9998-3", "From elsewhere", "", "", ""),
    ),
    "AccessoryFiles/AnswerFile/LoincAnswerListLink.csv": quoted(
        ("LoincNumber", "LongCommonName", "AnswerListId", "AnswerListName", "AnswerListLinkType"),
        ("99991-9", "Wumple kind in Ear", "LL9999-1", "Kinds of wumple", "NORMATIVE"),
    ),
    "AccessoryFiles/LinguisticVariants/esES12LinguisticVariant.csv": quoted(
        ("LOINC_NUM", "COMPONENT", "LONG_COMMON_NAME", "LinguisticVariantDisplayName"),
        ("99990-1", "Wumple", "Wumple en oreja", ""),
    ),
}  # fmt: skip


def rrf(*rows: Sequence[object]) -> str:
    """A file of RxNorm."""
    return "".join("|".join(map(str, row)) + "|\n" for row in rows)


def _name(code: str, kind: str, text: str, source: str = "RXNORM", suppressed: str = "N") -> Sequence[str]:
    return (
        code,
        "ENG",
        "",
        "",
        "",
        "",
        "",
        "9" + code,
        "",
        "",
        "",
        source,
        kind,
        code,
        text,
        "",
        suppressed,
        "4096",
    )


RXNORM: Final[Files] = {
    "rrf/RXNCONSO.RRF": rrf(
        _name("801", "IN", "wumpline"),
        _name("802", "SCD", "wumpline 5 MG Oral Tablet"),
        _name("802", "PSN", "wumpline 5 MG Tablet"),
        _name("803", "SCD", "wumpline 7 MG Oral Tablet", suppressed="O"),
        _name("900", "CD", "of another source", "OTHER"),
    ),
    "rrf/RXNREL.RRF": rrf(
        ("801", "1", "CUI", "RO", "802", "2", "CUI", "has_ingredient", "1", "", "RXNORM", "", "", "", "N", "4096"),
        ("802", "1", "CUI", "RO", "801", "2", "CUI", "ingredient_of", "1", "", "RXNORM", "", "", "", "N", "4096"),
        ("900", "1", "CUI", "RO", "802", "2", "CUI", "has_ingredient", "1", "", "RXNORM", "", "", "", "N", "4096"),
    ),
    "rrf/RXNSAT.RRF": rrf(
        ("802", "", "", "9802", "AUI", "802", "1", "", "NDC", "RXNORM", "00002143380", "N", "4096"),
        ("802", "", "", "9802", "AUI", "802", "1", "", "NDC", "OTHER", "00002143381", "N", ""),
        ("802", "", "", "9802", "AUI", "802", "1", "", "RXN_STRENGTH", "RXNORM", "5 MG", "N", "4096"),
    ),
    "prescribe/rrf/RXNCONSO.RRF": rrf(_name("801", "IN", "not this one")),
}  # fmt: skip

CVX: Final = (
    "03|MMR|measles, mumps and rubella virus vaccine, live||Active|False|2020/06/02\r\n"
    "27 |botulinum antitoxin|botulinum antitoxin|A note that\r\nruns over two lines|Active|True|2020/09/04\r\n"
    "99|RESERVED|RESERVED - do not use||Inactive|True|2010/05/28\r\n"
)
CVX_XML: Final = b"""<?xml version='1.0' encoding='ISO-8859-1'?><CVXCodes>
<CVXInfo><ShortDescription>caf\xe9 vaccine</ShortDescription><FullVaccinename>A vaccine in latin-1</FullVaccinename>
<CVXCode>143       </CVXCode><Notes/><Status>Never Active</Status><LastUpdated>3/20/2011</LastUpdated></CVXInfo>
</CVXCodes>"""
MVX: Final = (
    "AB|Abbott Laboratories|includes others|Inactive|2012/10/18\r\n"
    "MSD|Merck and Co., Inc.||Active|2012/10/18\r\n"
)

NDC: Final[Files] = {
    "product.txt": (
        "PRODUCTID\tPRODUCTNDC\tPRODUCTTYPENAME\tPROPRIETARYNAME\tPROPRIETARYNAMESUFFIX\tNONPROPRIETARYNAME\t"
        "DOSAGEFORMNAME\tROUTENAME\tSTARTMARKETINGDATE\tENDMARKETINGDATE\tMARKETINGCATEGORYNAME\tAPPLICATIONNUMBER\t"
        "LABELERNAME\tSUBSTANCENAME\tACTIVE_NUMERATOR_STRENGTH\tACTIVE_INGRED_UNIT\tDEASCHEDULE\n"
        "0002-1433_x\t0002-1433\tHUMAN PRESCRIPTION DRUG\tWumplex\t\twumpline\tTABLET\tORAL\t20140918\t\tNDA\tNDA1\t"
        '"Wump, Inc."\tWUMPLINE\t5\tmg/1\t\n'
        "0002-1433_y\t0002-1433\tHUMAN PRESCRIPTION DRUG\tWumplex\t\twumpline\tTABLET\tORAL\t20200101\t\tNDA\tNDA2\t"
        "Wump\tWUMPLINE\t5\tmg/1\t\n"
    ),
    "package.txt": (
        "PRODUCTID\tPRODUCTNDC\tNDCPACKAGECODE\tPACKAGEDESCRIPTION\tSTARTMARKETINGDATE\tENDMARKETINGDATE\n"
        "0002-1433_x\t0002-1433\t0002-1433-80\t4 TABLET in 1 CARTON\t20141107\t\n"
        "0002-1433_y\t0002-1433\t0002-1433-80\t4 TABLET in 1 CARTON\t20141107\t\n"
    ),
}
NUCC: Final = (
    "Code,Grouping,Classification,Specialization,Definition,Notes,Display Name,Section\r\n"
    '207R00000X,Allopathic & Osteopathic Physicians,Internal Medicine,,"A physician, trained.\r\nFor adults.",,'
    "Internal Medicine Physician,Individual\r\n"
    "207RC0000X,Allopathic & Osteopathic Physicians,Internal Medicine,Cardiovascular Disease,Caf\u00e9,,"
    "Cardiovascular Disease Physician,Individual\r\n"
)
POS: Final = (
    "Place of Service Code(s),Place of Service Name,Place of Service Description\n"
    "02,Telehealth Provided Other than in Patient's Home,The location where services are provided.\n"
    "11,Office,Location other than a hospital.\n"
    "27-30,Unassigned,N/A\n"
    "35,Unassigned,N/A\n"
)
CPT_NOTICE: Final = "CPT 2027 (invented for a test)\r\n\r\nCopyright American Medical Association.\r\n\r\n"
CPT: Final[Files] = {
    "Standard/MEDU.txt": CPT_NOTICE + "0001A WUMPLE REMOVAL EAR\r\n99999 UNLISTED WUMPLE\r\n",
    "Standard/LONGULT.txt": CPT_NOTICE + "0001A\tRemoval of a wumple from an ear\r\n",
    "Standard/SHORTU.txt": CPT_NOTICE + "0001A WUMPLE REM EAR\r\n",
}
OWN: Final = (
    "code;display;parent;synonym;active;room\r\n"
    "A;All services;;;;\r\n"
    "A1;Talk;A;chat; yes;12\r\n"
    "A2;Old talk;A;;no;\r\n"
)
