import { registerHooks } from 'node:module'

/**
 * Importing this file lets a person's own files say `import … from 'floodmark'` wherever they lie, as if the kit were
 * installed there. A floodmark that is installed beside them goes before. The command line imports it first, and every
 * process that it forks is given it by --import, which holds for their threads too.
 */

const KIT = new URL('../../../', import.meta.url).href

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = isOurs(specifier) ? resolveOurs(specifier, () => nextResolve(specifier, context)) : undefined
    const found = resolved ?? nextResolve(specifier, context)
    return isOwnModule(found.url, context.conditions) ? { ...found, format: 'module-typescript' } : found
  },
})

function isOurs(specifier: string): boolean {
  return specifier === 'floodmark' || specifier.startsWith('floodmark/')
}

function resolveOurs<T>(specifier: string, installed: () => T): T | { url: string; shortCircuit: true } {
  try {
    return installed()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    return { url: import.meta.resolve(specifier), shortCircuit: true }
  }
}

/** Node takes a .ts file for CommonJS where the nearest package.json says so, as the one of `npm init` does: an example would fail there. */
function isOwnModule(url: string, conditions: readonly string[] = []): boolean {
  if (!url.startsWith('file:') || !url.endsWith('.ts') || !conditions.includes('import')) return false
  return !url.startsWith(KIT) && !url.includes('/node_modules/')
}
