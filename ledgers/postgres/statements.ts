import { STEP_MS_MAX } from '../../src/core/base/marks.ts'
import { KEPT_COPIES } from '../../src/core/contracts/ledger.ts'

/** The time of a call, ms: one that is given, or the server's. */
const now = (given: string) => `floor(coalesce(${given}::float8, extract(epoch FROM clock_timestamp()) * 1000))::float8`

/** How an effect's number is stored, as text; what is not a number counts as 0. */
const numberIn = (value: string) =>
  `CASE WHEN encode(${value}, 'escape') ~ '^-?[0-9]+([.][0-9]+)?$' THEN encode(${value}, 'escape')::numeric ELSE 0 END`

/**
 * $1 ids, $2 fences, $3 when received, $4 now or null, $5 steady time, $6 lease ms, $7 lost tries that make suspect. Gives a row for
 * each id that is claimed. Rows are locked in the order of their ids everywhere, so that no two calls wait for each other.
 */
const claim = (schema: string) => `
INSERT INTO ${schema}.ids AS i (id, kind, fence, ends_ms, received_ms)
SELECT a.id, 'c', a.fence, ${now('$4')} + $6::float8, a.received
  FROM unnest($1::text[], $2::bigint[], $3::float8[]) AS a (id, fence, received) ORDER BY a.id COLLATE "C"
ON CONFLICT (id) DO UPDATE SET kind = 'c', fence = excluded.fence, ends_ms = excluded.ends_ms,
  received_ms = excluded.received_ms, digest = NULL,
  failures = CASE WHEN i.kind = 'm' THEN 0 ELSE i.failures END,
  since_ms = CASE WHEN i.kind = 'm' THEN NULL ELSE i.since_ms END,
  lost = CASE WHEN i.kind = 'm' THEN 0 WHEN i.kind = 'c' AND i.fence <> excluded.fence THEN i.lost + 1 ELSE i.lost END
WHERE (i.kind = 'c' AND i.fence = excluded.fence)
  OR (i.kind = 'f' AND i.lost < $7::int)
  OR (i.kind = 'c' AND i.ends_ms <= excluded.ends_ms - $6::float8 AND i.lost + 1 < $7::int)
  OR (i.kind = 'm' AND i.ends_ms <=
    least(excluded.ends_ms - $6::float8, $5::float8 + ${STEP_MS_MAX}, excluded.received_ms))
RETURNING id, failures, lost, greatest(0, ends_ms - $6::float8 - since_ms) AS failing_ms`

/** $1 ids, $2 now or null: what is known of them. */
const look = (schema: string) => `
SELECT id, kind::text AS kind, ends_ms, lost, failures, digest::float8 AS digest, handled, settled_ms, ${now('$2')} AS now
FROM ${schema}.ids WHERE id = ANY($1::text[])`

/** $1 ids, $2 lives of their marks, $3 now or null, $4 steady time. */
const renew = (schema: string) => `
UPDATE ${schema}.ids AS i SET ends_ms = greatest(${now('$3')}, $4::float8) + r.life
FROM unnest($1::text[], $2::float8[]) AS r (id, life) WHERE i.id = r.id AND i.kind = 'm'`

/**
 * $1 ids, $2 fences, $3 results (a f b r), $4 lives of marks, $5 digests, $6 letters, $7 now or null, $8 steady time, $9 names to put,
 * $10 their values, $11 names to add to, $12 by how much, $13 names of lists, $14 their new items, $15 the transaction's own name or
 * null, $16 what effects made of them or null. Gives whether each claim is held, and failures before. Where one is not, nothing is written at all.
 */
const settle = (schema: string) => `
WITH t AS MATERIALIZED (SELECT ${now('$7')} AS now),
given AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::float8[], $5::bigint[], $6::bytea[], $16::int[])
    WITH ORDINALITY AS g (id, fence, result, life, digest, letter, handled, n)),
locked AS MATERIALIZED (
  SELECT id, kind, fence, failures, since_ms, lost FROM ${schema}.ids WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE),
held AS MATERIALIZED (
  SELECT g.*, l.failures, l.since_ms, l.lost FROM given g JOIN locked l ON l.id = g.id AND l.kind = 'c' AND l.fence = g.fence),
go AS MATERIALIZED (
  SELECT 1 WHERE (SELECT count(*) FROM held) = cardinality($1::text[])
    AND ($15::text IS NULL OR current_setting('floodmark.transaction', true) = $15::text)),
ids AS (
  UPDATE ${schema}.ids AS i SET
    kind = (CASE h.result WHEN 'a' THEN 'm' WHEN 'b' THEN 'd' ELSE 'f' END)::"char",
    ends_ms = CASE h.result WHEN 'a' THEN greatest(t.now, $8::float8) + h.life ELSE t.now END,
    failures = h.failures + CASE WHEN h.result IN ('f', 'b') THEN 1 ELSE 0 END,
    since_ms = CASE WHEN h.result IN ('f', 'b') THEN coalesce(h.since_ms, t.now) ELSE h.since_ms END,
    lost = CASE h.result WHEN 'r' THEN h.lost ELSE 0 END,
    digest = h.digest,
    handled = h.handled,
    settled_ms = CASE WHEN h.handled IS NULL THEN NULL ELSE t.now END
  FROM held h, t, go WHERE i.id = h.id),
dead AS (
  INSERT INTO ${schema}.dead (id, at_ms, failures, letter)
  SELECT h.id, t.now, h.failures + 1, h.letter FROM held h, t, go WHERE h.result = 'b' ORDER BY h.n),
puts AS (
  INSERT INTO ${schema}.effects (name, value)
  SELECT p.name, p.value FROM unnest($9::text[], $10::bytea[]) AS p (name, value), go ORDER BY p.name COLLATE "C"
  ON CONFLICT (name) DO UPDATE SET value = excluded.value),
adds AS (
  INSERT INTO ${schema}.effects AS e (name, value)
  SELECT a.name, convert_to(a.by::text, 'UTF8') FROM unnest($11::text[], $12::bigint[]) AS a (name, by), go
    ORDER BY a.name COLLATE "C"
  ON CONFLICT (name) DO UPDATE SET
    value = convert_to((${numberIn('e.value')} + ${numberIn('excluded.value')})::text, 'UTF8')),
items AS (
  INSERT INTO ${schema}.items (name, value)
  SELECT u.name, u.value FROM unnest($13::text[], $14::bytea[]) WITH ORDINALITY AS u (name, value, n), go ORDER BY u.n)
SELECT h.n IS NOT NULL AND EXISTS (SELECT 1 FROM go) AS written, h.n IS NOT NULL AS held, coalesce(h.failures, 0) AS failures
FROM given g LEFT JOIN held h ON h.n = g.n ORDER BY g.n`

/** $1 ids, $2 fences, $3 now or null: gives claims back. */
const release = (schema: string) => `
UPDATE ${schema}.ids AS i SET kind = 'f', ends_ms = ${now('$3')}
FROM unnest($1::text[], $2::bigint[]) AS r (id, fence) WHERE i.id = r.id AND i.fence = r.fence AND i.kind = 'c'`

/** $1 the time before which marks have ended, $2 for how long others are kept, $3 most rows. */
const sweep = (schema: string) => `
DELETE FROM ${schema}.ids WHERE id IN (
  SELECT id FROM ${schema}.ids WHERE kind <> 'd' AND ends_ms < $1::float8 AND (kind = 'm' OR ends_ms < $1::float8 - $2::float8)
  ORDER BY ends_ms LIMIT $3 FOR UPDATE SKIP LOCKED)`

const PAGE_ROWS = 512
const LETTER_ROWS = 32

/** The statements of a ledger in its schema. */
export function statementsOf(schema: string) {
  return {
    claim: claim(schema),
    look: look(schema),
    renew: renew(schema),
    settle: settle(schema),
    release: release(schema),
    sweep: sweep(schema),
    probe: `INSERT INTO ${schema}.probes (one, at) VALUES (1, now()) ON CONFLICT (one) DO UPDATE SET at = excluded.at`,
    /** $1 the position after which. */
    buried: `SELECT position, at_ms, failures, letter FROM ${schema}.dead WHERE position > $1 ORDER BY position LIMIT ${LETTER_ROWS}`,
    letter: `SELECT letter FROM ${schema}.dead WHERE id = $1`,
    letters: `SELECT id, at_ms, failures, letter FROM ${schema}.dead WHERE id = ANY($1::text[])`,
    exhume: `WITH gone AS (DELETE FROM ${schema}.dead WHERE id = $1 RETURNING id)
      DELETE FROM ${schema}.ids USING gone WHERE ids.id = gone.id`,
    /** $1 id, $2 life of its mark, $3 now or null, $4 steady time. */
    forget: `WITH gone AS (DELETE FROM ${schema}.dead WHERE id = $1 RETURNING id)
      UPDATE ${schema}.ids AS i SET kind = 'm', ends_ms = greatest(${now('$3')}, $4::float8) + $2::float8, failures = 0,
        since_ms = NULL, lost = 0 FROM gone WHERE i.id = gone.id`,
    keepCopy: `WITH old AS (DELETE FROM ${schema}.copies WHERE position <= (
        SELECT position FROM ${schema}.copies ORDER BY position DESC OFFSET ${KEPT_COPIES.copiesMax - 1} LIMIT 1))
      INSERT INTO ${schema}.copies (letter) VALUES ($1)`,
    keptCopies: `SELECT letter FROM ${schema}.copies ORDER BY position`,
    read: `SELECT value FROM ${schema}.effects WHERE name = $1`,
    /** $1 the first name, $2 the end of names, $3 the last that is known or null. */
    scan: `SELECT name, value FROM ${schema}.effects WHERE name >= $1 AND name < $2 AND ($3::text IS NULL OR name > $3::text)
      ORDER BY name LIMIT ${PAGE_ROWS}`,
    /** The same, and $4 the last position. */
    items: `SELECT name, position, value FROM ${schema}.items WHERE name >= $1 AND name < $2
      AND ($3::text IS NULL OR (name, position) > ($3::text, $4::bigint)) ORDER BY name, position LIMIT ${PAGE_ROWS}`,
  }
}
export type LedgerStatements = ReturnType<typeof statementsOf>
