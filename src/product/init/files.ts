import type { MeasuredStack } from './stack.ts'

export interface InitPlan extends MeasuredStack {
  readonly providers: readonly string[]
  readonly host: string
  readonly port: number
  /** The kinds of server that queue and ledger need the address of. */
  readonly servers: { readonly queue: string | undefined; readonly ledger: string | undefined }
  /** How the names of files end. */
  readonly extension: 'ts' | 'mts'
}

/** The environment variable that a route's secret is taken from. */
export function secretName(provider: string): string {
  const last = provider
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.[cm]?[jt]s$/, '')
  return `${last.replaceAll(/[^a-zA-Z0-9]+/g, '_').toUpperCase()}_WEBHOOK_SECRET`
}

/** That of the address of a server: one, where queue and ledger may lie on the same. */
function urlName(server: string): string {
  return server === 'postgres' ? 'DATABASE_URL' : `${server.toUpperCase()}_URL`
}

/** Every environment variable that the config reads. */
export function variablesOf({ providers, servers: { queue, ledger } }: InitPlan): string[] {
  const urls = [queue, ledger].flatMap((server) => (server === undefined ? [] : urlName(server)))
  return [...providers.map(secretName), ...new Set(urls)]
}

/** The config. */
export function configText(plan: InitPlan): string {
  const {
    receiver,
    queue,
    ledger,
    inFlightMax,
    publishDeadlineMs,
    processes,
    ceilingPerS,
    servers,
    host,
    port,
    extension,
  } = plan
  const store = (use: string, server: string | undefined) =>
    server === undefined ? quote(use) : `{ use: ${quote(use)}, url: { env: '${urlName(server)}' } }`
  const measured = [
    inFlightMax !== undefined && `  inFlightMax: ${inFlightMax},\n`,
    publishDeadlineMs !== undefined && `  publishDeadline: '${publishDeadlineMs}ms',\n`,
    processes !== undefined && processes > 1 && `  processes: ${processes},\n`,
    ceilingPerS !== undefined && `  ceilingPerS: ${ceilingPerS},\n`,
  ].filter((line) => line !== false)
  return `import { defineConfig } from 'floodmark'

export default defineConfig({
  routes: {
${plan.providers.map(routeText).join('\n')}
  },
  handlers: './handlers.${extension}',
  receiver: ${quote(receiver)},
  queue: ${store(queue, servers.queue)},
  ledger: ${store(ledger, servers.ledger)},
${measured.join('')}  listen: { host: ${quote(host)}, port: ${port} },
})
`
}

function routeText(provider: string): string {
  const path = provider
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.[cm]?[jt]s$/, '')
  return `    '/webhooks/${path}': { provider: ${quote(provider)}, secrets: { env: '${secretName(provider)}' } },`
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** The handlers. Where the ledger is a database, they say how to write to a table of one's own there. */
export function handlersText({ ledger }: Pick<InitPlan, 'ledger'>): string {
  const own = `
  // In a table of your own, committed with the event's mark or not at all (make this function async):
  // await tx.client.query('INSERT INTO webhooks (id, body) VALUES ($1, $2)', [event.id, event.body])`
  return `import type { Tx, WebhookEvent } from 'floodmark'

/** The work for each event. It may run again after a crash: what tx writes is kept once, however often that is. */
export default function handle(event: WebhookEvent, tx: Tx): void {
  tx.append(\`events/\${event.source}\`, event.body)${ledger === 'postgres' ? own : ''}
}
`
}
