/*
 * Tables of a ledger, in a schema of their own:
 *   ids      one row for each id that is known. kind: c claimed, f failed before or given back, m applied, d buried.
 *            ends_ms: of c the end of its lease, of m that of its mark, of f and d when it was settled. since_ms is when it first
 *            failed, lost counts its lost tries. A settled event's digest tells copies from other bodies; null: nothing is compared.
 *            handled and settled_ms: what one of several effects made of it (base/marks.ts), and when; null: nothing is kept.
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
  digest bigint,
  handled int,
  settled_ms float8
) WITH (fillfactor = 80);
ALTER TABLE ${schema}.ids ADD COLUMN IF NOT EXISTS handled int, ADD COLUMN IF NOT EXISTS settled_ms float8;
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

/** The last table and the last column are there: nothing is to be made, and no right to make it is needed. */
export const areTablesThere = (schema: string) => `
SELECT to_regclass('${schema}.probes') IS NOT NULL AND EXISTS (
  SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('${schema}.ids') AND attname = 'settled_ms') AS there`
