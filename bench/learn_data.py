"""Public data for the benchmark of learners, read from a mirror folder.

What stands in for a custodian's declarations is not free of the data: members of choices and which columns may be missing are read from
the whole file, and intervals of numbers are round numbers written by hand by somebody who had seen that they hold the data. None of it
is charged. A number is in whole units of its grid. The mirror: BENCH_DATA, or ../shared/data.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from environment import ROOT

MIRROR = Path(os.environ.get("BENCH_DATA", ROOT.parent / "shared" / "data"))
FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """Units: `low`, `high` count 10**-decimals."""

    low: int
    high: int
    decimals: int = 0


@dataclass(slots=True, kw_only=True)
class Data:
    """`numbers`: declared intervals; other columns are choices, their members read from the whole file.
    `texts`: of at most so many characters. `unit`: the privacy unit of each row. `official`: rows of an official test set. `yes`: the target of a classification is "yes" or "no"."""

    name: str
    frame: pd.DataFrame
    numbers: dict[str, Number]
    choices: tuple[str, ...]
    target: str = "target"
    regression: Number | None = None
    unit: pd.Series | None = None
    official: np.ndarray | None = None
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, number in self.numbers.items():
            self.frame[name] = self.frame[name].astype(float).clip(number.low, number.high)
        for name in self.choices:
            values = self.frame[name]
            self.frame[name] = values.map(str).where(values.notna(), None)
            self.members[name] = tuple(sorted({value for value in self.frame[name] if isinstance(value, str)}))

    def fold(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """(rows to learn from, rows to score), by unit: one of five parts, or the official test set."""
        if self.official is not None:
            return np.flatnonzero(~self.official), np.flatnonzero(self.official)
        codes = pd.factorize(self.unit)[0] if self.unit is not None else np.arange(len(self.frame))
        part = np.random.default_rng(1000 + seed // FOLDS).permutation(codes.max() + 1)[codes] % FOLDS
        return np.flatnonzero(part != seed % FOLDS), np.flatnonzero(part == seed % FOLDS)


def adult() -> Data:
    """Census income, official split (PROVENANCE: general/adult)."""
    names = [
        "age",
        "workclass",
        "fnlwgt",
        "education",
        "education_num",
        "marital",
        "occupation",
        "relationship",
        "race",
        "sex",
        "capital_gain",
        "capital_loss",
        "hours",
        "country",
        "target",
    ]
    folder = MIRROR / "general" / "adult"
    parts = [
        pd.read_csv(folder / f"adult.{part}", header=None, names=names, skipinitialspace=True, na_values="?", skiprows=skip)
        for part, skip in (("data", 0), ("test", 1))
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["target"] = np.where(frame["target"].str.startswith(">50K"), "yes", "no")
    return Data(
        name="adult",
        frame=frame,
        numbers={
            "age": Number(low=17, high=90), "education_num": Number(low=1, high=16), "capital_gain": Number(low=0, high=99_999),
            "capital_loss": Number(low=0, high=4_356), "hours": Number(low=1, high=99),
        },
        choices=("workclass", "marital", "occupation", "relationship", "race", "sex", "country"),
        official=np.arange(len(frame)) >= len(parts[0]),
    )  # fmt: skip


def flchain() -> Data:
    """Free light chains and mortality, as scikit-survival ships it; rows without creatinine left out."""
    found = find_spec("sksurv")
    places = [Path(place) / "datasets" / "data" / "flchain.arff" for place in (found.submodule_search_locations or ())] if found else []
    path = next((place for place in [*places, Path(os.environ.get("BENCH_FLCHAIN", ""))] if place.is_file()), None)
    if path is None:
        raise FileNotFoundError("flchain.arff: install scikit-survival, or name the file with BENCH_FLCHAIN")
    lines = [line for line in path.read_text().splitlines() if line and line[0] not in "@%"]
    names = ["age", "sex", "sample_yr", "kappa", "lambda", "flc_grp", "creatinine", "mgus", "futime", "death", "chapter"]
    frame = pd.DataFrame([line.split(",") for line in lines], columns=names)
    frame = frame[frame["creatinine"] != "?"].reset_index(drop=True)
    for name, power in {"age": 0, "sample_yr": 0, "kappa": 3, "lambda": 3, "flc_grp": 0, "creatinine": 1}.items():
        frame[name] = (frame[name].astype(float) * 10**power).round()
    frame["target"] = np.where(frame["death"] == "dead", "yes", "no")
    return Data(
        name="flchain",
        frame=frame,
        numbers={
            "age": Number(low=50, high=110), "sample_yr": Number(low=1995, high=2003), "kappa": Number(low=0, high=25_000, decimals=3),
            "lambda": Number(low=0, high=30_000, decimals=3), "flc_grp": Number(low=1, high=10), "creatinine": Number(low=0, high=120, decimals=1),
        },
        choices=("sex", "mgus"),
    )  # fmt: skip


def heart() -> Data:
    """Heart disease, four hospitals pooled; what is missing stays missing, and cholesterol 0 stays 0."""
    folder = MIRROR / "health" / "heart_disease_4sites"
    sites = ("cleveland", "hungarian", "switzerland", "va")
    frame = pd.concat([pd.read_csv(folder / f"processed.{site}.data", header=None, na_values="?") for site in sites], ignore_index=True)
    frame.columns = ["age", "sex", "cp", "trestbps", "chol", "fbs", "restecg", "thalach", "exang", "oldpeak", "slope", "ca", "thal", "num"]
    frame["target"] = np.where(frame["num"] > 0, "yes", "no")
    frame["oldpeak"] = (frame["oldpeak"] * 10).round()
    coded = ("sex", "cp", "fbs", "restecg", "exang", "slope", "thal")
    for name in coded:
        frame[name] = frame[name].map(lambda value: None if pd.isna(value) else str(int(value))).astype(object)
    return Data(
        name="heart",
        frame=frame,
        numbers={
            "age": Number(low=20, high=90), "trestbps": Number(low=0, high=220), "chol": Number(low=0, high=620),
            "thalach": Number(low=50, high=220), "oldpeak": Number(low=-30, high=70, decimals=1), "ca": Number(low=0, high=3),
        },
        choices=coded,
    )  # fmt: skip


def abalone() -> Data:
    """Rings of abalone from its measures."""
    frame = pd.read_csv(MIRROR / "general" / "abalone" / "abalone.csv", header=None)
    frame.columns = ["sex", "length", "diameter", "height", "whole", "shucked", "viscera", "shell", "target"]
    most = {"length": 10_000, "diameter": 8_000, "height": 12_000, "whole": 30_000, "shucked": 15_000, "viscera": 8_000, "shell": 10_500}
    for name in most:
        frame[name] = (frame[name] * 10_000).round()
    numbers = {name: Number(low=0, high=high, decimals=4) for name, high in most.items()}
    return Data(name="abalone", frame=frame, numbers=numbers, choices=("sex",), regression=Number(low=1, high=29))


def oulad() -> Data:
    """Open University learning analytics: who passes a module, from what is known on day 60. Unit: the student."""
    folder = MIRROR / "education" / "oulad"
    student, assessment, scores, registration = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("student", "assessment", "student_assessment", "student_registration")
    )
    at = ["code_module", "code_presentation", "id_student"]
    early = scores.merge(assessment, on="id_assessment")
    early = early[early["date_submitted"] <= 60].copy()
    early["lag"], early["weighted"] = early["date_submitted"] - early["date"], early["score"] * early["weight"]
    summed = early.groupby(at).agg(
        score_mean=("score", "mean"), score_least=("score", "min"), handed_in=("score", "size"), banked=("is_banked", "sum"),
        lag=("lag", "mean"), weight=("weight", "sum"), weighted=("weighted", "sum"),
    ).reset_index()  # fmt: skip
    frame = student.merge(summed, on=at, how="left").merge(registration, on=at, how="left")
    frame[["handed_in", "banked"]] = frame[["handed_in", "banked"]].fillna(0)
    frame["weighted"] /= 100
    for name in ("score_mean", "lag", "weight", "weighted"):
        frame[name] = frame[name].round()
    frame["disability"] = np.where(frame["disability"], "yes", "no")
    frame["target"] = np.where(frame["final_result"].isin(["Pass", "Distinction"]), "yes", "no")
    return Data(
        name="oulad",
        frame=frame,
        numbers={
            "num_of_prev_attempts": Number(low=0, high=6), "studied_credits": Number(low=30, high=660), "score_mean": Number(low=0, high=100),
            "score_least": Number(low=0, high=100), "handed_in": Number(low=0, high=14), "banked": Number(low=0, high=14),
            "lag": Number(low=-120, high=60), "weight": Number(low=0, high=200), "weighted": Number(low=0, high=100),
            "date_registration": Number(low=-330, high=60),
        },
        choices=("code_module", "code_presentation", "gender", "region", "highest_education", "imd_band", "age_band", "disability"),
        unit=frame["id_student"],
    )  # fmt: skip


CHAPTERS = ((390, 459, "circulatory"), (460, 519, "respiratory"), (520, 579, "digestive"), (800, 999, "injury"), (710, 739, "musculoskeletal"),
            (580, 629, "genitourinary"), (140, 239, "neoplasms"))  # fmt: skip
SINGLE = {785: "circulatory", 786: "respiratory", 787: "digestive", 250: "diabetes", 788: "genitourinary"}
"""Groups of ICD-9 codes. Source: Strack et al. 2014, table 2."""
SPECIALTIES = [
    "Cardiology",
    "Emergency/Trauma",
    "Family/GeneralPractice",
    "Gastroenterology",
    "InternalMedicine",
    "Nephrology",
    "Neurology",
    "ObstetricsandGynecology",
    "Oncology",
    "Orthopedics",
    "Orthopedics-Reconstructive",
    "PhysicalMedicineandRehabilitation",
    "Psychiatry",
    "Pulmonology",
    "Radiologist",
    "Surgery-Cardiovascular/Thoracic",
    "Surgery-General",
    "Surgery-Neuro",
    "Urology",
]


def chapter_of(code: object) -> str | None:
    if not isinstance(code, str):
        return None
    if code[0] in "VE":
        return "other"
    number = float(code)
    if int(number) in SINGLE:
        return SINGLE[int(number)]
    return next((name for low, high, name in CHAPTERS if low <= number <= high), "other")


def diabetes() -> Data:
    """Readmission within 30 days: the first stay of each patient, without those who died or went to a hospice."""
    path = MIRROR / "health" / "diabetes_130us" / "diabetic_data.csv.zip"
    frame = pd.read_csv(path, dtype=str, na_values="?", keep_default_na=False)
    frame["encounter_id"] = frame["encounter_id"].astype(int)
    frame = frame.sort_values("encounter_id").drop_duplicates("patient_nbr")
    frame = frame[~frame["discharge_disposition_id"].isin(["11", "13", "14", "19", "20", "21"])].reset_index(drop=True)
    frame["target"] = np.where(frame["readmitted"] == "<30", "yes", "no")
    for name in ("diag_1", "diag_2", "diag_3"):
        frame[name] = frame[name].map(chapter_of).astype(object)
    known = frame["medical_specialty"]
    frame["medical_specialty"] = known.where(known.isna() | known.isin(SPECIALTIES), "other")
    frame["age"] = frame["age"].str.extract(r"\[(\d+)-")[0].astype(int) // 10
    numbers = {
        "age": Number(low=0, high=9), "time_in_hospital": Number(low=1, high=14), "num_lab_procedures": Number(low=1, high=140),
        "num_procedures": Number(low=0, high=6), "num_medications": Number(low=1, high=81), "number_outpatient": Number(low=0, high=42),
        "number_emergency": Number(low=0, high=76), "number_inpatient": Number(low=0, high=21), "number_diagnoses": Number(low=1, high=16),
    }  # fmt: skip
    choices = [
        "race",
        "gender",
        "admission_type_id",
        "discharge_disposition_id",
        "admission_source_id",
        "medical_specialty",
        "diag_1",
        "diag_2",
        "diag_3",
        "max_glu_serum",
        "A1Cresult",
        "metformin",
        "insulin",
        "change",
        "diabetesMed",
    ]
    return Data(name="diabetes", frame=frame, numbers=numbers, choices=tuple(choices))


DATA: dict[str, Callable[[], Data]] = {
    "adult": adult, "flchain": flchain, "heart": heart, "abalone": abalone, "oulad": oulad, "diabetes": diabetes,
}  # fmt: skip
