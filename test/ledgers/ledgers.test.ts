import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { ledgers } from '../../ledgers/index.ts'
import type { VirtualClock } from '../../src/core/contracts/clock.ts'
import { type LedgerUnderTest, ledgerContract } from '../contract/ledger.ts'
import { ledgerCopiesContract } from '../contract/ledger-copies.ts'
import { ledgerLostTriesContract } from '../contract/ledger-lost-tries.ts'
import { ledgerMarksContract } from '../contract/ledger-marks.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-ledgers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let namespaces = 0

// A ledger on a server has its own test file.
for (const [name, load] of Object.entries(ledgers).filter(([name]) => !['redis', 'postgres'].includes(name))) {
  const make = async (): Promise<LedgerUnderTest> => {
    const { default: driver } = await load()
    const namespace = `n${namespaces++}`
    const open: LedgerUnderTest['open'] = (options) => driver.open({ url: folder, namespace, ...options })
    if (name !== 'lmdb') return { open }
    // A copy of what is there while the ledger is open.
    const openAfterDeath = (options: { clock: VirtualClock }) => {
      const copy = `${namespace}-copy`
      cpSync(join(folder, namespace), join(folder, copy), { recursive: true })
      return driver.open({ url: folder, namespace: copy, ...options })
    }
    return { open, openAfterDeath }
  }
  ledgerContract(name, make)
  ledgerMarksContract(name, make)
  ledgerLostTriesContract(name, make)
  ledgerCopiesContract(name, make)
}
