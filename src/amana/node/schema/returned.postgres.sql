-- A request for a permit may be returned to the team. PostgreSQL changes the CHECKs of a table in place.
ALTER TABLE permit DROP CONSTRAINT permit_state_check;
ALTER TABLE permit ADD CONSTRAINT permit_state_check CHECK (
    state IN ('requested', 'returned', 'granted', 'refused', 'active', 'exhausted', 'suspended', 'expired', 'revoked')
);
ALTER TABLE permit DROP CONSTRAINT permit_check;
ALTER TABLE permit ADD CONSTRAINT permit_check CHECK ((granted_by IS NULL) = (state IN ('requested', 'returned', 'refused')));
