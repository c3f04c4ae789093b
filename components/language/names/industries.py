"""Industries by the words that people use for them. Knows no sentence."""

from collections.abc import Mapping
from functools import cache

_INDUSTRIES = {
    "fintech": "fintech|fin tech|financial technology",
    "finance": "finance|financial services|finance industry",
    "banking": "banking|banks|bank",
    "insurance": "insurance|insurtech|health insurance|car insurance|life insurance",
    "healthcare": "healthcare|health care|healthtech|health tech|medtech|medical|hospitals|health sector|health",
    "pharma": "pharma|pharmaceutical|pharmaceuticals|pharma industry",
    "biotech": "biotech|biotechnology|life sciences",
    "e-commerce": "e commerce|ecommerce|online retail",
    "retail": "retail|retailers",
    "real estate": "real estate|realestate|proptech|property management|realtors",
    "education": "education|edtech|ed tech|e learning|elearning|schools",
    "gaming": "gaming|game|games|games industry|video games|mobile games|game industry|gaming industry",
    "gambling": "gambling|casino|casinos|betting|igaming|online casino|online casinos|sports betting",
    "crypto": "crypto|cryptocurrency|cryptocurrencies|web3|crypto projects|defi|nft|nfts",
    "saas": "saas|b2b saas",
    "travel": "travel|tourism|travel industry",
    "hospitality": "hospitality|hotels|hotel industry",
    "logistics": "logistics|supply chain|freight|shipping industry",
    "automotive": "automotive|car industry",
    "manufacturing": "manufacturing",
    "energy": "energy|oil and gas|renewables|renewable energy|cleantech|energy sector",
    "agriculture": "agriculture|agritech|agtech|agriculture industry|farming",
    "legal": "legal|law firm|law firms|legaltech|legal tech|legal industry",
    "nonprofit": "nonprofit|nonprofits|non profit|non profits|ngo|ngos|charity|charities",
    "government": "government|public sector|govtech",
    "media": "media industry|media companies|broadcasting",
    "entertainment": "entertainment|film industry",
    "music": "music industry",
    "fashion": "fashion|apparel|fashion industry",
    "beauty": "beauty|cosmetics|skincare|beauty industry",
    "fitness": "fitness|wellness|fitness industry",
    "sports": "sports|sports industry|sport",
    "food": "food industry|food and beverage|restaurants|restaurant|food and drink|food",
    "telecom": "telecom|telecommunications|telco",
    "construction": "construction|construction industry",
    "adult": "adult|adult content|porn|nsfw|adult industry|onlyfans",
    "dating": "dating|dating apps",
    "cannabis": "cannabis|cbd|weed",
    "tobacco": "tobacco|vaping|vape",
    "defense": "defense|defence|military|weapons|arms industry|defense industry|defence industry",
    "politics": "politics|political|political campaigns",
    "religion": "religion|religious",
    "mlm": "mlm|multi level marketing|pyramid schemes",
    "advertising": "advertising industry|adtech|ad tech",
    "consulting": "consulting industry|management consultancies",
    "aviation": "aviation|aerospace",
}
"""What each is called; hyphens are spaces."""


def industry_name(name: str) -> str:
    """What all words for an industry come to; a word that is none of them is itself, in lower case.

    >>> industry_name("Ecommerce"), industry_name("Shipbuilding")
    ('e-commerce', 'shipbuilding')
    """
    spelled = " ".join(name.lower().replace("-", " ").split())
    return industries().get(spelled, spelled)


@cache
def industries() -> Mapping[str, str]:
    """From word to name."""
    return {word: name for name, words in _INDUSTRIES.items() for word in words.split("|")}
