/*
 * Tables of a ledger, in a schema of their own:
 *   ids      one row for each id that is known. kind: c claimed, f failed before or given back, m applied, d buried.
 *            ends_ms: of c the end of its lease, of m that of its mark, of f and d when it was settled. since_ms is when it first
 *            failed, lost counts its lost tries. A settled event's digest tells copies from other bodies; null: nothing is compared.
 *            A fence is drawn at random, so that a call which is sent again knows its own row.
 *   effects  names and their values. items: lists, by name and position.
 *   dead     dead letters without their head (base/dead-letter.ts). copies: those that differed, as dead letters.
 *   probes   one row, written by each probe.
 */

/** What makes the tables, once: several processes may open a ledger for the first time together. */
export const tablesOf = (schema: string) => `
SELECT pg_advisory_xact_lock(hashtext('floodmark ' || '${schema}'));
CREATE SCHEMA IF NOT EXISTS ${schema};
CREATE TABLE IF NOT EXISTS ${schema}.ids (
  id text COLLATE "C" PRIMARY KEY,
  kind "char" NOT NULL,
  fence bigint NOT NULL,
  ends_ms float8 NOT NULL,
  received_ms float8 NOT NULL,
  failures int NOT NULL DEFAULT 0,
  since_ms float8,
  lost int NOT NULL DEFAULT 0,
  digest bigint
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS ids_ends ON ${schema}.ids (ends_ms) WHERE kind <> 'd';
CREATE TABLE IF NOT EXISTS ${schema}.effects (name text COLLATE "C" PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE IF NOT EXISTS ${schema}.items (
  name text COLLATE "C" NOT NULL,
  position bigint GENERATED ALWAYS AS IDENTITY,
  value bytea NOT NULL,
  PRIMARY KEY (name, position)
);
CREATE TABLE IF NOT EXISTS ${schema}.dead (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  at_ms float8 NOT NULL,
  failures int NOT NULL,
  letter bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS ${schema}.copies (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  letter bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS ${schema}.probes (one int PRIMARY KEY, at timestamptz NOT NULL);
`

/** The last table is there: nothing is to be made, and no right to make it is needed. */
export const areTablesThere = (schema: string) => `SELECT to_regclass('${schema}.probes') IS NOT NULL AS there`
