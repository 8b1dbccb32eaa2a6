"""Names for identifiers and exact amounts, so that one kind is never passed for another."""

from typing import NewType

VersionId = NewType("VersionId", str)
"""A random name of one published version of a dataset (PRIVACY 10)."""
PopulationName = NewType("PopulationName", str)
PermitId = NewType("PermitId", str)
ChargeId = NewType("ChargeId", str)
Digest = NewType("Digest", str)
"""A keyed digest in hexadecimal; never a bare hash of data or SQL (PRIVACY 10)."""

PersonId = NewType("PersonId", str)
OrganisationId = NewType("OrganisationId", str)
AccreditationId = NewType("AccreditationId", str)
TokenId = NewType("TokenId", str)
ProjectId = NewType("ProjectId", str)
ReviewId = NewType("ReviewId", str)
OutputId = NewType("OutputId", str)
JobId = NewType("JobId", str)
ModelId = NewType("ModelId", str)
EvidenceId = NewType("EvidenceId", str)
PlanCommentId = NewType("PlanCommentId", str)
"""A comment on a version of a plan."""

NanoRho = NewType("NanoRho", int)
"""Privacy loss in units of 1e-9 rho (zero-concentrated differential privacy)."""
DeltaUnits = NewType("DeltaUnits", int)
"""Failure probability in units of 2**-64."""
