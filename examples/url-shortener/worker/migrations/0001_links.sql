-- What each short name stands for. Times are milliseconds since 1970; a link without an end has none.
CREATE TABLE links (
  slug TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) WITHOUT ROWID;

CREATE INDEX links_by_end ON links (expires_at) WHERE expires_at IS NOT NULL;
