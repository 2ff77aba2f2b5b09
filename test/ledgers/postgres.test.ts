import postgres from '../../ledgers/postgres.ts'
import { type LedgerUnderTest, ledgerContract } from '../contract/ledger.ts'
import { ledgerCopiesContract } from '../contract/ledger-copies.ts'
import { ledgerLostTriesContract } from '../contract/ledger-lost-tries.ts'
import { ledgerMarksContract } from '../contract/ledger-marks.ts'
import { describeWithServer } from '../servers.ts'

let namespaces = 0

// What the contract says does not depend on when the log is synced.
describeWithServer(
  'postgres',
  (server) => {
    const make = async (): Promise<LedgerUnderTest> => {
      const namespace = `n${namespaces++}`
      const open: LedgerUnderTest['open'] = (options) => postgres.open({ url: server().url, namespace, ...options })
      return { open, openAfterDeath: open }
    }
    ledgerContract('postgres', make)
    ledgerMarksContract('postgres', make)
    ledgerLostTriesContract('postgres', make)
    ledgerCopiesContract('postgres', make)
  },
  { fsync: 'everysec' },
)
