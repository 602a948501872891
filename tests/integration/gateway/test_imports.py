"""Files that no layout reads: recognised, mapped, previewed, saved, and read again."""

import json
from typing import Any

import pytest

from tests.integration.gateway.people import GOOD_FILE, Person

pytestmark = pytest.mark.usefixtures("market")
BANK = b"""\
Titel;Konto
Titel,Kurs,Stueck,Einstand,Kauf
AAPL,"126,04","1.000,5","148.710,00",01.06.2022
MSFT,"240,01",-50,"13.621,00",2022-06-01
"""
HEADER = ["Titel", "Kurs", "Stueck", "Einstand", "Kauf"]
MAPPING: dict[str, Any] = {
    "use": "positions",
    "columns": {"Titel": "symbol", "Stueck": "quantity", "Einstand": "cost", "Kauf": "date"},
    "date_format": "DD.MM.YYYY",
    "decimal_mark": ",",
}
PROFILE = {"name": "My bank", "header": HEADER, "mapping": MAPPING}


async def recognised(person: Person, data: bytes) -> dict[str, Any]:
    files = {"file": ("bank.csv", data, "text/csv")}
    answer = await person.request("POST", "import/recognise", files=files)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_unknown_file_is_mapped_previewed_saved_and_recognised_again(
    ann: Person, bob: Person
) -> None:
    unknown = await recognised(ann, BANK)
    preview = await ann.upload(BANK, mapping=json.dumps(MAPPING), dry_run=True)
    saved = await ann.post("import/profiles", PROFILE)
    known = await recognised(ann, BANK)
    loaded = await ann.upload(BANK, portfolio_name="Bank")

    assert (unknown["layout"], unknown["problem"]["code"]) == (None, "missing_column")
    assert (unknown["line"], unknown["header"]) == (2, HEADER)
    assert [(each["line"], each["field"]) for each in preview.json()["problems"]] == [
        (4, "entry_date")
    ]
    assert preview.json()["changes"][0]["entry_price"] == 148.635682
    assert saved.status_code == 201, saved.text
    assert (known["layout"], known["profile_id"]) == ("My bank", saved.json()["profile_id"])
    assert known["fingerprint"] == saved.json()["fingerprint"]
    assert loaded.status_code == 201
    assert loaded.json()["source"]["layout"] == "My bank"
    assert loaded.json()["receipt"] == {
        **{"rows": 2, "new": 1, "updated": 0, "unchanged": 0, "refused": 1, "skipped": 0},
    }
    assert (await recognised(bob, BANK))["layout"] is None


async def test_a_profile_is_listed_changed_and_deleted(ann: Person) -> None:
    saved = (await ann.post("import/profiles", PROFILE)).json()
    path = f"import/profiles/{saved['profile_id']}"
    changed = {**PROFILE, "name": "The bank", "mapping": MAPPING | {"sign": "inverted"}}

    listed = (await ann.get("import/profiles", fingerprint=saved["fingerprint"])).json()
    edited = await ann.request("PUT", path, json=changed)
    gone = await ann.request("DELETE", path)

    assert [each["name"] for each in listed["items"]] == ["My bank"]
    assert (await ann.get("import/profiles", fingerprint="0")).json()["total"] == 0
    assert (edited.json()["name"], edited.json()["mapping"]["sign"]) == ("The bank", "inverted")
    assert gone.status_code == 204
    assert (await ann.get(path)).status_code == 404


@pytest.mark.parametrize(("name", "same"), [("My bank", "my BANK"), ("Ökobank", "ÖKOBANK")])
async def test_a_name_or_a_header_has_one_profile(ann: Person, name: str, same: str) -> None:
    await ann.post("import/profiles", {**PROFILE, "name": name})

    same_name = await ann.post(
        "import/profiles",
        {**PROFILE, "name": same, "header": [*HEADER, "Other"]},
    )
    same_header = await ann.post("import/profiles", {**PROFILE, "name": "Else"})

    for answer, field in ((same_name, "name"), (same_header, "header")):
        assert (answer.status_code, answer.json()["code"]) == (409, "profile_exists")
        assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"columns": {"Titel": "symbol", "Nix": "quantity"}}, ["columns.Nix", "columns"]),
        ({"columns": {"Titel": "symbol", "Stueck": "amount"}}, ["columns.Stueck"]),
        ({"words": {"Kauf": "maybe"}}, ["words.Kauf"]),
        ({"sign": "column"}, ["columns"]),
    ],
)
async def test_an_unusable_mapping_names_each_field(
    ann: Person, change: dict[str, Any], fields: list[str]
) -> None:
    wanted = {**PROFILE, "mapping": MAPPING | change}

    answer = await ann.post("import/profiles", wanted)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_mapping")
    found = [error["field"] for error in answer.json()["errors"]]
    assert {f"mapping.{field}".lower() for field in fields} <= {each.lower() for each in found}


@pytest.mark.parametrize(
    ("mapping", "field"),
    [
        ("{", "mapping"),
        ('{"use": "bonds", "columns": {}}', "mapping.use"),
        (json.dumps({**MAPPING, "columns": {"Titel": "symbol"}}), "mapping.columns"),
    ],
)
async def test_a_mapping_that_is_sent_is_checked_by_field(
    ann: Person, mapping: str, field: str
) -> None:
    answer = await ann.upload(BANK, mapping=mapping, dry_run=True)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_mapping")
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_a_named_profile_must_fit_the_file(ann: Person) -> None:
    saved = (await ann.post("import/profiles", PROFILE)).json()
    named = {"profile_id": saved["profile_id"], "dry_run": True}

    wider = await ann.upload(BANK.replace(b"Titel,Kurs", b"Titel,Bank"), **named)
    other = await ann.upload(GOOD_FILE, **named)
    both = await ann.upload(BANK, **named, mapping=json.dumps(MAPPING))

    assert wider.json()["source"]["profile_id"] == saved["profile_id"]
    assert (other.status_code, other.json()["code"]) == (422, "missing_column")
    assert (both.status_code, both.json()["code"]) == (422, "invalid_mapping")


async def test_rows_in_another_currency_are_refused_by_line(ann: Person) -> None:
    columns = {"s": "symbol", "q": "quantity", "p": "price", "c": "currency"}
    mapping = json.dumps({"use": "positions", "columns": columns})

    answer = await ann.upload(b"s,q,p,c\nAAPL,1,100,USD\nMSFT,1,100,EUR\n", mapping=mapping)

    report = answer.json()
    assert report["new"] == 1
    assert [(each["line"], each["code"]) for each in report["problems"]] == [
        (3, "unsupported_currency")
    ]
    assert report["source"]["entry_date"] == report["as_of"]


async def test_nothing_binary_is_recognised(ann: Person) -> None:
    files = {"file": ("x.csv", b"PK\x03\x04....", "text/csv")}

    answer = await ann.request("POST", "import/recognise", files=files)

    assert (answer.status_code, answer.json()["code"]) == (422, "not_text")
