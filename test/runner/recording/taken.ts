import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Provider } from '../../../src/core/contracts/provider.ts'
import { requestsIn } from '../../../src/runner/recording/input.ts'
import { insideOf } from '../../../src/runner/recording/inside.ts'
import { knownOf } from '../../../src/runner/recording/template.ts'

/** What a provider makes of each request of a file: its body and the type that the headers or the body name, or why not. */
export async function taken(provider: Provider, content: unknown): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'floodmark-taken-'))
  const path = join(folder, 'input')
  const found: string[] = []
  try {
    writeFileSync(path, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content))
    for await (const { taken: given } of requestsIn(path, () => {})) {
      const one = typeof given === 'string' ? given : (insideOf(provider, given) ?? given)
      if (typeof one === 'string') found.push(one)
      else found.push(`${knownOf(provider, one)?.type} ${Buffer.from(one.body)}`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return found
}
