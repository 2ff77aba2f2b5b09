import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What `npm run reference` runs: the reference of everything that `import … from 'floodmark'` gives, as pages in reference/. */
const HELP = `npm run reference

Writes reference/index.html: every type and function of 'floodmark' and 'floodmark/testing', with what its source says of it. It
installs typedoc once, beside build/reference/package.json.
`
const HERE = join(import.meta.dirname, 'reference')

function reference(): number {
  if (!existsSync(join(HERE, 'node_modules'))) {
    // npm is a shell script on Windows, which only a shell starts.
    const installed = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: HERE, stdio: 'inherit', shell: true })
    if (installed.status !== 0) return installed.status ?? 1
  }
  const typedoc = join(HERE, 'node_modules/typedoc/bin/typedoc')
  const options = ['--options', join(HERE, 'typedoc.json')]
  return spawnSync(process.execPath, [typedoc, ...options], { cwd: HERE, stdio: 'inherit' }).status ?? 1
}

const [word] = process.argv.slice(2)
if (word === undefined) process.exitCode = reference()
else if (word === '--help') process.stdout.write(HELP)
else {
  process.stderr.write(
    `floodmark: reference takes no arguments, and '${word}' is one. See npm run reference -- --help\n`,
  )
  process.exitCode = 2
}
