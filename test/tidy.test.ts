import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const PLUGINS = ['receivers', 'queues', 'ledgers', 'providers', 'scenarios'] as const
const LINES_MAX = 350
const FILES_MAX = 20

/** What ships. It knows nothing of measuring. */
const KIT = [
  'core/contracts',
  'core/base',
  'core/receiving',
  'core/handling',
  'core/processing',
  'core/dead-letters',
  'core/service',
]

/** Connections that queues, a ledger and the runner share. */
const CLIENTS = ['clients/redis', 'clients/kafka', 'clients/sqs', 'clients/postgres']

/** The rooms of src, and whom each may import beside itself. Nothing else is allowed; a new room gets its line here. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  'core/contracts': [],
  'core/base': ['core/contracts'],
  'core/receiving': ['core/contracts', 'core/base'],
  'core/handling': ['core/contracts', 'core/base'],
  'core/processing': ['core/contracts', 'core/base', 'core/handling'],
  'core/dead-letters': ['core/contracts', 'core/base'],
  'core/service': KIT,
  'clients/redis': ['core/contracts', 'core/base'],
  'clients/kafka': ['core/contracts', 'core/base'],
  'clients/sqs': ['core/contracts', 'core/base'],
  'clients/postgres': ['core/contracts', 'core/base'],
  'runner/faults': KIT,
  'runner/scenario': [...KIT, ...PLUGINS, 'runner/faults'],
  'runner/plan': [...KIT, 'runner/faults', 'runner/scenario'],
  'runner/records': [...KIT, 'runner/faults', 'runner/scenario', 'runner/plan'],
  'runner/processes': KIT,
  'runner/servers': [...KIT, ...CLIENTS],
  'runner/machine': ['core/contracts', 'runner/records', 'runner/processes'],
  'runner/load': [...KIT, 'runner/scenario', 'runner/plan', 'runner/records', 'runner/processes'],
  'runner/testbed': [
    ...KIT,
    'runner/faults',
    'runner/scenario',
    'runner/plan',
    'runner/records',
    'runner/processes',
    'runner/servers',
  ],
  'runner/report': [...KIT, 'runner/faults', 'runner/scenario', 'runner/plan', 'runner/records'],
  'runner/search': [...KIT, 'runner/plan', 'runner/records', 'runner/report'],
  'runner/compare': [...KIT, 'runner/faults', 'runner/plan', 'runner/records', 'runner/report', 'runner/search'],
  'runner/render': [
    ...KIT,
    'runner/faults',
    'runner/scenario',
    'runner/report',
    'runner/search',
    'runner/compare',
    'runner/history',
    'runner/scaling',
  ],
  'runner/target': [...KIT, 'runner/scenario', 'runner/plan', 'runner/records'],
  'runner/run': [
    ...KIT,
    'runner/faults',
    'runner/scenario',
    'runner/plan',
    'runner/records',
    'runner/processes',
    'runner/load',
    'runner/machine',
    'runner/testbed',
    'runner/target',
  ],
  'runner/simulation': [
    ...KIT,
    ...PLUGINS,
    'runner/faults',
    'runner/scenario',
    'runner/plan',
    'runner/records',
    'runner/load',
    'runner/testbed',
    'runner/report',
  ],
  'runner/ceiling': [
    ...KIT,
    'scenarios',
    'runner/scenario',
    'runner/plan',
    'runner/records',
    'runner/servers',
    'runner/report',
    'runner/search',
    'runner/run',
  ],
  'runner/turns': [
    ...KIT,
    'scenarios',
    'runner/scenario',
    'runner/plan',
    'runner/records',
    'runner/report',
    'runner/search',
    'runner/compare',
    'runner/run',
    'runner/ceiling',
  ],
  'runner/history': [...KIT, 'runner/scenario', 'runner/report', 'runner/search', 'runner/compare'],
  'product/config': [...KIT, 'runner/scenario', 'runner/plan'],
  'product/check': [...KIT, 'product/config', 'product/service'],
  'product/init': [...KIT, 'product/config'],
  'product/testing': [...KIT, 'providers', 'queues', 'ledgers'],
  'product/service': [...KIT, 'runner/scenario', 'runner/processes', 'product/config'],
  'runner/calibration': [
    ...KIT,
    'runner/plan',
    'runner/records',
    'runner/processes',
    'runner/report',
    'runner/run',
    'runner/search',
    'runner/ceiling',
  ],
  'runner/scaling': [
    ...KIT,
    'runner/plan',
    'runner/records',
    'runner/report',
    'runner/run',
    'runner/search',
    'runner/ceiling',
  ],
  'runner/k6': [
    ...KIT,
    'runner/scenario',
    'runner/plan',
    'runner/records',
    'runner/processes',
    'runner/target',
    'runner/run',
  ],
  'runner/live': [...KIT, 'runner/faults', 'runner/plan', 'runner/records', 'runner/processes', 'runner/render'],
  'runner/recording': [...KIT, 'runner/scenario', 'runner/plan'],
  'runner/cli': [
    ...KIT,
    'runner/scenario',
    'runner/plan',
    'runner/records',
    'runner/processes',
    'runner/servers',
    'runner/report',
    'runner/render',
    'runner/run',
    'runner/search',
    'runner/ceiling',
    'runner/machine',
    'runner/compare',
    'runner/turns',
    'runner/history',
    'runner/live',
    'runner/simulation',
    'runner/calibration',
    'runner/scaling',
    'runner/k6',
    'runner/recording',
    'product/config',
    'product/check',
    'product/init',
    'product/service',
  ],
}
/** Functions of what they are given: they read no file and open no connection. */
const PURE = ['runner/plan', 'runner/report', 'runner/search', 'runner/compare']
/** What a plug-in may import beside `core/contracts`, `core/base` and its own parts. */
const PLUGIN_MAY: Readonly<Record<(typeof PLUGINS)[number], RegExp>> = {
  receivers: /^src\/core\/receiving\//,
  queues: /^src\/core\/processing\/(dispatcher|lanes)\.ts$|^src\/clients\//,
  ledgers: /^src\/core\/processing\/(claims|marks|writes)\.ts$|^src\/clients\//,
  providers: /^src\/core\/receiving\/|^providers\/samples\//,
  scenarios: /^src\/runner\/scenario\/scenario\.ts$/,
}
/** What a client's room may import beside the contracts: the library that speaks to its server. */
const CLIENT_LIBRARY: Readonly<Record<string, RegExp>> = {
  'clients/redis': /^ioredis$/,
  'clients/kafka': /^@platformatic\/kafka$/,
  'clients/sqs': /^@aws-sdk\/client-sqs$/,
  'clients/postgres': /^pg$/,
}
/** A folder for what some of a kind share, as the drivers of one kind of server. Only they import it. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  'queues/redis/': ['redis-streams', 'bullmq'],
  'queues/kafka-shared/': ['kafka', 'kafkajs'],
  'queues/sqs-shared/': ['sqs', 'sqs-fifo'],
  'scenarios/shared/': readdirSync(join(root, 'scenarios')).map((name) => name.replace('.ts', '')),
}

function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js|css)$/.test(name))
    .map((name) => join(folder, name))
}
const product = ['src', ...PLUGINS].flatMap(filesIn)
const text = (file: string) => readFileSync(join(root, file), 'utf8')
const importsOf = (file: string) =>
  [...text(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, to]) =>
    to!.startsWith('.') ? relative(root, resolve(root, dirname(file), to!)) : to!,
  )
const imports = new Map(product.map((file) => [file, importsOf(file)]))
/** The room of a file of src, or the folder of a plug-in. */
const roomOf = (file: string) => /^src\/([^/]+\/[^/]+)\//.exec(file)?.[1] ?? file.split('/')[0]!

/** The files of one circle of imports, types included; undefined when there is none. */
function circle(): string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []
  function visit(file: string): string[] | undefined {
    if (done.has(file)) return undefined
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    path.push(file)
    for (const to of imports.get(file) ?? []) {
      const found = visit(to)
      if (found) return found
    }
    path.pop()
    done.add(file)
    return undefined
  }
  for (const file of imports.keys()) {
    const found = visit(file)
    if (found) return found
  }
  return undefined
}

describe('the architecture', () => {
  it('every room of src imports only the rooms that the table names', () => {
    const wrong: string[] = []
    for (const file of filesIn('src')) {
      const room = roomOf(file)
      const may = MAY[room]
      expect(may, `${file}: the room ${room} is not in the table of test/tidy.test.ts`).toBeDefined()
      for (const to of imports.get(file)!.filter((one) => product.includes(one))) {
        if (roomOf(to) !== room && !may!.includes(roomOf(to))) wrong.push(`${file} → ${to}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('what ships imports nothing but node and itself; dead letters read from files are checked by zod', () => {
    for (const file of filesIn('src/core')) {
      const may = roomOf(file) === 'core/dead-letters' ? / → (node:|src\/core\/|zod$)/ : / → (node:|src\/core\/)/
      for (const to of imports.get(file)!) expect(`${file} → ${to}`).toMatch(may)
    }
  })

  it('a client of a server imports nothing but node, the contracts and its own library', () => {
    for (const file of filesIn('src/clients')) {
      for (const to of imports.get(file)!) {
        if (!/^(node:|src\/)/.test(to)) expect(to, file).toMatch(CLIENT_LIBRARY[roomOf(file)]!)
      }
    }
  })

  it('receivers, queues, ledgers, providers and scenarios know the contracts and their own parts, not each other', () => {
    const wrong: string[] = []
    for (const kind of PLUGINS) {
      for (const file of filesIn(kind)) {
        const own = file.split('/')[1]!.replace('.ts', '')
        for (const to of imports.get(file)!.filter((one) => product.includes(one))) {
          const allowed =
            /^src\/core\/(contracts|base)\//.test(to) ||
            PLUGIN_MAY[kind].test(to) ||
            own === 'index' ||
            to.startsWith(`${kind}/${own}/`) ||
            Object.entries(SHARED).some(
              ([folder, users]) => to.startsWith(folder) && (file.startsWith(folder) || users.includes(own)),
            )
          if (!allowed) wrong.push(`${file} → ${to}`)
        }
      }
    }
    expect(wrong).toEqual([])
  })

  it('pure rooms read no file and open no connection', () => {
    for (const file of PURE.flatMap((room) => filesIn(`src/${room}`))) {
      for (const to of imports.get(file)!)
        expect(`${file} → ${to}`).not.toMatch(/ → node:(fs|net|http|https|tls|dgram)/)
    }
  })

  it('a report loads no code but its own: of the scenario room it takes types and constants alone', () => {
    for (const file of filesIn('src/runner/report')) {
      expect(/\bimport\s*\(/.test(text(file)), file).toBe(false)
      const taken = imports.get(file)!.filter((to) => to.startsWith('src/runner/scenario/'))
      expect(
        taken.every((to) => to === 'src/runner/scenario/scenario.ts'),
        `${file} → ${taken}`,
      ).toBe(true)
    }
  })

  it('no imports go in a circle, types included', () => {
    expect(circle()).toBeUndefined()
  })

  it('every implementation is in the map of its folder', () => {
    for (const kind of PLUGINS) {
      for (const file of readdirSync(join(root, kind)).filter((name) => name.endsWith('.ts') && name !== 'index.ts')) {
        expect(text(join(kind, 'index.ts')), `${kind}/${file}`).toContain(`import('./${file}')`)
      }
    }
  })

  it('no folder has too many files, no file is too long, and none has leftovers', () => {
    const folders = Map.groupBy(product, dirname)
    for (const [folder, files] of folders) {
      expect(files.length, `${folder} has ${files.length} files`).toBeLessThanOrEqual(FILES_MAX)
    }
    for (const file of product) {
      expect(text(file).split('\n').length, file).toBeLessThanOrEqual(LINES_MAX)
      expect(/\bTODO\b|\bFIXME\b|console\.log|debugger|@ts-ignore/.test(text(file)), file).toBe(false)
    }
  })

  it('a file that a process or a thread runs is named by ownFile, so that the package finds its JavaScript', () => {
    for (const file of product) expect(text(file), file).not.toMatch(/new URL\((['`])[^'`]*\.ts\1/)
  })

  it('a type name stands for one thing', () => {
    const places = new Map<string, string[]>()
    for (const file of product) {
      for (const [, name] of text(file).matchAll(/^(?:export )?(?:abstract )?(?:interface|class|type) ([A-Z]\w*)/gm)) {
        places.set(name!, [...(places.get(name!) ?? []), file])
      }
    }
    expect([...places].filter(([, files]) => files.length > 1)).toEqual([])
  })

  it('the tests of a room lie in a folder of its name', () => {
    for (const wing of ['core', 'clients', 'product', 'runner']) {
      for (const entry of readdirSync(join(root, 'test', wing), { withFileTypes: true })) {
        if (!entry.isDirectory()) continue
        expect(existsSync(join(root, 'src', wing, entry.name)), `test/${wing}/${entry.name} has no room`).toBe(true)
      }
      const flat = readdirSync(join(root, 'test', wing)).filter((name) => name.endsWith('.test.ts'))
      expect(flat, `test/${wing}`).toEqual([])
    }
  })

  it('no test is skipped without a reason: by the tag full, by needing() of test/needs.ts, or by skip() with the reason', () => {
    const silent =
      /\b(it|test|describe|suite)\.(skip|skipIf|runIf|only|todo)\b|\bcontext\.skip\(\)|env\.(REQUIRE_BROKERS|FULL)\b/
    const own = ['test/needs.ts', 'test/tidy.test.ts']
    const files = filesIn('test').filter((file) => !file.includes('/node_modules/') && !own.includes(file))
    for (const file of files) expect(silent.exec(text(file))?.[0], file).toBeUndefined()
  })
})
