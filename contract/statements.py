"""The SQL that both twins send. The driver binds the values; they are never written into the text."""

ANSWER_WITHIN = 5.0
"""Seconds that the database may take to answer a statement, in addition to the delay that the statement asks for."""

GONE_AFTER = 60.0
"""Seconds after which the database rolls back a transaction of which it hears nothing more, so that the answer that was
being taken in it is free again."""

KEPT_FOR = 3600.0
"""Seconds for which an answer is kept until somebody asks for it."""

MOST_KEPT = 10_000
"""Number of answers that are kept. Beyond it the oldest are removed: they are the least likely to be asked for, and to
refuse the newest would let answers that nobody wants keep out those that somebody waits for."""

TIDY_EVERY = 5.0
"""Seconds between two removals of the answers that are too old or too many."""

IS_PREPARED = """
    SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('answers') AND attname = 'given')
    FROM set_config('idle_in_transaction_session_timeout', %(gone_after)s::text, false)
"""
"""Tells whether the tables exist, and sets for the connection after how many milliseconds an idle transaction is rolled
back: one statement, because some services connect for every request."""

LOCK = "SELECT pg_advisory_xact_lock(hashtext('sync-vs-async'))"
"""Locks until the transaction ends. Without the lock, one of two concurrent CREATE TABLE IF NOT EXISTS could fail."""

PREPARE = """
    CREATE TABLE IF NOT EXISTS answers (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        question text NOT NULL,
        answer text NOT NULL
    );
    ALTER TABLE answers ADD COLUMN IF NOT EXISTS given timestamptz NOT NULL DEFAULT now();
    CREATE INDEX IF NOT EXISTS answers_question ON answers (question, id)
"""
"""Adds `given` on its own, because earlier versions created the table without it."""

LISTEN = "LISTEN answers"
"""Every notification announces an answer; its payload is the name of the question."""

SLEEP = "SELECT %(number)s::int, pg_sleep(%(delay)s)"

GIVE = """
    WITH given AS (INSERT INTO answers (question, answer) VALUES (%(question)s, %(answer)s))
    SELECT pg_notify('answers', %(question)s)
"""

TAKE = """
    DELETE FROM answers WHERE id = (
        SELECT id FROM answers WHERE question = %(question)s AND given > now() - make_interval(secs => %(kept_for)s)
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING answer
"""
"""Takes the oldest answer that is not too old and that no other transaction is taking at the moment."""

TIDY = """
    DELETE FROM answers WHERE id IN (
        SELECT id FROM answers WHERE given <= now() - make_interval(secs => %(kept_for)s)
        OR id <= (SELECT id FROM answers ORDER BY id DESC OFFSET %(most)s LIMIT 1) FOR UPDATE SKIP LOCKED
    )
"""
"""Removes the answers that are too old or too many, except those that another transaction is taking at the moment."""

ANNOUNCE = "SELECT pg_notify('answers', %(question)s)"
