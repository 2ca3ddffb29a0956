-- Who asked, in the order in which they came.
CREATE TABLE guests (visit INTEGER, host TEXT NOT NULL);
