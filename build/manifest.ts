/** package.json as it is published: JavaScript, no scripts, and no package that only some need. */

export interface Manifest {
  readonly [name: string]: unknown
  readonly exports: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
}

/** What every command needs; all other dependencies belong to a queue, a ledger or a receiver, and whoever uses it installs them. */
const NEEDED = ['commander', 'lmdb', 'zod', 'hdr-histogram-js', 'uplot']
/** The fields that are taken over as they are. */
const KEPT = ['name', 'version', 'description', 'license', 'type', 'bin'] as const
const NODE = '>=22.18'

export function published(manifest: Manifest): Record<string, unknown> {
  const all = { ...manifest.dependencies, ...manifest.optionalDependencies }
  const isPeer = (name: string) => !NEEDED.includes(name) && Object.hasOwn(manifest.dependencies, name)
  const pick = (wanted: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => wanted(name)))
  const peers = pick(isPeer)
  return {
    ...Object.fromEntries(KEPT.map((name) => [name, manifest[name]])),
    engines: { node: NODE },
    exports: Object.fromEntries(Object.entries(manifest.exports).map(([name, file]) => [name, built(file)])),
    types: './dist/index.d.ts',
    // What the README and the help of commands send their readers to is there too.
    files: ['bin', 'dist', 'docs', 'examples', 'CHANGELOG.md', 'SECURITY.md'],
    dependencies: pick((name) => NEEDED.includes(name)),
    peerDependencies: peers,
    peerDependenciesMeta: Object.fromEntries(Object.keys(peers).map((name) => [name, { optional: true }])),
  }
}

/** './queues/*.ts' → its JavaScript with its types. */
function built(file: string): string | { readonly types: string; readonly default: string } {
  if (!file.endsWith('.ts')) return file
  const path = `./dist/${file.slice(2, -3)}`
  return { types: `${path}.d.ts`, default: `${path}.js` }
}
