"""Names that other people's files give to the contract's columns, by table: the likelier first.

Boards and applicant-tracking systems (schema.org JobPosting, Greenhouse, Lever, Ashby) are among them, their nested
fields as dotted paths. Names are compared without case and marks. Knows names; no values.
"""

import re

from metier.contract import TABLES

_IDS = {
    "jobs": "job id|jobid|post id|posting id|vacancy id|listing id|identifier value|requisition id|req id|job ref|item|"
    "item id|uniq id|shortcode|identifier|id",
    "freelancers": "freelancer id|user id|userid|person id|candidate id|applicant id|worker id|profile id|member id|"
    "talent id|uid|user|profile url|profile link|id",
    "clients": "client id|company id|employer id|organization id|organisation id|customer id|buyer id|id",
    "interactions": "interaction id|event id|action id|click id|log id|row id|id",
}
_PLACES = {
    "country": "country|country name|country code|job country|joblocation address addresscountry name|"
    "joblocation address addresscountry|address postaladdress addresscountry",
    "region": "region|state|province|county|joblocation address addressregion|address postaladdress addressregion",
    "city": "city|town|place|location|job location|location name|categories location|job location address|"
    "joblocation address addresslocality|address postaladdress addresslocality",
    "languages": "languages|language|spoken languages",
    "experience_level": "experience level|formatted experience level|seniority|seniority level|experience|career level|"
    "job level|level",
}
_PAY = "budget|hourly rate|rate|pay|pay rate|price|amount|basesalary|salary range|compensation"
_TERMS = {
    "period": "pay period|salary period|period|pay type|salary type|salary unit|compensation interval|rate type|per",
    "currency": "currency|salary currency|pay currency|currency code|budget currency",
}
"""Names of columns that say by what or in which currency a sum is paid."""
_SALARY = (
    "salary|annual salary|salary estimate|estimated salary|salary range|pay range|basesalary|pay rate|"
    "compensation scrapeablecompensationsalarysummary|compensation compensationtiersummary"
)
_COLUMNS = {
    "jobs": {
        "title": "title|job title|position|position title|role|job name|vacancy|text|name",
        "description": "description|job description|content|body|details|descriptionplain|descriptionhtml|summary|"
        "job summary|requirements",
        "skills": "skills|skill|tags|required skills|skills required|key skills|keyskills|technologies|keywords",
        "category": "category|categories team|department|departments name|team|"
        "occupationalcategory|job category|function|genres",
        "client_id": "client id|company id|employer id|organization id|organisation id|customer id",
        "company": "company|company name|employer|employer name|organization|organisation|hiringorganization name|"
        "hiringorganization|hiring company",
        "industry": "industry|sector|industry name",
        **_PLACES,
        "posted_at": "posted at|posted|posted on|date posted|posted date|post date|published at|published on|"
        "published date|first published|created at|created on|published|publish date|original listed time|listed time|"
        "date|updated at",
        "budget_min_usd": "budget min usd|hourly low|salary from|min budget|" + _PAY,
        "budget_max_usd": "budget max usd|hourly high|salary to|max budget|" + _PAY,
        "salary_min_usd": "salary min usd|min salary|salary min|" + _SALARY,
        "salary_max_usd": "salary max usd|max salary|salary max|" + _SALARY,
        "budget_kind": "budget kind|budget type|payment type|job type|type|is hourly|pricing",
        "openings": "openings|vacancies|positions|number of positions|numberofopenings|number of vacancies|seats|"
        "totaljobopenings",
        "visibility": "visibility",
        "status": "status|state of job|job status|state",
    },
    "freelancers": {
        "title": "title|headline|job title|position|role|profession|occupation|current position",
        "overview": "overview|about|about me|bio|summary|description|profile|resume|cv",
        "skills": "skills|skill|tags|key skills|technologies|expertise|keywords",
        "category": "category|department|field|specialty|speciality",
        **_PLACES,
        "hourly_rate_usd": "hourly rate usd|hourly rate|rate per hour|rate|price|hourly|charge|pay",
        "hours_per_week": "hours per week|hours|availability hours|weekly hours",
        "agency_id": "agency id|agency",
        "status": "status|availability|state of profile",
        "joined_at": "joined at|joined|member since|registered|registration date|signup date|created at|createdat",
    },
    "clients": {
        "country": _PLACES["country"],
        "payment_verified": "payment verified|verified|payment method verified|is verified",
        "status": "status|state",
        "joined_at": "joined at|joined|member since|registered|client since|created at|createdat",
    },
    "interactions": {
        "kind": "kind|event|event name|event type|action|action type|activity|interaction|type|behavior",
        "side": "side|actor type|actor|by",
        "freelancer_id": _IDS["freelancers"].removesuffix("|id") + "|visitor id|id visitor|user pseudo id|"
        "anonymous id|distinct id|domain userid|session user",
        "job_id": _IDS["jobs"].removesuffix("|id") + "|job|post|product id|content id|movie id",
        "client_id": _IDS["clients"].removesuffix("|id") + "|client|employer|company",
        "event_timestamp": "event timestamp|timestamp|derived tstamp|collector tstamp|server time|time|event time|"
        "ts|datetime|date|created at|createdat|at|"
        "clicked at",
        "value_usd": "value usd|amount|value|payment",
        "rating": "rating|stars|score|grade",
        "dwell_seconds": "dwell seconds|dwell|duration|time spent|view duration|seconds",
    },
}


_OF_PEOPLE = (
    "full name|first name|last name|earnings|total earnings|total earned|jobs completed|job success|success rate"
)
"""Columns that no table of the contract has, and files of people do."""


def plain_name(name: str) -> str:
    """'Job_Title', 'jobTitle' and 'Job title (text)' as they are compared: 'jobtitle'; also without '.0'."""
    without = re.sub(r"\([^()]*\)|\.0(?=\.|$)", "", name.casefold())
    return re.sub(r"[^0-9a-z]+", "", without)


def ids(table: str) -> list[str]:
    """Plain names of the column that names a row."""
    return _plain(_IDS[table])


def names(table: str) -> dict[str, list[str]]:
    """Plain names by contract column, in the contract's order."""
    return {c.name: _plain(_COLUMNS[table][c.name]) for c in TABLES[table].columns if c.name in _COLUMNS[table]}


def of_people() -> list[str]:
    """Plain names that tell a file of people from one of posts."""
    return _plain(_OF_PEOPLE)


def terms() -> dict[str, list[str]]:
    """Plain names of the columns that say the period and the currency of sums."""
    return {key: _plain(listed) for key, listed in _TERMS.items()}


def _plain(listed: str) -> list[str]:
    return list(dict.fromkeys(map(plain_name, listed.split("|"))))
