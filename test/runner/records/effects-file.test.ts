import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, expect, it } from 'vitest'
import type { Ledger } from '../../../src/core/contracts/ledger.ts'
import { EFFECTS, encodeEffect, exportEffects } from '../../../src/runner/records/effects-file.ts'
import { needing } from '../../needs.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-effects-'))
afterAll(() => rmSync(folder, { recursive: true }))
const windows = process.platform === 'win32' ? 'there is no mkfifo' : undefined

const content = { body: Buffer.alloc(8), id: 0, key: 0, type: 0, source: 0, headers: 0 }
const effect = encodeEffect({ seq: 0, atMs: 0, receivedMs: 0, content })

it(
  'effects that cannot be written are told of, also while the ledger is asked for more',
  needing(windows),
  async () => {
    const effects = join(folder, 'effects.bin')
    execFileSync('mkfifo', [effects])
    const reader = openSync(effects, 'r+')
    const ledger: Pick<Ledger, 'items' | 'buried'> = {
      async *items() {
        // Nobody reads it any more: every write fails.
        closeSync(reader)
        // Fewer than the file's stream holds back.
        for (let given = 0; given < 100; given++) {
          yield [`${EFFECTS}a`, effect]
          await wait(1)
        }
      },
      async *buried() {
        yield* []
      },
    }
    const run = { runId: 'run', startAtMs: 0, timedHeaders: {} }
    const exported = exportEffects(ledger as Ledger, run, { effects, buried: join(folder, 'buried.ndjson') })
    await expect(exported).rejects.toMatchObject({ code: 'EPIPE' })
  },
)
