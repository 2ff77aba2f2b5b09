import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { needing } from '../needs.ts'
import { moments } from './trace.ts'
import { whyNoStrace } from './traced-service.ts'

/** What a power cut, or a file system without locks, would find out about the folders of queue and ledger. */

const root = mkdtempSync(join(tmpdir(), 'floodmark-folders-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Opens a driver's folder in a process under strace; what it said, and what was traced. */
function opened(file: string, namespace: string, options: readonly string[]) {
  const output = join(root, 'trace')
  const program = `
    const { default: driver } = await import('${new URL(`../../${file}`, import.meta.url).href}')
    await driver.open({ url: '${root}', namespace: '${namespace}' }).then(
      () => process.stdout.write('open'),
      (error) => process.stdout.write(error.code + ': ' + error.message),
    )
    process.kill(process.pid, 'SIGKILL')`
  const args = [
    '-f',
    '-yy',
    '-s',
    '200',
    '-o',
    output,
    ...options,
    process.execPath,
    '--input-type=module',
    '-e',
    program,
  ]
  const { stdout } = spawnSync('strace', args, { encoding: 'utf8' })
  return { said: stdout, trace: readFileSync(output, 'utf8') }
}

describe('a folder, seen from the kernel', needing(whyNoStrace()), () => {
  it.each([
    ['ledgers/lmdb.ts', 'ledger.mdb'],
    ['queues/embedded.ts', 'bounds'],
  ])('of %s has the names of its new files on disk once it is open', (file, name) => {
    const { said, trace } = opened(file, 'new', ['-e', 'trace=pwrite64,write,ftruncate,fsync,rename'])
    expect(said).toBe('open')
    const folder = join(root, 'new')
    const all = [...moments(trace)]
    const isOf = (target: string) => target === join(folder, name) || target === join(folder, `${name}.new`)
    const written = all.findIndex(({ target }) => isOf(target))
    const synced = all.findLastIndex(
      ({ call, target, result }) => call === 'fsync' && target === folder && result === '0',
    )
    expect(written).toBeGreaterThanOrEqual(0)
    expect(synced).toBeGreaterThan(written)
  })

  it.each(['ENOLCK', 'EIO', 'EOPNOTSUPP'])('is refused where the file system answers a lock with %s', (error) => {
    const path = join(root, error.toLowerCase(), 'lock')
    const options = ['-P', path, '-e', 'trace=fcntl', '-e', `inject=fcntl:error=${error}`]
    expect(opened('ledgers/lmdb.ts', error.toLowerCase(), options).said).toMatch(/^unavailable: .* keeps no locks/)
  })
})
