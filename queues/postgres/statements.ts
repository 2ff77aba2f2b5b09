import { PER_LANE_MAX } from '../../src/core/processing/dispatcher.ts'

/** What is deleted as soon as it is read must be swept as soon. */
const VACUUMED = 'autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0'

/*
 * Tables of a queue, in a schema of their own:
 *   events  what waits, in the order of position. A lane's events go out in that order.
 *   lanes   one row for each lane that has events: how many and how many bytes, when it may be taken, and by which fence it was.
 *           A lane that is taken is due again when its lease ends, so a consumer that dies needs nobody who notices.
 *   probes  one row, written by each probe.
 * Rows of lanes are locked in the order of their names, or skipped where they are locked: no two calls wait for each other.
 */
export const tablesOf = (schema: string) => `
SELECT pg_advisory_xact_lock(hashtext('floodmark ' || '${schema}'));
CREATE SCHEMA IF NOT EXISTS ${schema};
CREATE TABLE IF NOT EXISTS ${schema}.events (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  lane text COLLATE "C" NOT NULL,
  bytes int NOT NULL,
  at_ms float8 NOT NULL,
  event bytea NOT NULL
) WITH (${VACUUMED});
ALTER TABLE ${schema}.events ALTER COLUMN event SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS events_lane ON ${schema}.events (lane, position);
CREATE TABLE IF NOT EXISTS ${schema}.lanes (
  lane text COLLATE "C" PRIMARY KEY,
  waiting int NOT NULL,
  bytes bigint NOT NULL,
  due_ms float8 NOT NULL,
  fence bigint NOT NULL
) WITH (fillfactor = 70, ${VACUUMED});
CREATE INDEX IF NOT EXISTS lanes_due ON ${schema}.lanes (due_ms);
CREATE TABLE IF NOT EXISTS ${schema}.probes (one int PRIMARY KEY, at timestamptz NOT NULL);
`

/** The last table is there: nothing is to be made, and no right to make it is needed. */
export const areTablesThere = (schema: string) => `SELECT to_regclass('${schema}.probes') IS NOT NULL AS there`

const NOW = '(extract(epoch FROM statement_timestamp()) * 1000)::float8'

/** $1 the events as one text of bytes, $2 lanes, $3 where each event begins (from 1), $4 how long it is. */
const publish = (schema: string) => `
WITH given AS MATERIALIZED (
  SELECT lane, substring($1::bytea FROM start FOR length) AS event, length, n
  FROM unnest($2::text[], $3::int[], $4::int[]) WITH ORDINALITY AS g (lane, start, length, n)),
stored AS (
  INSERT INTO ${schema}.events (lane, bytes, at_ms, event) SELECT lane, length, ${NOW}, event FROM given ORDER BY n)
INSERT INTO ${schema}.lanes AS l (lane, waiting, bytes, due_ms, fence)
SELECT lane, count(*), sum(length), ${NOW}, 0 FROM given GROUP BY lane ORDER BY lane COLLATE "C"
ON CONFLICT (lane) DO UPDATE SET waiting = l.waiting + excluded.waiting, bytes = l.bytes + excluded.bytes`

/** $1 most events, $2 lease ms, $3 fence: takes lanes that are due. */
const take = (schema: string) => `
WITH picked AS MATERIALIZED (
  SELECT lane, least(waiting, ${PER_LANE_MAX}) AS events, due_ms FROM ${schema}.lanes
  WHERE due_ms <= ${NOW} ORDER BY due_ms LIMIT $1::int FOR UPDATE SKIP LOCKED),
chosen AS MATERIALIZED (
  SELECT lane, before FROM (
    SELECT lane, sum(events) OVER (ORDER BY due_ms, lane) - events AS before FROM picked) AS p WHERE before < $1::int)
UPDATE ${schema}.lanes AS l SET due_ms = ${NOW} + $2::float8, fence = $3::bigint
FROM chosen c WHERE l.lane = c.lane RETURNING l.lane, c.before`

/**
 * $1 lanes in order, $2 most events, $3 most bytes: their first events. A statement of its own, because it must not see what was
 * deleted before the lanes were taken.
 */
const load = (schema: string) => `
SELECT r.lane, r.position, e.event FROM (
  SELECT c.lane, x.position, row_number() OVER w AS n, sum(x.bytes) OVER w AS upto
  FROM unnest($1::text[]) WITH ORDINALITY AS c (lane, at)
  CROSS JOIN LATERAL (SELECT position, bytes FROM ${schema}.events WHERE lane = c.lane ORDER BY position LIMIT ${PER_LANE_MAX}) x
  WINDOW w AS (ORDER BY c.at, x.position)) AS r
JOIN ${schema}.events e ON e.position = r.position
WHERE r.n <= $2::int AND (r.n = 1 OR r.upto <= $3::bigint) ORDER BY r.n`

/**
 * $1 lanes, $2 fences, $3 after how many ms each may be taken again, $4 positions that are acked, $5 the places of their lanes (from
 * 1). A lane whose fence is another one is left as it is.
 */
const settle = (schema: string) => `
WITH given AS MATERIALIZED (
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::float8[]) WITH ORDINALITY AS g (lane, fence, wait_ms, n)),
locked AS MATERIALIZED (
  SELECT lane, waiting, bytes, fence FROM ${schema}.lanes WHERE lane = ANY($1::text[]) ORDER BY lane FOR UPDATE),
ours AS MATERIALIZED (
  SELECT g.lane, g.wait_ms, g.n, l.waiting, l.bytes FROM given g JOIN locked l ON l.lane = g.lane AND l.fence = g.fence),
gone AS (
  DELETE FROM ${schema}.events AS e USING unnest($4::bigint[], $5::bigint[]) AS p (position, n), ours AS o
  WHERE e.position = p.position AND o.n = p.n RETURNING e.lane, e.bytes),
sums AS MATERIALIZED (SELECT lane, count(*) AS events, sum(bytes) AS bytes FROM gone GROUP BY lane),
rest AS MATERIALIZED (
  SELECT o.lane, o.wait_ms, o.waiting - coalesce(s.events, 0) AS waiting, o.bytes - coalesce(s.bytes, 0) AS bytes
  FROM ours o LEFT JOIN sums s ON s.lane = o.lane),
emptied AS (DELETE FROM ${schema}.lanes AS l USING rest r WHERE l.lane = r.lane AND r.waiting <= 0)
UPDATE ${schema}.lanes AS l SET waiting = r.waiting, bytes = r.bytes, due_ms = ${NOW} + r.wait_ms, fence = 0
FROM rest r WHERE l.lane = r.lane AND r.waiting > 0`

/** The statements of a queue in its schema. */
export function statementsOf(schema: string) {
  return {
    publish: publish(schema),
    take: take(schema),
    load: load(schema),
    settle: settle(schema),
    /** $1 lanes, $2 their fence: nothing was taken out of them. */
    release: `UPDATE ${schema}.lanes SET due_ms = ${NOW}, fence = 0 WHERE lane = ANY($1::text[]) AND fence = $2::bigint`,
    probe: `INSERT INTO ${schema}.probes (one, at) VALUES (1, now()) ON CONFLICT (one) DO UPDATE SET at = excluded.at`,
    stored: `SELECT coalesce(sum(bytes), 0)::float8 AS bytes FROM ${schema}.lanes`,
    depth: `SELECT coalesce(sum(waiting), 0)::int AS events,
      coalesce(sum(least(waiting, ${PER_LANE_MAX})) FILTER (WHERE fence <> 0 AND due_ms > ${NOW}), 0)::int AS in_flight,
      ${NOW} - (SELECT at_ms FROM ${schema}.events ORDER BY position LIMIT 1) AS oldest_ms FROM ${schema}.lanes`,
  }
}
export type QueueStatements = ReturnType<typeof statementsOf>
