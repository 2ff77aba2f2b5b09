import type { Command } from 'commander'
import { defineService } from './run-service.ts'

/** The command `node`: receiver and processor in one process, the only way for a queue that belongs to one. */
export function define(command: Command): void {
  defineService(command, 'node', '  npm run node\n  npm run node -- --config ~/shop/floodmark.config.ts')
}
