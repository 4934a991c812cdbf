"""The code systems that a clinic loads: what they are called, who publishes them, what their owners want said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from charthouse.base.errors import Problem, invalid


@dataclass(frozen=True, slots=True)
class Kind:
    """A code system that has a loader.

    `name` is what people type, `label` what they call it, `url` what stands in resources. `whence`
    tells where one gets a release, `sample` what such a file is called; `notice` is shown beside the codes.
    """

    name: str
    label: str
    url: str
    title: str
    publisher: str
    whence: str
    sample: str
    notice: str = ""


LOINC_NOTICE: Final = (
    "This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief Institute, Inc. "
    "and the Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the "
    "license at http://loinc.org/license. LOINC® is a registered United States trademark of Regenstrief Institute, Inc."
)
SNOMED_NOTICE: Final = (
    "This material includes SNOMED Clinical Terms® (SNOMED CT®) which is used by permission of SNOMED International. "
    "All rights reserved. SNOMED CT® was originally created by The College of American Pathologists. “SNOMED” and "
    "“SNOMED CT” are registered trademarks of SNOMED International. Use needs a licence."
)
CPT_NOTICE: Final = (
    "CPT © American Medical Association. All rights reserved. CPT is a registered trademark of the American Medical "
    "Association. Use needs a licence from the AMA. Fee schedules, relative value units, conversion factors and "
    "related components are not assigned by the AMA and are not part of CPT. The AMA does not practice medicine "
    "and assumes no liability for data contained or not contained herein."
)
RXNORM_NOTICE: Final = (
    "This product uses publicly available data courtesy of the U.S. National Library of Medicine (NLM), National "
    "Institutes of Health, Department of Health and Human Services; NLM is not responsible for the product and does "
    "not endorse or recommend this or any other product."
)
NUCC_NOTICE: Final = "Health Care Provider Taxonomy code set © National Uniform Claim Committee (NUCC)."

KINDS: Final = (
    Kind(
        "icd-10-cm", "ICD-10-CM", "http://hl7.org/fhir/sid/icd-10-cm",
        "International Classification of Diseases, 10th Revision, Clinical Modification (ICD-10-CM)",
        "National Center for Health Statistics",
        "Free from the Centers for Medicare & Medicaid Services (CMS), ICD-10 pages: “Code Descriptions in Tabular "
        "Order”, with “Code Tables, Tabular and Index” beside it for the notes.",
        "icd10cm-code-descriptions.zip",
        "Published by the National Center for Health Statistics; in the public domain.",
    ),
    Kind(
        "icd-10-pcs", "ICD-10-PCS", "http://www.cms.gov/Medicare/Coding/ICD10",
        "International Classification of Diseases, 10th Revision, Procedure Coding System (ICD-10-PCS)",
        "Centers for Medicare & Medicaid Services",
        "Free from the Centers for Medicare & Medicaid Services (CMS), ICD-10 pages: “ICD-10-PCS Order File”.",
        "icd10pcs-order-file.zip", "Published by the Centers for Medicare & Medicaid Services; in the public domain.",
    ),
    Kind(
        "snomed", "SNOMED CT", "http://snomed.info/sct", "SNOMED CT", "SNOMED International",
        "From the National Library of Medicine with a UMLS licence, free in the United States: “SNOMED CT United "
        "States Edition”, RF2.",
        "SnomedCT_ManagedServiceUS.zip", SNOMED_NOTICE,
    ),
    Kind(
        "loinc", "LOINC", "http://loinc.org", "Logical Observation Identifiers, Names and Codes (LOINC)",
        "Regenstrief Institute, Inc.",
        "Free from the Regenstrief Institute after registration: the complete LOINC release.",
        "Loinc.zip", LOINC_NOTICE,
    ),
    Kind(
        "rxnorm", "RxNorm", "http://www.nlm.nih.gov/research/umls/rxnorm", "RxNorm", "National Library of Medicine",
        "From the National Library of Medicine: “RxNorm Current Prescribable Content” (free), or the full monthly "
        "release with a UMLS licence.",
        "RxNorm_full_prescribe.zip", RXNORM_NOTICE,
    ),
    Kind(
        "cvx", "CVX", "http://hl7.org/fhir/sid/cvx", "Vaccines administered (CVX)",
        "Centers for Disease Control and Prevention",
        "Free from the Centers for Disease Control and Prevention (CDC), immunization code sets: CVX as text or XML.",
        "cvx.txt", "Published by the Centers for Disease Control and Prevention; in the public domain.",
    ),
    Kind(
        "mvx", "MVX", "http://hl7.org/fhir/sid/mvx", "Manufacturers of vaccines (MVX)",
        "Centers for Disease Control and Prevention",
        "Free from the Centers for Disease Control and Prevention (CDC), immunization code sets: MVX as text.",
        "mvx.txt", "Published by the Centers for Disease Control and Prevention; in the public domain.",
    ),
    Kind(
        "ndc", "NDC", "http://hl7.org/fhir/sid/ndc", "National Drug Codes (NDC)", "Food and Drug Administration",
        "Free from the Food and Drug Administration (FDA): the NDC directory as text.",
        "ndctext.zip", "Published by the Food and Drug Administration; in the public domain.",
    ),
    Kind(
        "hcpcs", "HCPCS Level II", "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "Healthcare Common Procedure Coding System (HCPCS), Level II",
        "Centers for Medicare & Medicaid Services",
        "Free from the Centers for Medicare & Medicaid Services (CMS), HCPCS quarterly update: “Alpha-Numeric HCPCS "
        "File”.",
        "alpha-numeric-hcpcs-file.zip",
        "Level II codes are published by the Centers for Medicare & Medicaid Services; in the public domain.",
    ),
    Kind(
        "nucc", "Provider taxonomy", "http://nucc.org/provider-taxonomy", "Health Care Provider Taxonomy",
        "National Uniform Claim Committee",
        "Free from the National Uniform Claim Committee (NUCC): the code set as CSV.",
        "nucc_taxonomy.csv", NUCC_NOTICE,
    ),
    Kind(
        "pos", "Place of service", "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set",
        "Place of service codes", "Centers for Medicare & Medicaid Services",
        "Free from the Centers for Medicare & Medicaid Services (CMS): the place of service code set as a table.",
        "place-of-service.csv", "Published by the Centers for Medicare & Medicaid Services; in the public domain.",
    ),
    Kind(
        "cpt", "CPT", "http://www.ama-assn.org/go/cpt", "Current Procedural Terminology (CPT)",
        "American Medical Association",
        "From the American Medical Association (AMA) with a licence: the CPT standard data files.",
        "cpt-data-files.zip", CPT_NOTICE,
    ),
)  # fmt: skip
OWN: Final = Kind(
    "csv",
    "Own codes",
    "",
    "A code system of one's own",
    "",
    "Your own table: code,display and what more you like.",
    "codes.csv",
)


def named(name: str) -> Kind:
    """The kind of a short name or url. Raises Problem(invalid) for an unknown one, naming those there are."""
    for kind in (*KINDS, OWN):
        if name.lower() == kind.name or name == kind.url:
            return kind
    raise unknown(name)


def unknown(name: str) -> Problem:
    """The Problem for a name that no kind has."""
    return invalid(
        "code-invalid", "There is no kind of release with this name.", place="--as", value=name,
        repair="Choose one of " + ", ".join(kind.name for kind in (*KINDS, OWN)) + ".",
    )  # fmt: skip


def short(url: str) -> str:
    """What people call the code system of `url`; empty if it has no short name."""
    return next((kind.name for kind in KINDS if kind.url == url), "")


def address(name: str) -> str:
    """The url of a short name; anything else is taken for a url."""
    return next((kind.url for kind in KINDS if kind.name == name.lower()), name)


def label(url: str) -> str:
    """The name of the code system of `url` on a page; empty if it has none here."""
    return next((kind.label for kind in KINDS if kind.url == url), "")
