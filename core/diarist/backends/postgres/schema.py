"""The tables in PostgreSQL, and how an older schema becomes today's.

Every table has all users' rows, and every key begins with the user. The statements never see the
tables, but views that show one transaction its user's rows: no statement can cross users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diarist.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

VERSION = 1

_TABLES = """
CREATE TABLE all_documents (
    user_id TEXT COLLATE "C" NOT NULL DEFAULT current_setting('diarist.user_id'),
    kind TEXT COLLATE "C" NOT NULL,
    content TEXT COLLATE "C" NOT NULL,
    version UUID NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (user_id, kind)
);
CREATE TABLE all_sessions (
    user_id TEXT COLLATE "C" NOT NULL DEFAULT current_setting('diarist.user_id'),
    no BIGINT NOT NULL,                   -- counted for each user, by a trigger
    id TEXT COLLATE "C" NOT NULL,
    created BIGINT NOT NULL,              -- microseconds since 1970, as are all times
    updated BIGINT NOT NULL,
    numbered BIGINT NOT NULL DEFAULT 0,   -- the last number given to a message
    turns BIGINT NOT NULL DEFAULT 0,      -- the last number given to a turn
    active INTEGER NOT NULL DEFAULT 0,    -- counted by triggers, as are the next two
    archived INTEGER NOT NULL DEFAULT 0,
    words BIGINT NOT NULL DEFAULT 0,      -- of all its messages
    PRIMARY KEY (user_id, no),
    UNIQUE (user_id, id)
) WITH (fillfactor = 80);
CREATE TABLE all_messages (
    user_id TEXT COLLATE "C" NOT NULL DEFAULT current_setting('diarist.user_id'),
    key BIGINT NOT NULL,                  -- session << 32 | number
    session BIGINT NOT NULL,
    id TEXT COLLATE "C",
    role TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C",
    text TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    archived SMALLINT NOT NULL DEFAULT 0,
    metadata TEXT COLLATE "C",
    format TEXT COLLATE "C",
    payload TEXT COLLATE "C",
    terms TEXT COLLATE "C" NOT NULL,                  -- folded and stemmed words
    speaker TEXT COLLATE "C",                         -- the terms of the name
    words INTEGER NOT NULL,               -- how many terms
    marks SMALLINT NOT NULL,              -- see recall/candidates.py
    PRIMARY KEY (user_id, key)
);
CREATE INDEX messages_by_time ON all_messages (user_id, at);
CREATE UNIQUE INDEX messages_by_id ON all_messages (user_id, session, id) WHERE id IS NOT NULL;
CREATE TABLE all_message_vectors (
    user_id TEXT COLLATE "C" NOT NULL DEFAULT current_setting('diarist.user_id'),
    no BIGINT GENERATED ALWAYS AS IDENTITY,  -- what is new since a reader looked has a higher one
    message BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,                   -- the index: model and dimension
    data REAL[] NOT NULL,                 -- pgvector compares arrays, too, and none needs it
    PRIMARY KEY (user_id, message, name)
);
ALTER TABLE all_message_vectors ALTER data SET STORAGE EXTERNAL;
CREATE INDEX message_vectors_by_index ON all_message_vectors (user_id, name, no);
CREATE TABLE all_turns (
    user_id TEXT COLLATE "C" NOT NULL DEFAULT current_setting('diarist.user_id'),
    session BIGINT NOT NULL,
    number BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    attempts INTEGER NOT NULL DEFAULT 0,
    owner TEXT COLLATE "C",
    lease BIGINT NOT NULL DEFAULT 0,      -- until when its owner works on it
    first BIGINT NOT NULL,                -- the numbers of its first and last message
    last BIGINT NOT NULL,
    at BIGINT NOT NULL,
    east INTEGER NOT NULL DEFAULT 0,      -- by how many seconds its clock was ahead of UTC
    PRIMARY KEY (user_id, session, number)
);
CREATE INDEX turns_waiting ON all_turns (user_id, at, session, number) WHERE state = 'pending';
CREATE TABLE all_notes (
    user_id TEXT COLLATE "C" NOT NULL DEFAULT current_setting('diarist.user_id'),
    key BIGINT NOT NULL,                  -- counted for each user, by a trigger
    namespace TEXT COLLATE "C" NOT NULL,              -- see statements/note_rows.py
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    metadata TEXT COLLATE "C",
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    ttl BIGINT,
    expires BIGINT,
    deleted BIGINT,
    terms TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, key),
    UNIQUE (user_id, namespace, name)
);
CREATE INDEX notes_by_name ON all_notes (user_id, name);
CREATE INDEX notes_by_time ON all_notes (user_id, updated, key);
CREATE INDEX notes_expiring ON all_notes (user_id, expires) WHERE expires IS NOT NULL;
CREATE INDEX notes_deleted ON all_notes (user_id, deleted) WHERE deleted IS NOT NULL;
CREATE TABLE all_vectors (
    user_id TEXT COLLATE "C" NOT NULL DEFAULT current_setting('diarist.user_id'),
    no BIGINT GENERATED ALWAYS AS IDENTITY,
    note BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    part INTEGER NOT NULL,
    data REAL[] NOT NULL,
    PRIMARY KEY (user_id, note, name, part)
);
ALTER TABLE all_vectors ALTER data SET STORAGE EXTERNAL;
CREATE INDEX vectors_by_index ON all_vectors (user_id, name, no);
CREATE SEQUENCE epochs;
CREATE TABLE all_about (
    user_id TEXT COLLATE "C" NOT NULL DEFAULT current_setting('diarist.user_id'),
    name TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,                  -- another whenever vectors were removed
    PRIMARY KEY (user_id, name)
);
"""

_SQLITE = """
CREATE FUNCTION instr(whole TEXT, part TEXT) RETURNS INTEGER
    IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql AS $$ SELECT strpos(whole, part) $$;
CREATE FUNCTION length(vector REAL[]) RETURNS INTEGER
    IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql AS $$ SELECT 4 * cardinality(vector) $$;
CREATE FUNCTION json_each(keys TEXT) RETURNS TABLE (value BIGINT)
    IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$
    SELECT key::BIGINT FROM jsonb_array_elements_text(keys::JSONB) AS elements (key)
    $$;
CREATE FUNCTION json_extract(value TEXT, path TEXT) RETURNS DOUBLE PRECISION
    IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT NULL::DOUBLE PRECISION $$;
CREATE FUNCTION as_json(texts TEXT[]) RETURNS TEXT
    IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql AS $$ SELECT array_to_json(texts)::TEXT $$;
CREATE AGGREGATE json_group_array(TEXT) (
    SFUNC = array_append, STYPE = TEXT[], INITCOND = '{}', FINALFUNC = as_json
);
"""
"""What the statements take from SQLite's functions.

`json_each` knows lists of keys, and `json_extract` nothing: PostgreSQL's JSON refuses texts and
numbers that a note can hold, and the statements only spare reading by it.
"""

_WORDS = """
CREATE FUNCTION mark(owner TEXT) RETURNS TEXT
    IMMUTABLE STRICT PARALLEL SAFE LANGUAGE sql AS $$ SELECT left(md5(owner), 16) $$;
CREATE FUNCTION postings(owner TEXT, terms TEXT, speaker TEXT) RETURNS TEXT[]
    IMMUTABLE PARALLEL SAFE COST 10000 LANGUAGE plpgsql AS $$
DECLARE
    mark TEXT := left(md5(owner), 16);
BEGIN
    RETURN string_to_array(mark || replace(terms, ' ', ' ' || mark)
        || coalesce(' ' || mark || '@' || replace(speaker, ' ', ' ' || mark || '@'), ''), ' ');
END $$;
CREATE INDEX message_terms ON all_messages USING gin (postings(user_id, terms, speaker))
    WITH (fastupdate = off);
CREATE INDEX note_terms ON all_notes USING gin (postings(user_id, terms, NULL))
    WITH (fastupdate = off);
"""
"""Each word is indexed with a mark of its user before it, so that a search reads no other's.

Its cost keeps the planner from computing the words of every row instead of asking the index.
"""

_TRIGGERS = """
CREATE FUNCTION begin_epoch(owner TEXT, of TEXT) RETURNS void LANGUAGE sql AS $$
    INSERT INTO {schema}.all_about (user_id, name, value)
        VALUES (owner, of, nextval('{schema}.epochs')::TEXT)
        ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value
    $$;
CREATE FUNCTION number_session() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    SELECT coalesce(max(no), 0) + 1 INTO NEW.no FROM {schema}.all_sessions
        WHERE user_id = NEW.user_id;
    IF NEW.no = 1 THEN
        PERFORM {schema}.begin_epoch(NEW.user_id, 'made');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER session_numbered BEFORE INSERT ON all_sessions
    FOR EACH ROW EXECUTE FUNCTION number_session();
CREATE FUNCTION number_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    SELECT coalesce(max(key), 0) + 1 INTO NEW.key FROM {schema}.all_notes
        WHERE user_id = NEW.user_id;
    IF NEW.key = 1 THEN
        PERFORM {schema}.begin_epoch(NEW.user_id, 'made');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER note_numbered BEFORE INSERT ON all_notes
    FOR EACH ROW EXECUTE FUNCTION number_note();

CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE {schema}.all_sessions AS sessions SET active = sessions.active + of_one.active,
        archived = sessions.archived + of_one.archived, words = sessions.words + of_one.words
        FROM (
            SELECT user_id, session, TG_ARGV[0]::INTEGER * sum(1 - archived) AS active,
                TG_ARGV[0]::INTEGER * sum(archived) AS archived,
                TG_ARGV[0]::INTEGER * sum(words) AS words
            FROM counted GROUP BY user_id, session
        ) AS of_one
        WHERE sessions.user_id = of_one.user_id AND sessions.no = of_one.session;
    RETURN NULL;
END $$;
CREATE TRIGGER messages_added AFTER INSERT ON all_messages
    REFERENCING NEW TABLE AS counted
    FOR EACH STATEMENT EXECUTE FUNCTION count_messages('1');
CREATE TRIGGER messages_removed AFTER DELETE ON all_messages
    REFERENCING OLD TABLE AS counted
    FOR EACH STATEMENT EXECUTE FUNCTION count_messages('-1');
CREATE TRIGGER messages_were AFTER UPDATE ON all_messages
    REFERENCING OLD TABLE AS counted
    FOR EACH STATEMENT EXECUTE FUNCTION count_messages('-1');
CREATE TRIGGER messages_became AFTER UPDATE ON all_messages
    REFERENCING NEW TABLE AS counted
    FOR EACH STATEMENT EXECUTE FUNCTION count_messages('1');

CREATE FUNCTION drop_message_vectors() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM {schema}.all_message_vectors AS vectors USING removed
        WHERE vectors.user_id = removed.user_id AND vectors.message = removed.key;
    RETURN NULL;
END $$;
CREATE TRIGGER messages_without_vectors AFTER DELETE ON all_messages
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION drop_message_vectors();

CREATE FUNCTION drop_note_vectors() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM {schema}.all_vectors AS vectors USING removed
        WHERE vectors.user_id = removed.user_id AND vectors.note = removed.key;
    RETURN NULL;
END $$;
CREATE TRIGGER notes_without_vectors AFTER DELETE ON all_notes
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION drop_note_vectors();
CREATE FUNCTION drop_vectors() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    DELETE FROM {schema}.all_vectors WHERE user_id = OLD.user_id AND note = OLD.key;
    RETURN NULL;
END $$;
CREATE TRIGGER note_revived AFTER UPDATE OF value ON all_notes
    FOR EACH ROW WHEN (OLD.deleted IS NOT NULL) EXECUTE FUNCTION drop_vectors();

CREATE FUNCTION remember_removal() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM {schema}.begin_epoch(user_id, TG_ARGV[0])
        FROM (SELECT DISTINCT user_id FROM removed) AS owners;
    RETURN NULL;
END $$;
CREATE TRIGGER message_vectors_removed AFTER DELETE ON all_message_vectors
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION remember_removal('vectors removed');
CREATE TRIGGER vectors_removed AFTER DELETE ON all_vectors
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION remember_removal('note vectors removed');
"""

_OF_ONE_USER = (
    "documents", "sessions", "messages", "message_vectors", "turns", "notes", "vectors", "about",
)  # fmt: skip


def prepare(connection: Connection[Any], schema: str, *, create: bool) -> None:
    """Make sure that the schema is there and of today, and that text is what we take it for.

    Several processes may do so at once: one makes it, the others wait.

    Raises:
        BackendError: it is missing and `create` is false; it was made by a newer diarist; the
            database is not in UTF-8.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise BackendError(
            f"the database {connection.info.dbname} is in {encoding}; diarist needs one in UTF8: "
            "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
    if _version(connection, schema) == VERSION:
        return
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"diarist {schema}",))
        version = _version(connection, schema)
        if version is None and not create:
            raise BackendError(
                f"the database {connection.info.dbname} has no schema {schema} of diarist; "
                "`diarist backend init URL` makes it"
            )
        if version is None:
            _create(connection, schema)
            version = VERSION
        while version < VERSION:
            MIGRATIONS[version](connection)
            version += 1
            connection.execute(f'UPDATE "{schema}".schema_version SET version = {version}'.encode())
    if version > VERSION:
        raise BackendError(
            f"the schema {schema} was made by a newer diarist (version {version}, this one knows "
            f"{VERSION}): upgrade diarist"
        )


def _version(connection: Connection[Any], schema: str) -> int | None:
    found = connection.execute(  # to_regclass would tell what was so when the transaction began
        "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'schema_version'", (schema,)
    ).fetchone()
    if found is None:
        return None
    row = connection.execute(f'SELECT version FROM "{schema}".schema_version'.encode()).fetchone()
    return row[0] if row else None


def _create(connection: Connection[Any], schema: str) -> None:
    connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'.encode())
    connection.execute("SELECT set_config('search_path', %s, true)", (f'"{schema}"',))
    for script in (_TABLES, _SQLITE, _WORDS, _TRIGGERS):
        connection.execute(script.replace("{schema}", f'"{schema}"').encode())
    for name in _OF_ONE_USER:
        connection.execute(
            f"CREATE VIEW {name} AS SELECT * FROM all_{name} "
            "WHERE user_id = current_setting('diarist.user_id')".encode()
        )
    connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL)")
    connection.execute(f"INSERT INTO schema_version VALUES ({VERSION})".encode())


MIGRATIONS: dict[int, Callable[[Connection[Any]], None]] = {}
"""From a version to the next; each runs inside the transaction that checks the version."""
