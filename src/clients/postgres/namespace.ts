import { createHash } from 'node:crypto'
import { checkNamespace } from '../../core/contracts/namespace.ts'

/** PostgreSQL cuts longer names without a word. */
const NAME_BYTES_MAX = 63
const HASH_CHARS = 16

/** The schema of a namespace, as it is written in a statement. Two namespaces never share one. */
export function schemaOf(part: 'ledger' | 'queue', namespace: string): string {
  const name = `floodmark_${part}_${checkNamespace(namespace).replaceAll('-', '_')}`
  if (name.length <= NAME_BYTES_MAX) return `"${name}"`
  const hash = createHash('sha256').update(namespace).digest('hex').slice(0, HASH_CHARS)
  return `"${name.slice(0, NAME_BYTES_MAX - HASH_CHARS - 1)}_${hash}"`
}
