import { spawnSync } from 'node:child_process'
import { developmentFile, ROOT } from './development.ts'

/** What `npm run lint` runs, one after the other; the first that fails ends it. */
const HELP = `npm run lint

Types, lint and the rules of the architecture, in about 20 s. It needs the development packages, which npm ci installs.
The three on their own:
  npx tsc -p tsconfig.json
  npx biome check .            (npx biome check --write . mends what can be mended)
  npm test test/tidy.test.ts
`
const STEPS = [
  ['typescript/bin/tsc', '-p', 'tsconfig.json'],
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

if (process.argv.includes('--help')) process.stdout.write(HELP)
else process.exitCode = lint()
