-- Two roles more: plan owners and verifiers. SQLite changes no CHECK of a table: it is made anew, with its rows.
CREATE TEMPORARY TABLE person_role_before AS SELECT * FROM person_role;
DROP TABLE person_role;
CREATE TABLE person_role (
    person TEXT NOT NULL REFERENCES person (id),
    role TEXT NOT NULL CHECK (
        role IN ('researcher', 'reviewer', 'decider', 'custodian', 'operator', 'auditor', 'planner', 'verifier')
    ),
    given_by TEXT REFERENCES person (id),  -- NULL: on the node's own machine
    PRIMARY KEY (person, role),
    CHECK (given_by <> person)  -- nobody gives herself a role
) STRICT;
INSERT INTO person_role SELECT * FROM person_role_before;
DROP TABLE person_role_before;
