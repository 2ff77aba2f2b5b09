import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { queues } from '../../../queues/index.ts'
import { knownKind, serverKinds } from '../../../src/runner/servers/kinds/index.ts'

const folder = resolve(import.meta.dirname, '../../../src/runner/servers/kinds')

describe('the kinds of servers', () => {
  it('are a file each, all in the map under their own names', () => {
    const files = readdirSync(folder).filter((file) =>
      readFileSync(join(folder, file), 'utf8').includes(': ServerKindDefinition = {'),
    )
    expect(files.map((file) => file.replace('.ts', '')).toSorted()).toEqual(Object.keys(serverKinds).toSorted())
    expect(Object.values(serverKinds).map(({ name }) => name)).toEqual(Object.keys(serverKinds))
  })

  it.each(Object.values(serverKinds))('take the URLs that they show as an example, and their own: $name', (kind) => {
    const { urlLike, scheme, defaultPort } = kind
    expect(urlLike.example).toMatch(urlLike.pattern)
    expect(`${scheme}://127.0.0.1:${defaultPort ?? 9093}`).toMatch(urlLike.pattern)
  })

  it('include every one that a queue of ours needs', async () => {
    for (const load of Object.values(queues)) {
      const { server } = (await load()).default
      if (server !== undefined) expect(knownKind(server)?.name).toBe(server)
    }
  })

  it('are not found by a name that every object has', () => {
    expect(knownKind('constructor')).toBeUndefined()
  })
})
