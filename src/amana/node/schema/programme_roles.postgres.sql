-- Two roles more: plan owners and verifiers. PostgreSQL changes the CHECKs of a table in place.
ALTER TABLE person_role DROP CONSTRAINT person_role_role_check;
ALTER TABLE person_role ADD CONSTRAINT person_role_role_check CHECK (
    role IN ('researcher', 'reviewer', 'decider', 'custodian', 'operator', 'auditor', 'planner', 'verifier')
);
