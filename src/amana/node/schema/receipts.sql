-- What receipts say of the rows that left under an entry of the log: a commitment, and the salt that opens it. No row stands here.
CREATE TABLE released_rows (
    entry INTEGER PRIMARY KEY CHECK (entry >= 0),
    salt TEXT NOT NULL CHECK (LENGTH(salt) = 44),
    csv_hmac TEXT NOT NULL CHECK (LENGTH(csv_hmac) = 64)
) STRICT;
-- Which entries of the log tell of a project, a permit or a job: so that every decision leads to its receipt.
CREATE TABLE told_of (
    subject TEXT NOT NULL,
    entry INTEGER NOT NULL CHECK (entry >= 0),
    PRIMARY KEY (subject, entry)
) STRICT;
