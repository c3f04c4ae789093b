"""The taxonomy: its size, and what is kept from the platform."""

import numpy as np

from components.simulator.taxonomy import full_taxonomy, platform_taxonomy, read_data, typos_of
from components.simulator.text import Facts, TextGenerator


def test_has_at_least_12_categories_and_300_skills():
    world = full_taxonomy()
    assert len(world.categories) >= 12
    assert len(set(world.skills)) == len(world.skills) >= 300
    assert len(world.related) >= 100


def test_a_synonym_names_one_skill_and_is_no_skill_itself():
    world = full_taxonomy()
    synonyms = [s for found in world.synonyms for s in found]
    assert len(set(synonyms)) == len(synonyms)
    assert not set(synonyms) & set(world.skills)


def test_the_platform_is_told_60_percent_of_synonyms_typos_and_templates():
    world, told = full_taxonomy(), platform_taxonomy()
    synonyms = [s for found in world.synonyms for s in found]
    typos = {typo for skill in world.skills for typo in typos_of(skill)}
    templates = {
        t for found in read_data("phrases.json").values() if isinstance(found, list) for t in found if "{" in t
    }
    for shown, everything in ((told.synonyms, synonyms), (told.typos, typos), (told.templates, templates)):
        assert set(shown) < set(everything)
        assert len(shown) == int(0.6 * len(everything))
    assert told.skills.keys() == set(world.skills)


def test_the_visible_part_is_the_same_at_every_call():
    first = platform_taxonomy()
    platform_taxonomy.cache_clear()
    assert platform_taxonomy() == first


def test_the_generator_uses_synonyms_that_the_platform_does_not_know():
    world, told = full_taxonomy(), platform_taxonomy()
    generator = TextGenerator(world, seed=1)
    spelled = {generator.spell(skill) for skill in range(len(world.skills)) for _ in range(20)}
    hidden = {s for found in world.synonyms for s in found} - set(told.synonyms)
    assert len(spelled & hidden) > len(hidden) / 2


def test_texts_fill_every_slot_and_repeat_with_the_seed():
    facts = Facts([0, 6, 12], "Clerk", "Senior", "Retail", "Leeds", "English", 20, 4, ["speed"], "Oakworks")
    first, second = (TextGenerator(full_taxonomy(), seed=5) for _ in range(2))
    for _ in range(200):
        texts = (*first.freelancer(facts), *first.job(facts), first.search(facts))
        assert texts == (*second.freelancer(facts), *second.job(facts), second.search(facts))
        assert all(text and "{" not in text for text in texts)


def test_transfer_helps_related_skills_in_part():
    world = full_taxonomy()
    transfer = world.transfer
    react, typescript, nextdoor = (world.skills.index(name) for name in ("React", "TypeScript", "Tailwind CSS"))
    assert transfer[react, react] == 1
    assert transfer[react, typescript] == 0.5
    assert transfer[react, nextdoor] == np.float32(0.35)
    assert transfer[react, world.skills.index("Payroll")] == 0
    assert (transfer == transfer.T).all()


def test_typos_differ_from_their_word_and_short_words_have_none():
    assert typos_of("React") == ("Raect", "Ract") or all(t != "React" for t in typos_of("React"))
    assert typos_of("SQL") == ()
