-- What receipts say of the rows that left under an entry of the log: a commitment, and the salt that opens it. No row stands here.
CREATE TABLE released_rows (
    entry INTEGER PRIMARY KEY CHECK (entry >= 0),
    salt TEXT NOT NULL CHECK (LENGTH(salt) = 44),
    csv_hmac TEXT NOT NULL CHECK (LENGTH(csv_hmac) = 64)
) STRICT;
