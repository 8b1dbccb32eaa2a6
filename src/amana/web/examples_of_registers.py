"""Examples of the public registers, for the OpenAPI document; a test compares them with real ones. Names of vocabularies
are cut, for the pages of the documentation lead nowhere else."""

from collections.abc import Mapping
from typing import Final

Example = Mapping[str, object]
HERE: Final = "https://node.example"
API: Final = f"{HERE}/api/v1"
CATALOGUE: Final[Example] = {
    "@context": {"dcat": "…www.w3.org/ns/dcat#", "dct": "…purl.org/dc/terms/", "foaf": "…xmlns.com/foaf/0.1/"},
    "@id": f"{API}/catalog.jsonld#catalog",
    "@type": "dcat:Catalog",
    "dct:title": [{"@value": "Data that can be asked at https://node.example", "@language": "en"}],
    "dct:description": [{"@value": "Nobody reads rows of these datasets.", "@language": "en"}],
    "dct:publisher": {"@id": f"{API}/catalog.jsonld#publisher", "@type": "foaf:Agent", "foaf:name": "Health Data Access Body"},
    "dct:language": [{"@id": "…/authority/language/ENG", "@type": "dct:LinguisticSystem"}],
    "foaf:homepage": {"@id": f"{HERE}/", "@type": "foaf:Document"},
    "dct:issued": {"@value": "2030-06-01T09:00:00+00:00", "@type": "xsd:dateTime"},
    "dct:modified": {"@value": "2030-06-01T09:00:00+00:00", "@type": "xsd:dateTime"},
    "dcat:dataset": [{"@id": f"{API}/datasets/clinic", "@type": ["dcat:Dataset", "dcat:Resource"]}],
    "dcat:record": [{"@id": f"{API}/datasets/clinic#record", "@type": "dcat:CatalogRecord"}],
    "dcat:service": {"@id": f"{API}/questions#service", "@type": "dcat:DataService"},
}
CATALOGUE_TURTLE: Final = (
    "@prefix dcat: <…www.w3.org/ns/dcat#> .\n\n"
    f"<{API}/catalog.jsonld#catalog> a dcat:Catalog ;\n    dcat:dataset <{API}/datasets/clinic> .\n"
)
CROISSANT: Final[Example] = {
    "@context": {"@vocab": "https://schema.org/", "cr": "…mlcommons.org/croissant/"},
    "@type": "sc:Dataset",
    "conformsTo": "…mlcommons.org/croissant/1.1",
    "name": {"en": "Clinic visits"},
    "alternateName": "clinic",
    "description": {"en": "Invented sample of the dataset clinic."},
    "url": f"{API}/datasets/clinic",
    "license": {"@type": "sc:CreativeWork", "name": "GRU", "url": f"{API}/datasets/clinic"},
    "usageInfo": [{"@type": "sc:DefinedTerm", "name": "general research use (DUO:0000042)", "termCode": "GRU"}],
    "creator": {"@type": "sc:Organization", "name": "Ministry of Health"},
    "datePublished": "2030-06-01",
    "identifier": "fd4c334ed77eae8ddd522f26ab07a423",
    "isLiveDataset": False,
    "distribution": [
        {
            "@type": "cr:FileObject", "@id": "visits.csv", "contentUrl": f"{API}/datasets/clinic/sample?table=visits&form=csv",
            "contentSize": "48213 B", "encodingFormat": "text/csv",
            "sha256": "3b4d4fbb52a8d6f2cb8c5a4a9f5c9a1e7c1e0b6a3a8a0f2d54c6f4c2a0de5b11",
        }
    ],
    "recordSet": [{"@type": "cr:RecordSet", "@id": "visits", "field": [{"@type": "cr:Field", "@id": "visits/cost"}]}],
}  # fmt: skip
PRIVACY: Final[Example] = {
    "format": "amana privacy statement 1",
    "terms": "https://registry.opendp.org/deployments-registry/",
    "dataset": "clinic",
    "version": "fd4c334ed77eae8ddd522f26ab07a423",
    "deployment": {
        "dp_flavor": {"name": "Zero-concentrated DP", "bound_on_input_distance": "1"},
        "privacy_loss": {"privacy_unit": "patient-level", "privacy_parameters": {"epsilon": 11.69, "delta": 1e-06, "rho": 2.0}},
        "model": {"model_name": "Central", "release_type": "Many releases", "access_type": "Interactive"},
    },
    "promise": {
        "population": "residents", "unit": "patient", "period": "life", "cap_nrho": 2_000_000_000, "cap_delta_units": 18_446_744_073,
        "profile_nrho": 100_000_000, "epsilon": 11.69, "delta": 1e-06,
    },
}  # fmt: skip
USES: Final[Example] = {
    "format": "amana register of uses 1",
    "size": 4711,
    "projects": [
        {
            "project": "p-51dbe5481a9f", "dataset": "clinic", "custodian": "Ministry of Health", "purposes": ["HMB"],
            "project_state": "active", "permit": "m-b9ce12104e36", "permit_state": "active", "permit_until": "2031-01-01",
            "permit_cap_nrho": "100000000", "permit_cap_delta": "922337203", "first_hour": "2030-06-01T09Z",
            "last_hour": "2030-06-02T15Z", "charged_count": 12, "recalled_count": 3, "refused_count": 0, "loss_nrho": "31000000",
            "loss_delta": "0",
        }
    ],
}  # fmt: skip
AI_SYSTEMS: Final[Example] = {
    "format": "amana register of AI systems 1",
    "systems": [
        {
            "id": "s-3c5d0f61a2b7", "state": "in_service", "name": {"en": "Return visits"}, "purpose": {"en": "Plans follow-up calls."},
            "decides": {"en": "Whom a nurse calls first."}, "weighed": {"en": "A mistake costs one call."},
            "oversight": {"en": "A nurse decides."}, "objection": {"en": "Write to the clinic."}, "limits": {"en": "Not for children."},
            "legal_basis": {"en": "Health act, article 12"}, "category": "impactful", "provider": "University",
            "contact": "ai@clinic.example", "deployer": "Ministry of Health", "assessment": "", "website": "", "learner": "linear",
            "task": "classification", "target": "readmitted", "features": ["age", "stay"], "specification": "{}", "dataset": "clinic",
            "dataset_title": {"en": "Clinic visits"}, "version": "fd4c334ed77eae8ddd522f26ab07a423", "custodian": "Ministry of Health",
            "unit": "patient", "rows_kept": 1, "quality": [{"name": "auc", "value": 0.87, "low": 0.85, "high": 0.89}],
            "groups": [{"name": "auc", "value": 0.86, "low": 0.82, "high": 0.9, "column": "sex", "group": "women"}],
            "cost_nrho": "25000000", "cost_delta": "0", "rho": 0.025, "epsilon": 1.0, "delta": 1e-05, "energy_wh": 3.5, "carbon_g": 1.9,
            "audit": {
                "attack": "likelihood ratio", "claimed": 1.0, "lower_bound": 0.71, "delta": 1e-05, "confidence": 0.95,
                "control_caught": True, "evidence": True,
            },
            "attacks": [
                {
                    "attack": "membership", "excess": -0.02, "excess_low": -0.05, "excess_high": 0.01, "control_low": 0.35,
                    "control_caught": True, "leaked": False, "evidence": True,
                },
            ],
            "trained_on": "2030-06-01", "registered_on": "2030-06-02", "served_on": "2030-06-04", "retired_on": None,
            "changed_on": "2030-06-04", "project": "p-51dbe5481a9f", "permit": "m-b9ce12104e36", "training_entry": 4700,
            "receipt": "3b4d4fbb52a8d6f2cb8c5a4a9f5c9a1e", "entries": [4702, 4703, 4711], "page": f"{HERE}/en/ai/s-3c5d0f61a2b7",
        }
    ],
}  # fmt: skip
PROGRAMME: Final[Example] = {
    "plan": "national-ai", "version": 1, "title": [{"xml:lang": "en", "narrative": "National plan"}], "as-of": "2030-06-01",
    "log-size": 4711, "log-root": "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", "adopted-entry": 4002,
    "activities": [
        {
            "iati-identifier": "national-ai/teachers", "title": [{"xml:lang": "en", "narrative": "Teachers at ease"}],
            "description": [{"xml:lang": "en", "narrative": "They learn."}], "status": "on_track",
            "participating-org": [{"role": "accountable", "narrative": "Ministry of Education"}], "sector": "education",
            "tag": [{"vocabulary": "sdg-goal", "code": "4"}], "activity-date": [{"type": "planned-end", "iso-date": "2031-12-31"}],
            "agreement": None, "event": "conference", "dropped-entry": None,
            "result": [
                {
                    "type": "output",
                    "indicator": [
                        {
                            "id": "teachers-trained", "title": [{"xml:lang": "en", "narrative": "Teachers trained"}],
                            "unit": [{"xml:lang": "en", "narrative": "teachers"}], "ascending": 1,
                            "baseline": {"iso-date": "2029-07-02", "value": "0"},
                            "period": [
                                {
                                    "period-start": {"iso-date": "2030-01-01"}, "period-end": {"iso-date": "2030-12-31"},
                                    "target": {"value": "1000"},
                                    "actual": {"value": "640", "basis": "E3", "evidence": "e-4f6c01d2a9b3"},
                                }
                            ],
                            "observation": [
                                {
                                    "basis": "E3", "iso-date": "2030-05-31", "value": "640", "low": None, "high": None, "weighs": True,
                                    "against": None, "evidence": "e-4f6c01d2a9b3", "entry": 4100, "entries": list[int](),
                                    "organisation": "Ministry of Education", "verifier": "Inspectorate",
                                    "document-link": "3b4d4fbb52a8d6f2cb8c5a4a9f5c9a1e7c1e0b6a3a8a0f2d54c6f4c2a0de5b11",
                                    "regions": dict[str, list[str]](),
                                }
                            ],
                        }
                    ],
                }
            ],
            "milestone": [
                {
                    "id": "half", "title": [{"xml:lang": "en", "narrative": "Half of them"}], "due": "2030-12-31", "done": False,
                    "overdue": False, "indicator": "teachers-trained", "value": "500",
                }
            ],
        }
    ],
}  # fmt: skip
AI_SYSTEMS_CSV: Final = "id,state,name_en,name_ar,name_fr,name_zgh\r\ns-3c5d0f61a2b7,in_service,Return visits,,,\r\n"
USES_CSV: Final = "project,dataset,custodian,purposes\r\np-51dbe5481a9f,clinic,Ministry of Health,HMB\r\n"
