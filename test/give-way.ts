import { constants, setPriority } from 'node:os'

/**
 * For a file that only computes: it takes what whole runs beside it leave of the cores, so that their senders are on time. Threads and
 * processes that it starts from now on do the same.
 */
export function giveWay(): void {
  setPriority(constants.priority.PRIORITY_LOW)
}
