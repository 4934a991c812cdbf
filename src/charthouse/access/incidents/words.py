"""The closed lists of a privacy incident, in the words of the rule and of the regulator's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# What happened -> the type of breach on the form for notice to the Secretary (HHS breach portal).
KINDS: Final[Mapping[str, str]] = {
    "access": "Unauthorised access",
    "disclosure": "Misdirected disclosure",
    "loss": "Loss",
    "theft": "Theft",
    "disposal": "Improper disposal",
    "malware": "Malware or hacking",
    "other": "Other",
}
PORTAL_TYPES: Final[Mapping[str, str]] = {
    "access": "Unauthorized Access/Disclosure",
    "disclosure": "Unauthorized Access/Disclosure",
    "loss": "Loss",
    "theft": "Theft",
    "disposal": "Improper Disposal",
    "malware": "Hacking/IT Incident",
    "other": "Other",
}
LOCATIONS: Final[Mapping[str, str]] = {
    "record": "Electronic Medical Record",
    "email": "Email",
    "paper": "Paper/Films",
    "desktop": "Desktop Computer",
    "laptop": "Laptop",
    "server": "Network Server",
    "portable": "Other Portable Electronic Device",
    "other": "Other",
}
INFORMATION: Final[Mapping[str, str]] = {
    "clinical": "Clinical",
    "demographic": "Demographic",
    "financial": "Financial",
    "other": "Other",
}
SAFEGUARDS: Final[Mapping[str, str]] = {
    "privacy": "Privacy Rule safeguards (training, policies and procedures)",
    "administrative": "Security Rule administrative safeguards (risk analysis, risk management)",
    "physical": "Security Rule physical safeguards (facility access, workstation security)",
    "technical": "Security Rule technical safeguards (access controls, transmission security)",
}
ACTIONS: Final[Mapping[str, str]] = {
    "encryption": "Adopted encryption technologies",
    "passwords": "Changed passwords or strengthened password requirements",
    "technical": "Implemented new technical safeguards",
    "physical": "Improved physical security",
    "analysis": "Performed a new or updated risk analysis",
    "plan": "Created a new or updated risk management plan",
    "policies": "Revised policies and procedures",
    "training": "Trained or retrained workforce members",
    "sanctions": "Sanctioned workforce members involved",
    "associate": "Revised business associate contracts or trained the business associate",
    "credit": "Provided individuals with free credit monitoring",
    "mitigation": "Took steps to mitigate harm",
    "other": "Other",
}
# 45 CFR 164.402, definition of breach, paragraph (1).
EXCEPTIONS: Final[Mapping[str, str]] = {
    "workforce": "(i) Unintentional access by workforce, in good faith and within the scope of authority, "
    "not used or disclosed further",
    "inadvertent": "(ii) Inadvertent disclosure between persons authorised to access PHI at the same entity, "
    "not used or disclosed further",
    "not-retained": "(iii) Good faith belief that the unauthorised person could not have retained it",
}
# What an incident amounts to: the word of `assessment.standing` -> how it is said.
STANDINGS: Final[Mapping[str, str]] = {
    "presumed": "Presumed a breach",
    "breach": "Breach",
    "low": "Low probability of compromise",
    "excepted": "Excepted",
    "secured": "Secured PHI",
}
REGIONS: Final[Mapping[str, str]] = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas",
    "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts",
    "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "MT": "Montana",
    "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico",
    "NY": "New York", "NC": "North Carolina", "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma",
    "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota",
    "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
    "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming", "AS": "American Samoa", "GU": "Guam",
    "MP": "Northern Mariana Islands", "PR": "Puerto Rico", "VI": "U.S. Virgin Islands",
}  # fmt: skip
