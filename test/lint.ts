import { spawnSync } from 'node:child_process'
import { developmentFile, ROOT } from './development.ts'

/** What `npm run lint` runs, one after the other; the first that fails ends it. */
const HELP = `npm run lint

Types, lint and the rules of the architecture, in about 20 s. It needs the development packages, which npm ci installs.
Each on its own:
  npx tsc -p tsconfig.json
  npx tsc -p build/tsconfig.json --noEmit    (what npm pack builds)
  npx biome check .            (npx biome check --write . mends what can be mended)
  npm test test/tidy.test.ts
`
const STEPS = [
  ['typescript/bin/tsc', '-p', 'tsconfig.json'],
  ['typescript/bin/tsc', '-p', 'build/tsconfig.json', '--noEmit'],
  ['@biomejs/biome/bin/biome', 'check', '.'],
  ['vitest/vitest.mjs', 'run', 'test/tidy.test.ts'],
] as const

function lint(): number {
  for (const [file, ...args] of STEPS) {
    const step = spawnSync(process.execPath, [developmentFile(file), ...args], { cwd: ROOT, stdio: 'inherit' })
    if (step.status !== 0) return step.status ?? 1
  }
  return 0
}

const [word] = process.argv.slice(2)
if (word === undefined) process.exitCode = lint()
else if (word === '--help') process.stdout.write(HELP)
else {
  process.stderr.write(`floodmark: lint takes no arguments, and '${word}' is one. See npm run lint -- --help\n`)
  process.exitCode = 2
}
