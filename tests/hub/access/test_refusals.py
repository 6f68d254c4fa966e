"""Every way a token, proof, assertion or key can be wrong, as a table: what is refused, and by which rule.

`PURE` are the rules that need no store; tests/journeys/test_access.py reaches all others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import OctKey

from hub.access import assertions, proofs, tokens
from hub.access.assertions import check_assertion, client_named
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.issuers import CitizenIssuer, Trusted, TrustedIssuer
from hub.access.keys import public_key
from hub.access.proofs import check_proof, token_hash
from hub.access.scopes import STAFF_ONLY, StaffRole, category_scope
from hub.access.tokens import read_sign_in, read_token
from tests.hub.access.forging import (
    ED25519,
    NOW,
    NOW_S,
    OTHER_P256,
    P256,
    P384,
    RSA_2048,
    Key,
    forged,
    members_of,
    public_of,
    rsa_of,
    thumbprint_of,
)

PURE = frozenset(
    {
        Flaw.MALFORMED,
        Flaw.ALGORITHM,
        Flaw.SIGNATURE,
        Flaw.ISSUER,
        Flaw.AUDIENCE,
        Flaw.EXPIRED,
        Flaw.EARLY,
        Flaw.LASTING,
        Flaw.KEY,
        Flaw.METHOD,
        Flaw.ADDRESS,
        Flaw.BINDING,
        Flaw.GRANT,
        Flaw.ASSURANCE,
    }
)

HUB = "https://hub.example"
ADDRESS = f"{HUB}/v1/profile-lookups"
TOKEN = "the.access.token"
PROVIDER = "https://sign-in.example"


def _without(claims: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if key != name}


def _twice(claims: Mapping[str, Any], name: str, value: object) -> str:
    """The claims as JSON in which one name stands twice."""
    return json.dumps(claims)[:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}"


def _deep(levels: int) -> str:
    return '{"a":' + "[" * levels + "]" * levels + "}"


# --- proofs --------------------------------------------------------------------------------------

PROOF_HEADER = {"alg": "ES256", "typ": "dpop+jwt", "jwk": members_of(P256)}
PROOF = {"htm": "POST", "htu": ADDRESS, "iat": NOW_S, "jti": "j1", "ath": token_hash(TOKEN)}


def proof(
    claims: Mapping[str, Any] | str = PROOF, key: Key | None = P256, **header: Any
) -> Callable[[], object]:
    text = forged({**PROOF_HEADER, **header}, claims, key)
    return lambda: check_proof(text, "POST", ADDRESS, NOW, TOKEN)


def raw_proof(text: str) -> Callable[[], object]:
    return lambda: check_proof(text, "POST", ADDRESS, NOW, TOKEN)


def _tampered(text: str) -> str:
    head, claims, signature = text.split(".")
    return f"{head}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"


PROOFS: dict[str, tuple[Callable[[], object], Flaw]] = {
    "nothing": (raw_proof(""), Flaw.MALFORMED),
    "no token": (raw_proof("a.b"), Flaw.MALFORMED),
    "four parts": (raw_proof("a.b.c.d"), Flaw.MALFORMED),
    "no base64": (raw_proof("!.!.!"), Flaw.MALFORMED),
    "no JSON": (raw_proof(forged("{", PROOF, P256)), Flaw.MALFORMED),
    "no object": (raw_proof(forged("[]", PROOF, P256)), Flaw.MALFORMED),
    "claims no object": (proof('"a"'), Flaw.MALFORMED),
    "not ASCII": (raw_proof("ä.ä.ä"), Flaw.MALFORMED),
    "huge": (proof({**PROOF, "more": "x" * 9_000}), Flaw.MALFORMED),
    "deep": (proof(_deep(3_000)), Flaw.MALFORMED),
    "deep header": (raw_proof(forged(_deep(3_000), PROOF, P256)), Flaw.MALFORMED),
    "a claim twice": (proof(_twice(PROOF, "jti", "j2")), Flaw.MALFORMED),
    "a header twice": (
        raw_proof(forged(_twice(PROOF_HEADER, "alg", "none"), PROOF, P256)),
        Flaw.MALFORMED,
    ),
    "NaN as its time": (proof(json.dumps({**PROOF, "iat": float("nan")})), Flaw.MALFORMED),
    "a number of 5,000 digits": (
        proof(json.dumps(PROOF)[:-1] + ', "n": ' + "9" * 5_000 + "}"),
        Flaw.MALFORMED,
    ),
    "an endless time": (proof({**PROOF, "iat": 1e308}), Flaw.MALFORMED),
    "true as its time": (proof({**PROOF, "iat": True}), Flaw.MALFORMED),
    "a time before all": (proof({**PROOF, "iat": -1}), Flaw.MALFORMED),
    "no time": (proof(_without(PROOF, "iat")), Flaw.MALFORMED),
    "no jti": (proof(_without(PROOF, "jti")), Flaw.MALFORMED),
    "an empty jti": (proof({**PROOF, "jti": ""}), Flaw.MALFORMED),
    "a jti with a line break": (proof({**PROOF, "jti": "a\nb"}), Flaw.MALFORMED),
    "a jti of half a surrogate": (
        proof(json.dumps({**PROOF, "jti": "?"}).replace("?", "\\ud800")),
        Flaw.MALFORMED,
    ),
    "a long jti": (proof({**PROOF, "jti": "j" * 129}), Flaw.MALFORMED),
    "typ of an access token": (proof(typ="at+jwt"), Flaw.MALFORMED),
    "typ of any token": (proof(typ="JWT"), Flaw.MALFORMED),
    "no jwk": (
        raw_proof(forged(_without(PROOF_HEADER, "jwk"), PROOF, P256)),
        Flaw.MALFORMED,
    ),
    "jku": (proof(jku="https://keys.example/set"), Flaw.MALFORMED),
    "x5u": (proof(x5u="https://keys.example/chain"), Flaw.MALFORMED),
    "x5c": (proof(x5c=["MII"]), Flaw.MALFORMED),
    "crit": (proof(crit=["exp"], exp=1), Flaw.MALFORMED),
    "b64": (proof(b64=False), Flaw.MALFORMED),
    "zip": (proof(zip="DEF"), Flaw.MALFORMED),
    "a kid that is no text": (proof(kid=7), Flaw.MALFORMED),
    "alg none": (proof(alg="none", key=None), Flaw.ALGORITHM),
    "alg None": (proof(alg="None", key=None), Flaw.ALGORITHM),
    "alg a list": (proof(alg=["ES256"]), Flaw.ALGORITHM),
    "no alg": (raw_proof(forged(_without(PROOF_HEADER, "alg"), PROOF, P256)), Flaw.ALGORITHM),
    "HS256 with the public key": (
        proof(alg="HS256", key=OctKey.import_key(json.dumps(members_of(P256)))),
        Flaw.ALGORITHM,
    ),
    "an algorithm of another key": (proof(alg="PS256", key=RSA_2048), Flaw.ALGORITHM),
    "RS256": (proof(alg="RS256", key=RSA_2048, jwk=members_of(RSA_2048)), Flaw.ALGORITHM),
    "another curve": (proof(jwk=members_of(P384)), Flaw.ALGORITHM),
    "a symmetric key as jwk": (proof(jwk={"kty": "oct", "k": "AAAA"}), Flaw.KEY),
    "its private key": (proof(jwk=P256.as_dict(private=True)), Flaw.KEY),
    "signed by another": (proof(key=OTHER_P256), Flaw.SIGNATURE),
    "not signed": (proof(key=None), Flaw.SIGNATURE),
    "a tampered signature": (
        raw_proof(_tampered(forged(PROOF_HEADER, PROOF, P256))),
        Flaw.SIGNATURE,
    ),
    "another method": (proof({**PROOF, "htm": "GET"}), Flaw.METHOD),
    "the method in small": (proof({**PROOF, "htm": "post"}), Flaw.METHOD),
    "another address": (proof({**PROOF, "htu": f"{HUB}/v1/other"}), Flaw.ADDRESS),
    "an address with a query": (proof({**PROOF, "htu": f"{ADDRESS}?a=1"}), Flaw.ADDRESS),
    "another host": (proof({**PROOF, "htu": "https://evil.example/v1"}), Flaw.ADDRESS),
    "made ahead": (proof({**PROOF, "iat": NOW_S + 11}), Flaw.EARLY),
    "a minute old": (proof({**PROOF, "iat": NOW_S - 60}), Flaw.EXPIRED),
    "for another token": (proof({**PROOF, "ath": token_hash("another")}), Flaw.BINDING),
    "for no token": (proof(_without(PROOF, "ath")), Flaw.BINDING),
}

# --- keys ----------------------------------------------------------------------------------------


def key(members: object) -> Callable[[], object]:
    return lambda: public_key(members)


def _off_the_curve() -> dict[str, Any]:
    one, other = members_of(P256), members_of(OTHER_P256)
    return {**one, "y": other["y"]}


KEYS: dict[str, tuple[Callable[[], object], Flaw]] = {
    "no object": (key("P-256"), Flaw.MALFORMED),
    "a list": (key([members_of(P256)]), Flaw.MALFORMED),
    "no kty": (key(_without(members_of(P256), "kty")), Flaw.MALFORMED),
    "no point": (key(_without(members_of(P256), "x")), Flaw.MALFORMED),
    "a number as a point": (key(members_of(P256, x=7)), Flaw.MALFORMED),
    "a huge modulus": (key(members_of(RSA_2048, n="A" * 1_025)), Flaw.MALFORMED),
    "an unknown kind": (key({"kty": "AKP", "pub": "AAAA"}), Flaw.KEY),
    "symmetric": (key({"kty": "oct", "k": "AAAA"}), Flaw.KEY),
    "private": (key(P256.as_dict(private=True)), Flaw.KEY),
    "a private RSA key": (key(RSA_2048.as_dict(private=True)), Flaw.KEY),
    "RSA of 1,024 bits": (key(rsa_of(1_024)), Flaw.KEY),
    "RSA of 4,104 bits": (key(rsa_of(4_104)), Flaw.KEY),
    "P-384": (key(members_of(P384)), Flaw.ALGORITHM),
    "P-384 called P-256": (key(members_of(P384, crv="P-256")), Flaw.KEY),
    "an Edwards key called P-256": (key(members_of(ED25519, crv="P-256")), Flaw.ALGORITHM),
    "Ed448": (key({"kty": "OKP", "crv": "Ed448", "x": "AAAA"}), Flaw.ALGORITHM),
    "off the curve": (key(_off_the_curve()), Flaw.KEY),
    "too short a point": (key(members_of(ED25519, x="AAAA")), Flaw.KEY),
    "no base64": (key(members_of(P256, x="!!!!")), Flaw.KEY),
}

# --- assertions ----------------------------------------------------------------------------------

ASSERTION_HEADER = {"alg": "ES256", "typ": "client-authentication+jwt"}
ASSERTION = {
    "iss": "parks-desk",
    "sub": "parks-desk",
    "aud": HUB,
    "iat": NOW_S,
    "exp": NOW_S + 45,
    "jti": "a1",
}


#: The client's, which its assertions do not name: it has no other.
_ONLY_KEY = {public_of(P256).thumbprint: public_of(P256)}


def assertion(
    claims: Mapping[str, Any] | str = ASSERTION, key: Key | None = P256, **header: Any
) -> Callable[[], object]:
    text = forged({**ASSERTION_HEADER, **header}, claims, key)
    return lambda: check_assertion(text, _ONLY_KEY, HUB, NOW)


ASSERTIONS: dict[str, tuple[Callable[[], object], Flaw]] = {
    "a DPoP proof": (assertion(PROOF, typ="dpop+jwt"), Flaw.MALFORMED),
    "an access token": (assertion(typ="at+jwt"), Flaw.MALFORMED),
    "no name": (
        lambda: client_named(forged(ASSERTION_HEADER, _without(ASSERTION, "sub"), P256)),
        Flaw.MALFORMED,
    ),
    "a list as its name": (assertion({**ASSERTION, "sub": ["a"], "iss": ["a"]}), Flaw.MALFORMED),
    "no jti": (assertion(_without(ASSERTION, "jti")), Flaw.MALFORMED),
    "no end": (assertion(_without(ASSERTION, "exp")), Flaw.MALFORMED),
    "a claim twice": (assertion(_twice(ASSERTION, "sub", "other")), Flaw.MALFORMED),
    "alg none": (assertion(alg="none", key=None), Flaw.ALGORITHM),
    "HS256 with the public key": (
        assertion(alg="HS256", key=OctKey.import_key(json.dumps(members_of(P256)))),
        Flaw.ALGORITHM,
    ),
    "of another issuer": (assertion({**ASSERTION, "iss": "somebody"}), Flaw.ISSUER),
    "for another hub": (assertion({**ASSERTION, "aud": "https://other"}), Flaw.AUDIENCE),
    "for the token endpoint": (
        assertion({**ASSERTION, "aud": f"{HUB}/oauth/token"}),
        Flaw.AUDIENCE,
    ),
    "for a list of hubs": (assertion({**ASSERTION, "aud": [HUB]}), Flaw.AUDIENCE),
    "expired": (assertion({**ASSERTION, "exp": NOW_S}), Flaw.EXPIRED),
    "of a day": (assertion({**ASSERTION, "exp": NOW_S + 86_400}), Flaw.LASTING),
    "made ahead": (assertion({**ASSERTION, "iat": NOW_S + 11}), Flaw.EARLY),
    "not yet good": (assertion({**ASSERTION, "nbf": NOW_S + 11}), Flaw.EARLY),
    "signed by another": (assertion(key=OTHER_P256), Flaw.SIGNATURE),
}

# --- access tokens -------------------------------------------------------------------------------

TRUSTED = Trusted(
    {HUB: TrustedIssuer(HUB, HUB, {"k1": public_of(ED25519), "k2": public_of(P256)})},
    {
        PROVIDER: CitizenIssuer(
            PROVIDER,
            "portal",
            {"p1": public_of(ED25519), "p2": public_of(P256)},
            "accounts",
            {"loa2": "substantial"},
            frozenset({"portal-desk"}),
        )
    },
)
TOKEN_HEADER = {"alg": "Ed25519", "typ": "at+jwt", "kid": "k1"}
CLAIMS: dict[str, Any] = {
    "iss": HUB,
    "aud": HUB,
    "sub": "parks-desk",
    "client_id": "parks-desk",
    "agency": "parks",
    "jti": "t1",
    "iat": NOW_S,
    "exp": NOW_S + 300,
    "scope": "profile:read",
    "purpose": ["licensing"],
    "roles": [],
    "cnf": {"jkt": thumbprint_of(P256)},
}


def token(
    claims: Mapping[str, Any] | str = CLAIMS, key: Key | None = ED25519, **header: Any
) -> Callable[[], object]:
    text = forged({**TOKEN_HEADER, **header}, claims, key)
    return lambda: read_token(text, TRUSTED, NOW)


TOKENS: dict[str, tuple[Callable[[], object], Flaw]] = {
    "an id token": (token(typ="JWT"), Flaw.MALFORMED),
    "without a type": (
        lambda: read_token(forged(_without(TOKEN_HEADER, "typ"), CLAIMS, ED25519), TRUSTED, NOW),
        Flaw.MALFORMED,
    ),
    "a DPoP proof": (token(typ="dpop+jwt"), Flaw.MALFORMED),
    "no client": (token(_without(CLAIMS, "client_id")), Flaw.MALFORMED),
    "an agency that is a number": (token({**CLAIMS, "agency": 7}), Flaw.MALFORMED),
    "scopes as a list": (token({**CLAIMS, "scope": ["profile:read"]}), Flaw.MALFORMED),
    "purposes of numbers": (token({**CLAIMS, "purpose": [7]}), Flaw.MALFORMED),
    "a claim twice": (token(_twice(CLAIMS, "agency", "benefits")), Flaw.MALFORMED),
    "for a citizen without her source": (
        token({**CLAIMS, "act": {"sub": "parks-desk"}, "acr": "high"}),
        Flaw.MALFORMED,
    ),
    "of an issuer nobody trusts": (token({**CLAIMS, "iss": "https://evil.example"}), Flaw.ISSUER),
    "of an issuer of sign-ins": (token({**CLAIMS, "iss": PROVIDER}), Flaw.ISSUER),
    "of no issuer": (token(_without(CLAIMS, "iss")), Flaw.ISSUER),
    "for another service": (token({**CLAIMS, "aud": "https://other"}), Flaw.AUDIENCE),
    "for nobody": (token(_without(CLAIMS, "aud")), Flaw.AUDIENCE),
    "expired": (token({**CLAIMS, "exp": NOW_S}), Flaw.EXPIRED),
    "of a day": (token({**CLAIMS, "exp": NOW_S + 86_400}), Flaw.LASTING),
    "made ahead": (token({**CLAIMS, "iat": NOW_S + 11}), Flaw.EARLY),
    "bound to no key": (token(_without(CLAIMS, "cnf")), Flaw.KEY),
    "of an unknown key": (token(kid="k9"), Flaw.KEY),
    "of two keys, none named": (
        lambda: read_token(forged(_without(TOKEN_HEADER, "kid"), CLAIMS, ED25519), TRUSTED, NOW),
        Flaw.KEY,
    ),
    "by the algorithm of another key": (token(kid="k2"), Flaw.ALGORITHM),
    "alg none": (token(alg="none", key=None), Flaw.ALGORITHM),
    "its own key in its header": (
        token(alg="ES256", key=OTHER_P256, kid="k2", jwk=members_of(OTHER_P256)),
        Flaw.SIGNATURE,
    ),
    "signed by another": (token(alg="ES256", key=OTHER_P256, kid="k2"), Flaw.SIGNATURE),
}

# --- sign-ins ------------------------------------------------------------------------------------

SIGN_IN_HEADER = {"alg": "Ed25519", "typ": "JWT", "kid": "p1"}
SIGN_IN = {
    "iss": PROVIDER,
    "aud": "portal",
    "sub": "A-17",
    "acr": "loa2",
    "iat": NOW_S,
    "exp": NOW_S + 600,
}


def sign_in(
    claims: Mapping[str, Any] | str = SIGN_IN,
    key: Key | None = ED25519,
    portal: str = "portal-desk",
    **header: Any,
) -> Callable[[], object]:
    text = forged({**SIGN_IN_HEADER, **header}, claims, key)
    return lambda: read_sign_in(text, TRUSTED, portal, NOW)


SIGN_INS: dict[str, tuple[Callable[[], object], Flaw]] = {
    "an access token": (sign_in(typ="at+jwt"), Flaw.MALFORMED),
    "of nobody": (sign_in(_without(SIGN_IN, "sub")), Flaw.MALFORMED),
    "of an issuer of access tokens": (sign_in({**SIGN_IN, "iss": HUB}), Flaw.ISSUER),
    "for another portal": (sign_in({**SIGN_IN, "aud": "elsewhere"}), Flaw.AUDIENCE),
    "by a client that is no portal": (sign_in(portal="parks-desk"), Flaw.GRANT),
    "of a level nobody mapped": (sign_in({**SIGN_IN, "acr": "loa9"}), Flaw.ASSURANCE),
    "without a level": (sign_in(_without(SIGN_IN, "acr")), Flaw.ASSURANCE),
    "of an unknown key": (sign_in(kid="p9"), Flaw.KEY),
    "expired": (sign_in({**SIGN_IN, "exp": NOW_S - 1}), Flaw.EXPIRED),
    "of a day": (sign_in({**SIGN_IN, "exp": NOW_S + 86_400}), Flaw.LASTING),
    "signed by another": (sign_in(alg="ES256", key=OTHER_P256, kid="p2"), Flaw.SIGNATURE),
}

TABLES = {
    proofs.WHAT: PROOFS,
    "key": KEYS,
    assertions.WHAT: ASSERTIONS,
    tokens.WHAT: TOKENS,
    tokens.SUBJECT_WHAT: SIGN_INS,
}
ALL = [
    pytest.param(what, work, flaw, id=f"{what}: {name}")
    for what, table in TABLES.items()
    for name, (work, flaw) in table.items()
]


@pytest.mark.parametrize(("what", "work", "flaw"), ALL)
def test_is_refused_by_its_rule(what: str, work: Callable[[], object], flaw: Flaw) -> None:
    with pytest.raises(CredentialsRefused) as caught:
        work()
    assert (caught.value.what, caught.value.flaw) == (what, flaw)


def test_every_rule_that_needs_no_store_is_reached() -> None:
    assert {flaw for table in TABLES.values() for _, flaw in table.values()} == PURE


# --- and what is good ----------------------------------------------------------------------------


def test_what_is_sound_is_taken() -> None:
    assert check_proof(forged(PROOF_HEADER, PROOF, P256), "POST", ADDRESS, NOW, TOKEN).jti == "j1"
    assert (
        check_assertion(forged(ASSERTION_HEADER, ASSERTION, P256), _ONLY_KEY, HUB, NOW).client
        == "parks-desk"
    )
    read = read_token(forged(TOKEN_HEADER, CLAIMS, ED25519), TRUSTED, NOW)
    assert (read.client, read.agency, read.thumbprint) == (
        "parks-desk",
        "parks",
        thumbprint_of(P256),
    )
    citizen, until = read_sign_in(
        forged(SIGN_IN_HEADER, SIGN_IN, ED25519), TRUSTED, "portal-desk", NOW
    )
    assert (citizen.source, citizen.local_id, citizen.assurance) == (
        "accounts",
        "A-17",
        "substantial",
    )
    assert until == NOW + timedelta(seconds=600)


@pytest.mark.parametrize("key", [P256, ED25519, RSA_2048], ids=["P-256", "Ed25519", "RSA"])
def test_each_kind_of_key_signs_proofs(key: Key) -> None:
    algorithm = public_of(key).algorithm
    header = {**PROOF_HEADER, "alg": algorithm, "jwk": members_of(key)}
    found = check_proof(forged(header, PROOF, key), "POST", ADDRESS, NOW, TOKEN)
    assert found.key.thumbprint == thumbprint_of(key)


def test_a_key_is_published_without_its_private_part() -> None:
    said = public_of(RSA_2048).members
    assert sorted(said) == ["e", "kty", "n"]
    assert public_key({**said, "alg": "PS256", "ext": True}).thumbprint == thumbprint_of(RSA_2048)


@pytest.mark.parametrize("age_s", [-10, 0, 59])
def test_a_proof_holds_a_minute_and_clocks_may_differ_a_little(age_s: int) -> None:
    text = forged(PROOF_HEADER, {**PROOF, "iat": NOW_S - age_s}, P256)
    assert check_proof(text, "POST", ADDRESS, NOW, TOKEN).jti == "j1"


# --- what an issuer cannot give ------------------------------------------------------------------


def _scopes(**claims: Any) -> frozenset[str]:
    stated = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return read_token(forged(TOKEN_HEADER, stated, ED25519), TRUSTED, NOW).scopes


def test_an_issuer_gives_no_agency_what_is_staffs_or_a_citizens() -> None:
    everything = " ".join(["profile:read", "me:read", *(scope.value for scope in STAFF_ONLY)])
    assert _scopes(scope=everything) == {"profile:read"}


def test_staff_hold_what_their_roles_hold_whatever_the_token_says() -> None:
    held = _scopes(agency=None, roles=["steward", "archbishop"], scope="review:read client:write")
    assert held == {"review:read"}
    assert _scopes(agency=None, roles=[], scope="review:read profile:read") == frozenset()
    assert StaffRole.STEWARD.value == "steward"


def test_a_citizens_scopes_come_with_the_citizen() -> None:
    hers = {"act": {"sub": "parks-desk"}, "source": "accounts", "sub": "A-17", "acr": "high"}
    assert _scopes(scope="me:read profile:read", **hers) == {"me:read", "profile:read"}
    assert _scopes(scope="me:read profile:read") == {"profile:read"}


def test_category_scopes_are_told_from_api_scopes() -> None:
    assert category_scope("address") in _scopes(scope=f"{category_scope('address')} profile:read")
