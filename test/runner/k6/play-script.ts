import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Runs an exported script so many times without k6, and prints the requests that it made. */
const [script, times] = process.argv.slice(2)
const modules = new URL('./k6-modules.ts', import.meta.url).href
registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith('k6/') ? { url: modules, shortCircuit: true } : next(specifier, context),
})
Object.assign(globalThis, { __ENV: process.env, open: (url: string) => readFileSync(fileURLToPath(url), 'utf8') })
const { default: send } = await import(pathToFileURL(script!).href)
for (let time = 0; time < Number(times); time++) send()
const { posted } = await import(modules)
process.stdout.write(JSON.stringify(posted))
