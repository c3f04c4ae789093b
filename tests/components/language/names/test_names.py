"""Countries, regions, languages and industries by what people call them."""

import pytest

from components.language.names.countries import country_code, country_name, country_names, demonyms
from components.language.names.industries import industry_name
from components.language.names.provinces import province_codes, provinces
from components.language.names.regions import region_countries, regions
from components.language.names.spoken import language_name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Philippines", "PH"), ("the philippines", "PH"), ("UK", "GB"), ("u.k.", "GB"), ("USA", "US"),
        ("Turkey", "TR"), ("Türkiye", "TR"), ("Côte d’Ivoire", "CI"), ("Ivory Coast", "CI"),
        ("Bosnia and Herzegovina", "BA"), ("Republic of the Congo", "CG"), ("DR Congo", "CD"),
        ("Hong Kong", "HK"), ("Myanmar", "MM"), ("DE", "DE"), ("deu", "DE"), (" India ", "IN"), ("EU", None),
        ("Atlantis", None), ("", None),
    ],
)  # fmt: skip
def test_a_country_by_any_english_name_or_code(name, code):
    assert country_code(name) == code


def test_every_name_and_demonym_is_of_a_country_that_has_a_name():
    for code in {*country_names().values(), *demonyms().values()}:
        assert country_code(country_name(code)) == code
        assert country_code(code.lower()) == code


def test_regions_are_of_countries_and_lie_in_one_another():
    known = set(country_names().values())
    for name, codes in regions().items():
        assert codes, name
        assert set(codes) <= known, name
    assert set(region_countries("Benelux")) < set(region_countries("EU")) < set(region_countries("Europe"))
    assert region_countries("Scandinavia") == ("DK", "FI", "IS", "NO", "SE")
    assert region_countries("India") is None


def test_states_and_provinces_are_no_countries():
    assert provinces()["new mexico"] == "US"
    assert provinces()["nova scotia"] == "CA"
    assert provinces().keys().isdisjoint(country_names())
    assert "IN" in province_codes("US")
    assert region_countries("s.e. asia") == region_countries("se asia") == region_countries("southeast asia")


@pytest.mark.parametrize(
    ("name", "language"),
    [("german", "German"), ("de", "German"), ("Brazilian Portuguese", "Portuguese"), ("Mandarin", "Chinese"),
     ("Filipino", "Tagalog"), ("Tagalog", "Tagalog"), ("Elvish", None)],
)  # fmt: skip
def test_languages(name, language):
    assert language_name(name) == language


def test_industries():
    assert industry_name("E-Commerce") == industry_name("ecommerce") == "e-commerce"
    assert industry_name("Shipbuilding") == "shipbuilding"
