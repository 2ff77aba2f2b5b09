import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import github from '../../../providers/github.ts'
import type { Incoming } from '../../../src/core/contracts/incoming.ts'
import { ceilingsSchema } from '../../../src/runner/compare/ceilings-schema.ts'
import { comparisonSchema } from '../../../src/runner/compare/comparison-schema.ts'
import { needing } from '../../needs.ts'
import { floodmark, runsFolder, start } from '../floodmark.ts'

const SECRET = 'a-secret-of-the-test-0123456789'
const { root, reportOf } = runsFolder()
const servers: Server[] = []
afterAll(() => {
  for (const server of servers) server.close()
})

const EASY = ['--provider', 'github', '--rate', '100', '--duration', '1', '--p99', '300000']

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Answers what `take` says of each body. */
function receiver(take: (id: string, body: Buffer, request: Incoming) => number): RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const raw = Buffer.concat(chunks)
      const header = (name: string) => request.headers[name] as string | undefined
      const incoming = { url: request.url!, raw, receivedAtMs: Date.now(), header }
      response.writeHead(take(header('x-github-delivery')!, raw, incoming)).end('taken')
    })
  }
}

function openssl(): string | undefined {
  try {
    execFileSync('openssl', ['version'])
    return undefined
  } catch {
    return 'openssl makes the certificate: apt-get install openssl'
  }
}

describe('a server that is not ours', () => {
  it.concurrent('that tells nothing is judged by what is seen from outside, and no check of effects is passed', async () => {
    const port = await listening(createServer(receiver(() => 200)))
    const out = join(root, 'black-box')
    const {
      code,
      out: said,
      err,
    } = await floodmark(
      ...['scenario', 'steady', '--target', `http://127.0.0.1:${port}/hooks/{provider}?token=hidden`],
      ...['--out', out, ...EASY],
    )
    // 5: the machine was too busy to send as planned, which says nothing of what is known.
    expect([0, 5], said + err).toContain(code)
    expect(err).toContain(`host 127.0.0.1:${port}`)
    expect(said).toContain('What became of accepted events is not known')
    const { checks, audit, target, durability, settings } = reportOf('black-box')
    expect(target).toEqual({ address: settings.target, followed: false })
    expect(readFileSync(join(out, 'run.json'), 'utf8')).not.toContain('hidden')
    expect(durability).toBeUndefined()
    expect(audit.unfollowed).toBe(audit.planned)
    const ids = checks.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining(['generator-rate', 'refused', 'accept-p99', 'journals-whole']))
    for (const unknown of [
      'lost',
      'altered',
      'double-effects',
      'effects-never-sent',
      'differing-copies',
      'out-of-order',
    ]) {
      expect(ids).not.toContain(unknown)
    }
    for (const unknown of [
      'dead-letters-misjudged',
      'process-deaths',
      'drained',
      'power-loss-shown',
      'looked-long-enough',
    ]) {
      expect(ids).not.toContain(unknown)
    }
  })

  it.concurrent('has lost nothing where nobody waited for its effects to the end', async () => {
    const port = await listening(createServer(receiver(() => 200)))
    let asked = 0
    const telling = createServer((_, response) => {
      response.end()
      // The first time is before anything is sent.
      if (++asked === 2) child.kill('SIGTERM')
    })
    const effects = `http://127.0.0.1:${await listening(telling)}/`
    const where = ['--target', `http://127.0.0.1:${port}/`, '--effects', effects, '--out', join(root, 'unwaited')]
    const { child, ended } = start('scenario', 'steady', ...where, ...EASY)
    const { code, out, err } = await ended
    expect(code, out + err).toBe(130)
    const { interrupted, verdict, checks } = reportOf('unwaited')
    expect(interrupted).toBe(true)
    // INVALID: the machine was too busy to send as planned.
    expect(['INDETERMINATE', 'INVALID']).toContain(verdict)
    expect(checks.find(({ id }) => id === 'lost')?.ok).toBe(null)
  })

  it.concurrent('can be searched for its ceiling, trial by trial', async () => {
    const port = await listening(createServer(receiver(() => 200)))
    const { code, out, err } = await floodmark(
      ...[
        'ceiling',
        '--target',
        `http://127.0.0.1:${port}/`,
        '--provider',
        'github',
        '--trial',
        '2s',
        '--budget',
        '20s',
      ],
      ...['--max-rate', '60', '--p99', '300000', '--out', join(root, 'ceiling')],
    )
    // 4 and 5: the time was over, or the machine was busy.
    expect([0, 4, 5], out + err).toContain(code)
    expect(out).toContain('saturation')
    expect(err).toContain('at most 60/s, in trials of 2.0 s and soaks of 10.0 s, for 20.0 s in all')
    expect(readFileSync(join(root, 'ceiling', 'ceiling.json'), 'utf8')).toContain('"donePerS"')
  })

  it.concurrent('is compared with another in turns, and neither is killed nor said to survive anything', {
    tags: 'full',
  }, async () => {
    const [one, other] = await Promise.all(
      [receiver(() => 200), receiver(() => 200)].map((take) => listening(createServer(take))),
    )
    const both = [one, other].map((port) => `http://127.0.0.1:${port}/{provider}`)
    const words = ['--vary', `target=${both.join(',')}`, '--provider', 'github', '--p99', '300000', '--force']
    const out = join(root, 'targets')
    const runs = ['steady', '--rate', '100', '--duration', '1', '--rounds', '1']
    const compared = await floodmark('compare', ...runs, ...words, '--out', out)
    // One run of each is too few to rank.
    expect(compared.code, compared.out + compared.err).toBe(4)
    for (const port of [one, other]) expect(compared.err).toContain(`(host 127.0.0.1:${port}): at most`)
    const { turns, scenarios, command } = comparisonSchema.parse(
      JSON.parse(readFileSync(join(out, 'compare.json'), 'utf8')),
    )
    expect(turns.map(({ scenario, stack }) => [scenario, stack])).toEqual(both.map((stack) => ['steady', stack]))
    // Both servers run on this machine. The CPU that they use disturbs nothing.
    for (const { machine } of turns) expect(machine.othersCores).toBeNull()
    expect(scenarios[0]!.classes).toHaveLength(1)
    expect(command).toContain(`--vary 'target=${both.join(',')}'`)
    expect(compared.out).toContain('What a 2xx survives is not known')

    const trials = ['--trial', '2s', '--budget', '20s', '--max-rate', '60']
    const ceilings = await floodmark(
      'compare',
      '--ceiling',
      ...trials,
      ...words,
      '--out',
      join(root, 'target-ceilings'),
    )
    expect([0, 4], ceilings.out + ceilings.err).toContain(ceilings.code)
    expect(ceilings.err).toContain('at most 60/s, in trials of 2.0 s and soaks of 10.0 s, for 20.0 s in all')
    const found = ceilingsSchema.parse(JSON.parse(readFileSync(join(root, 'target-ceilings', 'compare.json'), 'utf8')))
    expect(found.classes.flatMap(({ rows }) => rows.map(({ stack }) => stack)).toSorted()).toEqual(both.toSorted())
    expect(ceilings.out).toContain('What a 2xx survives is not known')
  })

  it.concurrent('that refuses fails the run, and one that is not there is said in one line', async () => {
    const port = await listening(createServer(receiver(() => 401)))
    const refused = floodmark(
      'scenario',
      'steady',
      '--target',
      `http://127.0.0.1:${port}/`,
      '--out',
      join(root, 'refusing'),
      ...EASY,
    )
    const absent = floodmark(
      'scenario',
      'steady',
      '--target',
      'http://127.0.0.1:9/',
      '--out',
      join(root, 'absent'),
      ...EASY,
    )
    expect([1, 5]).toContain((await refused).code)
    const { checks, audit } = reportOf('refusing')
    expect(checks.find(({ id }) => id === 'refused')?.ok).toBe(false)
    expect(audit.refused).toBe(audit.planned)
    const { code, err } = await absent
    expect(code).toBe(3)
    expect(err).toContain('cannot reach http://127.0.0.1:9/')
  })
})

describe('a server behind TLS that tells its effects', needing(openssl()), () => {
  beforeAll(() => {
    mkdirSync(root, { recursive: true })
    const [key, cert] = [join(root, 'key.pem'), join(root, 'cert.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2', '-nodes']
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    process.env.NODE_EXTRA_CA_CERTS = cert
    process.env.FLOODMARK_SECRET_GITHUB = SECRET
  })

  it('is audited: one that was lost, one that took effect twice and one that was altered are found', async () => {
    const lines: string[] = []
    const secret = github.secret(SECRET)
    const take = receiver((id, body, request) => {
      github.verify(request, [secret])
      const digest = createHash('sha256').update(body).digest('hex')
      const line = `${id} ${digest} ${Date.now()}`
      if (id.endsWith('-10')) return 200
      if (id.endsWith('-20')) lines.push(line)
      lines.push(id.endsWith('-30') ? line.replace(digest, digest.replaceAll(/[0-7]/g, '8')) : line)
      return 200
    })
    const tls = { key: readFileSync(join(root, 'key.pem')), cert: readFileSync(join(root, 'cert.pem')) }
    const port = await listening(createSecureServer(tls, take))
    const telling = await listening(createServer((_, response) => response.end(lines.join('\n'))))
    const scenario = join(root, 'scenario.ts')
    const steady = new URL('../../../scenarios/steady.ts', import.meta.url).pathname
    writeFileSync(
      scenario,
      `import steady from '${steady}'\nexport default { ...steady, passes: { ...steady.passes, drainMs: 1500 } }\n`,
    )
    const { code, out, err } = await floodmark(
      ...['scenario', scenario, '--target', `https://localhost:${port}/hooks`],
      ...['--effects', `http://127.0.0.1:${telling}/effects`, '--out', join(root, 'told'), ...EASY],
    )
    expect(code, out + err).toBe(1)
    const { audit, checks, target, cards } = reportOf('told')
    expect(target?.followed).toBe(true)
    expect(audit).toMatchObject({
      lost: 1,
      duplicateEffects: 1,
      altered: 1,
      alteredFields: { body: 1 },
      refused: 0,
      unexpected: 0,
    })
    expect(audit.applied).toBe(audit.planned - 2)
    expect(cards.told?.unreadable).toBe(0)
    expect(checks.find(({ id }) => id === 'lost')?.ok).toBe(false)
  })
})
