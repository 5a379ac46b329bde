"""The SQL that both services send. Values are bound by the driver, never written into the text."""

IS_PREPARED = "SELECT to_regclass('answers') IS NOT NULL"

LOCK = "SELECT pg_advisory_xact_lock(hashtext('sync-vs-async'))"
"""Until the transaction ends. Two CREATE TABLE IF NOT EXISTS at once would not both succeed."""

PREPARE = """
    CREATE TABLE IF NOT EXISTS answers (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        question text NOT NULL,
        answer text NOT NULL
    );
    CREATE INDEX IF NOT EXISTS answers_question ON answers (question, id)
"""

LISTEN = "LISTEN answers"
"""An answer is announced with the name of its question as the payload."""

SLEEP = "SELECT %(number)s::int, pg_sleep(%(delay)s)"

GIVE = """
    WITH given AS (INSERT INTO answers (question, answer) VALUES (%(question)s, %(answer)s))
    SELECT pg_notify('answers', %(question)s)
"""

TAKE = """
    DELETE FROM answers WHERE id = (
        SELECT id FROM answers WHERE question = %(question)s ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING answer
"""
"""The oldest answer that nobody else is taking at this moment."""

ANNOUNCE = "SELECT pg_notify('answers', %(question)s)"
