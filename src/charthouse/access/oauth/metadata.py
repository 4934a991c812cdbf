"""What this server says of itself to programs (SMART App Launch, "Conformance"; RFC 8414): read off what it does."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from charthouse.access.oauth.jwks import ALGORITHMS
from charthouse.access.oauth.registration import GRANTS, METHODS
from charthouse.access.scopes import OTHERS

FHIR: Final = "/fhir"
AUTHORIZE: Final = "/oauth/authorize"
TOKEN: Final = "/oauth/token"  # noqa: S105  an address
REGISTER: Final = "/oauth/register"
INTROSPECT: Final = "/oauth/introspect"
REVOKE: Final = "/oauth/revoke"
KEYS: Final = "/oauth/jwks"
STYLE: Final = "/oauth/style"
MANAGE: Final = "/apps"
SMART: Final = "/fhir/.well-known/smart-configuration"
SERVER: Final = "/.well-known/oauth-authorization-server"
OPENID: Final = "/.well-known/openid-configuration"
DISCOVERY: Final = (SMART, SERVER, OPENID)

CAPABILITIES: Final = (
    "launch-ehr", "launch-standalone", "client-public", "client-confidential-symmetric",
    "client-confidential-asymmetric", "sso-openid-connect", "context-banner", "context-style",
    "context-ehr-patient", "context-ehr-encounter", "context-standalone-patient", "permission-offline",
    "permission-online", "permission-patient", "permission-user", "permission-v1", "permission-v2",
)  # fmt: skip
SIGNED: Final = "ES256"
_URIS: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SERVICE: Final = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_DESCRIPTION: Final = (
    "Every address but this one needs a bearer token, or a signed-in session, which changes something only with the "
    "X-CSRF-Token of its page. Pages of other origins are answered where an approved app lives there. Programs get "
    "their tokens as SMART App Launch 2 says."
)


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of this server for callers who know its FHIR base as `base`."""

    base: str

    @property
    def issuer(self) -> str:
        """The issuer identifier: the address of the whole server."""
        return self.base.removesuffix(FHIR)

    def at(self, path: str) -> str:
        """The whole address of one of the paths above."""
        return self.issuer + path


def discovery(addresses: Addresses, types: Collection[str]) -> dict[str, Any]:
    """The document behind each of `DISCOVERY`; `types` are the resource types a scope may name."""
    at = addresses.at
    methods = list(METHODS)
    return {
        "issuer": addresses.issuer,
        "jwks_uri": at(KEYS),
        "authorization_endpoint": at(AUTHORIZE),
        "token_endpoint": at(TOKEN),
        "registration_endpoint": at(REGISTER),
        "introspection_endpoint": at(INTROSPECT),
        "revocation_endpoint": at(REVOKE),
        "management_endpoint": at(MANAGE),
        "grant_types_supported": list(GRANTS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": [one for one in methods if one != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [SIGNED],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser", "profile"],
        "scopes_supported": _scopes(types),
        "capabilities": list(CAPABILITIES),
    }


def security(base: str) -> dict[str, Any]:
    """`CapabilityStatement.rest.security` for callers who know the server as `base`."""
    addresses = Addresses(base)
    named = {"authorize": AUTHORIZE, "token": TOKEN, "register": REGISTER, "introspect": INTROSPECT,
             "revoke": REVOKE, "manage": MANAGE}  # fmt: skip
    coding = {"system": _SERVICE, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}
    return {
        "extension": [
            {
                "url": _URIS,
                "extension": [{"url": name, "valueUri": addresses.at(path)} for name, path in named.items()],
            }
        ],
        "cors": True,
        "service": [{"coding": [coding], "text": "OAuth2 using SMART App Launch (see smarthealthit.org)"}],
        "description": _DESCRIPTION,
    }


# SMART styling: the clinic's colours for programs that want to look like the pages around them.
STYLES: Final = {
    "color_background": "#f6f5f1", "color_error": "#a3201d", "color_highlight": "#0b5a66",
    "color_modal_backdrop": "", "color_success": "#22663a", "color_text": "#1d2327", "dim_border_radius": "6px",
    "dim_font_size": "13.5px", "dim_spacing_size": "16px", "font_family_body": "Inter, system-ui, sans-serif",
    "font_family_heading": "Inter, system-ui, sans-serif",
}  # fmt: skip


def _scopes(types: Collection[str]) -> list[str]:
    """Scopes a program may register for: about launch and person, about all types, and those used most."""
    wide = [
        f"{context}/*.{letters}" for context in ("patient", "user", "system") for letters in ("cruds", "rs")
    ]
    usual = ("AllergyIntolerance", "Condition", "Encounter", "Immunization", "MedicationRequest", "Observation",
             "Patient", "Practitioner", "Procedure")  # fmt: skip
    single = [f"{context}/{type}.rs" for context in ("patient", "user") for type in usual if type in types]
    return [*sorted(OTHERS), *wide, *single]
