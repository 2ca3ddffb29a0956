-- What has come, once for each id that the sender gave it.
CREATE TABLE deliveries (id TEXT PRIMARY KEY, event TEXT NOT NULL, payload TEXT NOT NULL) WITHOUT ROWID;
