package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/writ-dev/writ"
)

const version = 1 // of the tables below

// tables are those of one environment; ENV is its schema. Text sorts by bytes, which is
// faster than a language's order and the same everywhere.
const tables = `
CREATE SCHEMA IF NOT EXISTS ENV;
CREATE TABLE IF NOT EXISTS ENV.head (
	one int PRIMARY KEY CHECK (one = 1), version int NOT NULL, seq bigint NOT NULL, hash bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS ENV.log (
	seq bigint PRIMARY KEY,
	time bigint NOT NULL, -- microseconds since 1970
	actor text NOT NULL,  -- JSON
	kind text NOT NULL,
	subject text NOT NULL,
	data text NOT NULL,   -- JSON, byte for byte as it was hashed, or empty
	prev bytea NOT NULL,
	hash bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS ENV.model (one int PRIMARY KEY CHECK (one = 1), format text NOT NULL, text text NOT NULL);
CREATE TABLE IF NOT EXISTS ENV.keys (id text COLLATE "C" PRIMARY KEY, value text NOT NULL);
CREATE TABLE IF NOT EXISTS ENV.records (
	type text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, value text NOT NULL, PRIMARY KEY (type, id)
);
CREATE TABLE IF NOT EXISTS ENV.tuples (
	object_type text COLLATE "C" NOT NULL, object_id text COLLATE "C" NOT NULL, relation text COLLATE "C" NOT NULL,
	subject_type text COLLATE "C" NOT NULL, subject_id text COLLATE "C" NOT NULL, subject_relation text COLLATE "C" NOT NULL,
	created bigint NOT NULL, -- seconds since 1970
	more text NOT NULL,      -- JSON of condition, params and expires, or empty
	PRIMARY KEY (object_type, object_id, relation, subject_type, subject_id, subject_relation)
);
INSERT INTO ENV.head VALUES (1, 1, 0, decode(repeat('00', 32), 'hex')) ON CONFLICT DO NOTHING;
`

type query int

const (
	readHead query = iota
	moveHead
	addLog
	readLog
	putModel
	readModel
	putKeys
	dropKeys
	readKeys
	putRecords
	dropRecords
	readRecords
	putTuples
	dropTuples
	readTuples
)

// queriesOf gives the statements on one environment's tables. Rows come as an array for each
// column, so that a group of any size is one statement.
func queriesOf(schema string) map[query]string {
	all := map[query]string{
		readHead: `SELECT seq, hash FROM ENV.head`,
		// The row is locked until the end of the transaction; another that waits for it finds the head moved.
		moveHead: `UPDATE ENV.head SET seq = $1, hash = $2 WHERE seq = $3 AND hash = $4`,
		addLog: `INSERT INTO ENV.log (seq, time, actor, kind, subject, data, prev, hash) SELECT * FROM
			unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[], $8::bytea[])`,
		readLog:   `SELECT seq, time, actor, kind, subject, data, prev, hash FROM ENV.log WHERE seq > $1 ORDER BY seq LIMIT $2`,
		putModel:  `INSERT INTO ENV.model VALUES (1, $1, $2) ON CONFLICT (one) DO UPDATE SET format = excluded.format, text = excluded.text`,
		readModel: `SELECT format, text FROM ENV.model`,
		putKeys: `INSERT INTO ENV.keys SELECT * FROM unnest($1::text[], $2::text[])
			ON CONFLICT (id) DO UPDATE SET value = excluded.value`,
		dropKeys: `DELETE FROM ENV.keys WHERE id = ANY ($1::text[])`,
		readKeys: `SELECT value FROM ENV.keys`,
		putRecords: `INSERT INTO ENV.records SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
			ON CONFLICT (type, id) DO UPDATE SET value = excluded.value`,
		dropRecords: `DELETE FROM ENV.records r USING unnest($1::text[], $2::text[]) AS d (type, id)
			WHERE r.type = d.type AND r.id = d.id`,
		readRecords: `SELECT value FROM ENV.records`,
		putTuples: `INSERT INTO ENV.tuples SELECT * FROM
			unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[])
			ON CONFLICT (object_type, object_id, relation, subject_type, subject_id, subject_relation)
			DO UPDATE SET created = excluded.created, more = excluded.more`,
		dropTuples: `DELETE FROM ENV.tuples t
			USING unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) AS d (a, b, c, d, e, f)
			WHERE t.object_type = d.a AND t.object_id = d.b AND t.relation = d.c
			AND t.subject_type = d.d AND t.subject_id = d.e AND t.subject_relation = d.f`,
		readTuples: `SELECT object_type, object_id, relation, subject_type, subject_id, subject_relation, created, more FROM ENV.tuples`,
	}
	for q, text := range all {
		all[q] = strings.ReplaceAll(text, "ENV", schema)
	}
	return all
}

// setUp makes the tables. Nodes that start together do it one after another.
func (s *Store) setUp(ctx context.Context, schema string) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The lock's number is this package's own: "writ" and the schema's hash.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(x'57726974'::int, hashtext($1))", schema); err != nil {
			return failed("set up the environment", err)
		}
		var there bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", schema+".head").Scan(&there); err != nil {
			return failed("set up the environment", err)
		}
		if !there {
			if _, err := tx.Exec(ctx, strings.ReplaceAll(tables, "ENV", schema)); err != nil {
				return failed("set up the environment", err)
			}
		}
		var made int
		if err := tx.QueryRow(ctx, "SELECT version FROM "+schema+".head").Scan(&made); err != nil {
			return failed("read the environment's version", err)
		}
		if made > version {
			return writ.Errorf(writ.CodeInvalid, "schema %s was written by a newer version of Writ (tables of version %d, here %d)", schema, made, version).
				WithHint("use that version")
		}
		return nil
	})
	if err != nil && writ.CodeOf(err) == writ.CodeInternal {
		return failed("connect", err)
	}
	return err
}
