"""The closed list of themes of datasets: the EU's Data Theme vocabulary, which DCAT-AP asks for, under words that people write.

Source: http://publications.europa.eu/resource/authority/data-theme.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

THEMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "agriculture": "AGRI",
        "economy": "ECON",
        "education": "EDUC",
        "energy": "ENER",
        "environment": "ENVI",
        "government": "GOVE",
        "health": "HEAL",
        "international": "INTR",
        "justice": "JUST",
        "population": "SOCI",
        "regions": "REGI",
        "science": "TECH",
        "transport": "TRAN",
    }
)
"""Each with its code in the vocabulary."""
