import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { ledgers } from '../../ledgers/index.ts'
import { type LedgerUnderTest, ledgerContract } from '../contract/ledger.ts'
import { ledgerMarksContract } from '../contract/ledger-marks.ts'

const folder = mkdtempSync(join(tmpdir(), 'floodmark-ledgers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let namespaces = 0

// A ledger on a server has its own test file.
for (const [name, load] of Object.entries(ledgers).filter(([name]) => name !== 'redis')) {
  const make = async (): Promise<LedgerUnderTest> => {
    const { default: driver } = await load()
    const namespace = `n${namespaces++}`
    return { open: (options) => driver.open({ url: folder, namespace, ...options }) }
  }
  ledgerContract(name, make)
  ledgerMarksContract(name, make)
}
