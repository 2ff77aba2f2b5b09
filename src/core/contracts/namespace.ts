import { FloodmarkError } from './errors.ts'

const NAMESPACE = /^[a-z0-9-]{1,64}$/

/** The namespace, when it can safely be part of a key, a topic or a path. @throws FloodmarkError 'misuse'. */
export function checkNamespace(namespace: string): string {
  if (NAMESPACE.test(namespace)) return namespace
  throw new FloodmarkError('misuse', `the namespace '${namespace}' is not valid: use 1-64 of a-z, 0-9 and -`)
}
