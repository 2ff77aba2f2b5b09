import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

export const BIN = resolve(import.meta.dirname, '../../bin')
/** What bin/floodmark.js looks for where these tests run. */
const PACKAGE = `node-${process.platform}-${process.arch}`
const BUNDLED = `node_modules/${PACKAGE}/bin/node`

interface Clone {
  /** Text of the file that stands for the command line. */
  readonly main?: string
  readonly installed?: boolean
  /** Whether the optional package with a newer Node is there, one for another C library, which does not start, or none for this platform. */
  readonly bundled?: boolean | 'broken' | 'unheard of'
  /** The version that the Node that is called says it has; unset: its own. */
  readonly version?: string
}

/** A clone of floodmark with nothing but its launcher and a main file of the test's own. */
export function clone({ main = '', installed = true, bundled = false, version }: Clone) {
  const root = mkdtempSync(join(tmpdir(), 'floodmark-bin-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  cpSync(BIN, join(root, 'bin'), { recursive: true })
  const files: Record<string, string> = {
    'package.json': JSON.stringify({
      type: 'module',
      dependencies: { shipped: '1.0.0' },
      devDependencies: { developing: '1.0.0' },
      optionalDependencies: { '@scope/optional': '1.0.0', ...(bundled !== 'unheard of' && { [PACKAGE]: '26.0.0' }) },
    }),
    'src/runner/cli/main.ts': main,
    'test/lint.ts': "console.log('lint', ...process.argv.slice(2))",
    'old.cjs': `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`,
  }
  if (bundled === 'broken') files[BUNDLED] = '#!/no/such/loader\n'
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text, { mode: 0o755 })
  }
  if (installed) mkdirSync(join(root, 'node_modules'), { recursive: true })
  if (bundled === true) {
    mkdirSync(dirname(join(root, BUNDLED)), { recursive: true })
    symlinkSync(process.execPath, join(root, BUNDLED))
  }
  const old = version === undefined ? [] : ['-r', join(root, 'old.cjs')]
  return { root, start: (...args: string[]) => start([...old, join(root, 'bin/floodmark.js'), ...args]) }
}

/** In a process group of its own, as a shell starts a command. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  let out = ''
  let err = ''
  const said = new Set<() => void>()
  child.stdout.on('data', (data) => {
    out += data
    for (const look of said) look()
  })
  child.stderr.on('data', (data) => {
    err += data
  })
  return {
    child,
    /** Resolves when the output has the text. */
    until: (text: string) =>
      new Promise<void>((done) => {
        const look = () => out.includes(text) && done()
        said.add(look)
        look()
      }),
    ended: once(child, 'close').then(([code, signal]) => ({ code, signal, out, err })),
  }
}
