"""Spellings of lists, words, truths and numbers, and what each is read as: a value, or the reason why none is."""

from tests.components.importers.values.spellings import NEITHER, NESTED, NO_LIST, NO_WORD, TWO_MARKS

BOTH = ["Tiling", "Grouting"]
LISTS = {
    "Tiling, Grouting": BOTH,
    "Tiling; Grouting": BOTH,
    "Tiling|Grouting": BOTH,
    "Tiling | Grouting | ": BOTH,
    "Tiling\nGrouting": BOTH,
    "• Tiling • Grouting": BOTH,
    "• Tiling\n• Grouting": BOTH,
    "- Tiling\n- Grouting": BOTH,
    "Tiling · Grouting": BOTH,
    '["Tiling", "Grouting"]': BOTH,
    '["Tiling", null, "Grouting"]': BOTH,
    "['Tiling', 'Grouting']": BOTH,
    "['Tiling', nan, 'Grouting']": BOTH,
    "['Tiling', None, 'Grouting']": BOTH,
    "['Tiling' 'Grouting']": BOTH,
    "('Tiling', 'Grouting')": BOTH,
    "{'Tiling', 'Grouting'}": BOTH,
    "{Tiling,Grouting}": BOTH,
    '{Tiling,"Grouting"}': BOTH,
    "{Tiling,NULL,Grouting}": BOTH,
    "array(['Tiling', 'Grouting'], dtype=object)": BOTH,
    "frozenset({'Tiling', 'Grouting'})": BOTH,
    "Tiling, Grouting, tiling": BOTH,
    "Tiling, Grouting, +3": BOTH,
    "Tiling, Grouting, +3 more": BOTH,
    '{Tiling,"Wet rooms, showers"}': ["Tiling", "Wet rooms, showers"],
    "Tiling (walls, floors), Grouting": ["Tiling (walls, floors)", "Grouting"],
    '"Wet rooms, showers", Tiling': ["Wet rooms, showers", "Tiling"],
    "Cutting &amp;amp; fitting, Tiling": ["Cutting & fitting", "Tiling"],
    "Cutting &amp; fitting; Tiling": ["Cutting & fitting", "Tiling"],
    '["Fa\\u00e7ades"]': ["Façades"],
    '{"5\\" tiles",Grouting}': ['5" tiles', "Grouting"],
    "[1, 2.5]": ["1", "2.5"],
    "Tiling": ["Tiling"],
    "[]": [],
    "{}": [],
    "set()": [],
    "['Tiling', 'Grou": NO_LIST,
    "[Tiling, Grouting]": NO_LIST,
    "['Tiling', Grouting]": NO_LIST,
    "Tiling (walls, Grouting": NO_LIST,
    "{{Tiling},{Grouting}}": NO_LIST,
    "[['Tiling']]": NO_LIST,
    '[["Tiling"]]': NESTED,
    '[{"name": "Tiling"}, {"name": "Grouting"}]': BOTH,
    "[{'id': 4, 'name': 'Tiling'}, {'id': 5, 'name': 'Grouting'}]": BOTH,
    '[{"low": "Tiling", "high": "Grouting"}]': NESTED,
    '[{"id": 4}]': NESTED,
    "{'name': 'Tiling'}": NESTED,
    "Tiling; Grouting, sealing": TWO_MARKS,
}

LEVELS = {
    **dict.fromkeys(
        ["entry", "ENTRY", "Entry level", "entry-level", "Junior", "Jr.", "Internship", "Intern", "Trainee", "Beginner",
         "Graduate"],
        "entry",
    ),
    **dict.fromkeys(
        ["intermediate", "Mid-Senior level", "Mid level", "mid", "Middle", "Associate", "Intermediate level", "Medior"],
        "intermediate",
    ),
    **dict.fromkeys(
        ["expert", "Senior", "sr.", "Sr", "Senior level", "Lead", "Principal", "Director", "Executive", "Expert Level",
         "Expert ($$$)"],
        "expert",
    ),
    **dict.fromkeys(["any", "3+ years", "guru", "Not Applicable"], NO_WORD),
}  # fmt: skip

BUDGETS = {
    **dict.fromkeys(["hourly", "Hourly", "per hour", "PER_HOUR", "by the hour", "Hourly rate", "hour"], "hourly"),
    **dict.fromkeys(
        ["fixed", "Fixed", "Fixed-price", "fixed price", "FIXED_PRICE", "Fixed rate", "flat fee", "One-time"], "fixed"
    ),
    **dict.fromkeys(["monthly", "yes", "both"], NO_WORD),
}

STATUSES = {
    **dict.fromkeys(["open", "Active", "published", "Live", "Hiring"], "open"),
    **dict.fromkeys(["closed", "Expired", "Inactive", "archived", "Cancelled"], "closed"),
    **dict.fromkeys(["filled", "Hired", "Position filled"], "filled"),
    **dict.fromkeys(["paused", "On hold", "Unpublished"], "paused"),
    **dict.fromkeys(["removed", "deleted"], "removed"),
    **dict.fromkeys(["draft", "pending", "lost"], NO_WORD),
}

VISIBILITIES = {
    **dict.fromkeys(["public", "Published", "everyone"], "public"),
    **dict.fromkeys(["invite_only", "Invite only", "invite-only", "private", "By invitation"], "invite_only"),
    **dict.fromkeys(["secret", "team"], NO_WORD),
}

TRUTHS = {
    **dict.fromkeys(
        ["true", "TRUE", "True", "t", "yes", "Yes", "Y", "1", "1.0", "on", " true ", "✓", "oui", "sí", "ja"], True
    ),
    **dict.fromkeys(["false", "FALSE", "f", "no", "No", "N", "0", "0.0", "off", "✗", "non", "nein"], False),
    **dict.fromkeys(["maybe", "2", "yes and no", "truely", "01"], NEITHER),
}

NUMBERS = {
    "12": 12,
    "12.5": 12.5,
    "12.": 12,
    ".5": 0.5,
    "+12": 12,
    "1.2e1": 12,
    "1.2E+01": 12,
    "12,5": 12.5,
    "1.125": 1.125,
    " 12 ": 12,
    "0012": 12,
    "0": 0,
    "100": 100,
    "12.50": 12.5,
    "12,50": 12.5,
    "12.000": 12,
    "1.5e-1": 0.15,
    "0.5": 0.5,
    "-0": 0,
    "12.5.": "names no number",
    "4.9/5": "names no number",
    "10+": "names no number",
    "$12": "names no number",
    "twelve": "names no number",
    "12 h": "names no number",
    "1,2,3": "names no number",
    "12%": "names no number",
    "inf": "names no number",
    "1e400": "names no number",
    "0x12": "names no number",
    "1_2": "names no number",
}

WHOLE = {
    "3": 3,
    "3.0": 3,
    "+3": 3,
    "3e0": 3,
    "1,000": 1000,
    "1 000": 1000,
    "1'000": 1000,
    "3.": 3,
    "1.0E1": 10,
    "1,000,000": 1_000_000,
    "1.000.000": 1_000_000,
    "1,50,000": 150_000,
    " 3 ": 3,
    "003": 3,
    "9007199254740991": 9_007_199_254_740_991,
    "9007199254740992": "is more than a whole number can be",
    "1.5": "has a fraction",
    "1,5": "has a fraction",
    "-0.5": "has a fraction",
    "1e-3": "has a fraction",
    "10+": "names no number",
    "3 seats": "names no number",
    "2-3": "names no number",
    "0x10": "names no number",
    "inf": "names no number",
    "three": "names no number",
    "1e20": "is more than a whole number can be",
}

MISSING = ["", " ", "-", "--", "NA", "n/a", "N/A", "nan", "NaN", "None", "null", "NULL", "<NA>", "NaT", "\\N", "(null)"]
